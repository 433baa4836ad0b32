// What headquarters sees. Station states come live; counts are asked for again when something happened.
import { reactive, watch } from "vue";
import { now } from "@shared/clock";
import { ApiError, request } from "@shared/client";
import { day } from "@shared/format";
import { LiveSocket, type LinkState } from "@shared/live";
import type {
  HqAlarmOut,
  HqCaseOut,
  HqCountsOut,
  HqLiveOut,
  HqNewsOut,
  HqPassageOut,
  HqStationOut,
  OfficerOut,
} from "@shared/types";

const KEPT_PASSAGES = 200;
const KEPT_ALARMS = 50;
/** Counts are sums over the day's tables: not asked for more often than this. */
const COUNTS_MS = 2000;
/** While a station delivers the records of days, the lists are loaded anew no more often. */
const RELOAD_MS = 2000;

interface State {
  officer: OfficerOut | null | undefined;
  link: LinkState;
  stations: HqStationOut[];
  passages: HqPassageOut[];
  cases: HqCaseOut[];
  alarms: HqAlarmOut[];
  counts: HqCountsOut[];
  countsAt: Date | null;
  /** "": all stations. */
  filter: string;
  error: ApiError | null;
}

export const state = reactive<State>({
  officer: undefined,
  link: "connecting",
  stations: [],
  passages: [],
  cases: [],
  alarms: [],
  counts: [],
  countsAt: null,
  filter: "",
  error: null,
});

const live = new LiveSocket<HqNewsOut>({
  path: "/api/live",
  read: (text) => {
    const { type, token, news } = JSON.parse(text) as HqLiveOut;
    return { news: news ?? [], token, reload: type === "reload" };
  },
  heartbeat: "station",
  silenceMs: 15_000,
  probeMs: 5_000,
  deadMs: 60_000,
  probe: async (signal) => {
    state.stations = byName(await request<HqStationOut[]>("GET", "/api/stations", { signal }));
  },
  onFrame: take,
  onOpen: (resumed) => void (resumed ? loadCounts() : load()),
  onReload: loadSoon,
  onState: (link) => {
    state.link = link;
    // A state that nobody confirms any more is not shown as one.
    if (link !== "open") state.stations = state.stations.map((item) => ({ ...item, lane: null }));
  },
  onSignedOut: signedOut,
});

export async function begin(): Promise<void> {
  try {
    signedIn(await request<OfficerOut>("GET", "/api/session"));
  } catch {
    state.officer = null;
  }
}

export function signedIn(officer: OfficerOut): void {
  state.officer = officer;
  if (mayWatch(officer)) live.start();
}

/** 交通运输主管部门 takes the lists; the administrations see nothing of cases. */
export function mayWatch(officer: OfficerOut): boolean {
  return ["road", "police", "hq"].includes(officer.role);
}

/** 治超办 may let a station in quarantine deliver again; two of them together. */
export function mayRelease(officer: OfficerOut | null | undefined): boolean {
  return officer?.role === "hq";
}

/** Propose to release a station, or confirm another's proposal; tells whether it is released. */
export async function release(node: string, reason: string): Promise<boolean> {
  const path = `/api/stations/${encodeURIComponent(node)}/release`;
  const { released } = await request<{ released: boolean }>("POST", path, { body: { reason } });
  state.stations = byName(await request<HqStationOut[]>("GET", "/api/stations"));
  return released;
}

export async function signOut(): Promise<void> {
  try {
    await request<unknown>("DELETE", "/api/session");
  } finally {
    signedOut();
  }
}

export function signedOut(): void {
  live.stop();
  Object.assign(state, {
    officer: null,
    link: "connecting",
    stations: [],
    passages: [],
    cases: [],
    alarms: [],
    counts: [],
    countsAt: null,
    filter: "",
    error: null,
  } satisfies Partial<State>);
}

async function load(): Promise<void> {
  const loaded = await Promise.all([
    guarded(async () => {
      state.stations = byName(await request<HqStationOut[]>("GET", "/api/stations"));
    }),
    loadPassages(),
    fresh(
      () => request<HqCaseOut[]>("GET", "/api/cases?open=true"),
      (found) => (state.cases = found),
    ),
    fresh(
      () => request<HqAlarmOut[]>("GET", `/api/alarms?limit=${KEPT_ALARMS}`),
      (found) => (state.alarms = found),
    ),
    loadCounts(),
  ]);
  if (loaded.includes(false)) live.forget();
}

