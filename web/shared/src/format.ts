// Integers to screen text. Times are shown in the stations' own zone, whatever the machine's is.
const ZONE = "Asia/Shanghai";
const NUMBER = new Intl.NumberFormat("zh-CN");
const CLOCK = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });

export function kg(value: number): string {
  return `${NUMBER.format(value)} kg`;
}

export function integer(value: number): string {
  return NUMBER.format(value);
}

/** 43000 → "43 t", 43260 → "43.26 t". */
export function tonnes(value: number): string {
  return `${trimmed(value, 3)} t`;
}

/** Tonnes without the unit and with one decimal, for tables. */
export function tonnesCell(value: number): string {
  return `${integer(Math.floor(value / 1000))}.${Math.floor((value % 1000) / 100)}`;
}

/** 12345 fen → "123.45", 20000 → "200". */
export function yuan(fen: number): string {
  const whole = integer(Math.floor(fen / 100));
  return fen % 100 === 0 ? whole : `${whole}.${String(fen % 100).padStart(2, "0")}`;
}

/** Written yuan to fen, exactly; null when it is no amount with at most two decimals. */
export function fenOf(text: string): number | null {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!match) return null;
  return Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}

/** A written integer; null when it is none or is negative. */
export function countOf(text: string): number | null {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : null;
}

/** 325 → "32.5%". */
export function percent(permille: number): string {
  return `${Math.floor(permille / 10)}.${permille % 10}%`;
}

export function clock(at: string | Date): string {
  return CLOCK.format(new Date(at));
}

/** Local day as YYYY-MM-DD. */
export function day(at: string | Date): string {
  return DAY.format(new Date(at));
}

/** Time only on the same local day as *now*, else day and time. */
export function moment(at: string, now: Date): string {
  return day(at) === day(now) ? clock(at) : `${day(at).slice(5)} ${clock(at).slice(0, 5)}`;
}

/** Whole days from *from* to *to*, both YYYY-MM-DD. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

/** "蒙L12345" → "蒙L·12345", as on the plate. */
export function platePretty(text: string): string {
  return text.length > 2 ? `${text.slice(0, 2)}·${text.slice(2)}` : text;
}

function trimmed(value: number, digits: number): string {
  const unit = 10 ** digits;
  const rest = String(value % unit).padStart(digits, "0").replace(/0+$/, "");
  const whole = integer(Math.floor(value / unit));
  return rest ? `${whole}.${rest}` : whole;
}
