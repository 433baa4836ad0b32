// Reads the parts of records that the page draws. A record is a tree the rules core defines; what
// is not as expected is shown as unknown, never guessed.

export interface AxleRecord {
  unit: "motor" | "trailer";
  group: number;
  driven: boolean;
  tyres: "single" | "dual" | "wide" | "unknown";
  weightKg: number | null;
  toNextMm: number | null;
}

export interface VehicleRecord {
  kind: string;
  axles: AxleRecord[];
  airSuspension: boolean | null;
}

export interface ReasonRecord {
  title: string;
  source: string;
  effect: string;
  kg: number | null;
}

export interface FindingRecord {
  limitKg: number | null;
  excessKg: number | null;
  permille: number | null;
  configuration: string | null;
  reasons: ReasonRecord[];
}

type Tree = Record<string, unknown>;

/** The vehicle of a record, null when there is none or when it has no axles. */
export function vehicleOf(tree: Tree | null | undefined): VehicleRecord | null {
  if (!tree) return null;
  const axles = list(tree["axles"]).map(axleOf);
  if (axles.length === 0) return null;
  const air = tree["air_suspension"];
  return {
    kind: text(tree["kind"]),
    axles,
    airSuspension: typeof air === "boolean" ? air : null,
  };
}

/** The finding of a record. */
export function findingOf(tree: Tree): FindingRecord {
  return {
    limitKg: whole(tree["limit_kg"]),
    excessKg: whole(tree["excess_kg"]),
    permille: whole(tree["over_limit_permille"]),
    configuration: text(tree["configuration"]) || null,
    reasons: list(tree["reasons"]).map((reason) => ({
      title: text(reason["title"]),
      source: text(reason["source"]),
      effect: text(reason["effect"]),
      kg: whole(reason["kg"]),
    })),
  };
}

function axleOf(tree: Tree): AxleRecord {
  const tyres = text(tree["tyres"]);
  return {
    unit: tree["unit"] === "trailer" ? "trailer" : "motor",
    group: whole(tree["group"]) ?? 0,
    driven: tree["driven"] === true,
    tyres: tyres === "single" || tyres === "dual" || tyres === "wide" ? tyres : "unknown",
    weightKg: whole(tree["weight_kg"]),
    toNextMm: whole(tree["to_next_mm"]),
  };
}

function list(value: unknown): Tree[] {
  return Array.isArray(value) ? value.filter((item): item is Tree => item !== null && typeof item === "object") : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function whole(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) ? value : null;
}