let reloadTimer: ReturnType<typeof setTimeout> | undefined;

function loadSoon(): void {
  reloadTimer ??= setTimeout(() => {
    reloadTimer = undefined;
    if (state.officer) void load();
  }, RELOAD_MS);
}

export async function loadPassages(): Promise<boolean> {
  const asked = state.filter;
  const node = asked ? `&node=${encodeURIComponent(asked)}` : "";
  return fresh(
    () => request<HqPassageOut[]>("GET", `/api/passages?limit=${KEPT_PASSAGES}${node}`),
    (found) => {
      if (asked === state.filter) state.passages = found.sort(byNewest);
    },
  );
}

async function loadCounts(): Promise<boolean> {
  return guarded(async () => {
    state.counts = await request<HqCountsOut[]>("GET", `/api/counts?on=${day(new Date())}`);
    state.countsAt = new Date();
  });
}

/** News that came while lists were being asked for: an answer may be older, so they are told again. */
let asking = 0;
let meanwhile: HqNewsOut[] = [];

async function fresh<T>(ask: () => Promise<T>, put: (found: T) => void): Promise<boolean> {
  asking += 1;
  try {
    return await guarded(async () => {
      put(await ask());
      meanwhile.forEach(takeRow);
    });
  } finally {
    asking -= 1;
    if (asking === 0) meanwhile = [];
  }
}

let countsTimer: ReturnType<typeof setTimeout> | undefined;

function countsSoon(): void {
  countsTimer ??= setTimeout(() => {
    countsTimer = undefined;
    if (state.officer) void loadCounts();
  }, COUNTS_MS);
}

// A new day begins with counts of its own.
watch(
  () => day(now.value),
  () => countsSoon(),
);

/** Ask, and show what went wrong; false when something did. */
export async function guarded(ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    state.error = null;
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.signedOut) signedOut();
    else state.error = error;
    return false;
  }
}

function take(news: HqNewsOut): void {
  // The union of the data is told apart by the kind beside it.
  if (news.kind === "station") takeStation(news.data as HqStationOut);
  else {
    if (asking > 0) meanwhile.push(news);
    takeRow(news);
    countsSoon();
  }
}

function takeRow(news: HqNewsOut): void {
  if (news.kind === "passage") takePassage(news.data as HqPassageOut);
  else if (news.kind === "case") takeCase(news.data as HqCaseOut);
  else if (news.kind === "alarm") takeAlarm(news.data as HqAlarmOut);
}

function takeStation(item: HqStationOut): void {
  state.stations = byName([...state.stations.filter((other) => other.node !== item.node), item]);
}

function takePassage(item: HqPassageOut): void {
  if (state.filter && item.node !== state.filter) return;
  const same = (other: HqPassageOut) => other.passage_id === item.passage_id && other.node === item.node;
  if (state.passages.some((other) => same(other) && other.touched > item.touched)) return;
  const others = state.passages.filter((other) => !same(other));
  state.passages = [item, ...others].sort(byNewest).slice(0, KEPT_PASSAGES);
}

function takeAlarm(item: HqAlarmOut): void {
  const others = state.alarms.filter((other) => other.alarm_id !== item.alarm_id);
  state.alarms = [item, ...others].sort((left, right) => right.alarm_id - left.alarm_id).slice(0, KEPT_ALARMS);
}

function takeCase(item: HqCaseOut): void {
  const same = (other: HqCaseOut) => other.case_no === item.case_no && other.node === item.node;
  if (state.cases.some((other) => same(other) && other.touched > item.touched)) return;
  const others = state.cases.filter((other) => !same(other));
  const open = item.closed ? others : [item, ...others];
  state.cases = open.sort((left, right) => Date.parse(right.opened_at) - Date.parse(left.opened_at));
}

function byNewest(left: HqPassageOut, right: HqPassageOut): number {
  return Date.parse(right.at) - Date.parse(left.at);
}

function byName(stations: HqStationOut[]): HqStationOut[] {
  return stations.sort((left, right) => (left.node < right.node ? -1 : 1));
}

export function stationName(node: string): string {
  return state.stations.find((item) => item.node === node)?.name ?? node;
}
