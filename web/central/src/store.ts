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
  HqPassageOut,
  HqStationOut,
  OfficerOut,
} from "@shared/types";

const KEPT_PASSAGES = 200;
const KEPT_ALARMS = 50;
/** Counts are sums over the day's tables: not asked for more often than this. */
const COUNTS_MS = 2000;

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

const live = new LiveSocket<HqLiveOut>({
  path: "/api/live",
  heartbeat: "station",
  silenceMs: 15_000,
  probeMs: 5_000,
  deadMs: 60_000,
  probe: async (signal) => {
    state.stations = byName(await request<HqStationOut[]>("GET", "/api/stations", { signal }));
  },
  onFrame: take,
  onOpen: () => void load(),
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

/** 交通运输主管部门 takes the lists and sees nothing of the stations. */
export function mayWatch(officer: OfficerOut): boolean {
  return officer.role !== "transport";
}

export async function signOut(): Promise<void> {
  try {
    await request<unknown>("DELETE", "/api/session");
  } finally {
    signedOut();
  }
}

function signedOut(): void {
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
  await Promise.all([
    guarded(async () => {
      state.stations = byName(await request<HqStationOut[]>("GET", "/api/stations"));
    }),
    loadPassages(),
    guarded(async () => {
      state.cases = await request<HqCaseOut[]>("GET", "/api/cases?open=true");
    }),
    guarded(async () => {
      state.alarms = await request<HqAlarmOut[]>("GET", `/api/alarms?limit=${KEPT_ALARMS}`);
    }),
    loadCounts(),
  ]);
}

export async function loadPassages(): Promise<void> {
  await guarded(async () => {
    const node = state.filter ? `&node=${encodeURIComponent(state.filter)}` : "";
    const asked = state.filter;
    const found = await request<HqPassageOut[]>("GET", `/api/passages?limit=${KEPT_PASSAGES}${node}`);
    if (asked === state.filter) state.passages = found.sort(byNewest);
  });
}

async function loadCounts(): Promise<void> {
  await guarded(async () => {
    state.counts = await request<HqCountsOut[]>("GET", `/api/counts?on=${day(new Date())}`);
    state.countsAt = new Date();
  });
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

async function guarded(ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
    state.error = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.signedOut) signedOut();
    else state.error = error;
  }
}

function take(frame: HqLiveOut): void {
  // The union of the data is told apart by the kind beside it.
  if (frame.kind === "station") takeStation(frame.data as HqStationOut);
  else {
    if (frame.kind === "passage") takePassage(frame.data as HqPassageOut);
    else if (frame.kind === "case") takeCase(frame.data as HqCaseOut);
    else state.alarms = [frame.data as HqAlarmOut, ...state.alarms].slice(0, KEPT_ALARMS);
    countsSoon();
  }
}

function takeStation(item: HqStationOut): void {
  state.stations = byName([...state.stations.filter((other) => other.node !== item.node), item]);
}

function takePassage(item: HqPassageOut): void {
  if (state.filter && item.node !== state.filter) return;
  const others = state.passages.filter((other) => other.passage_id !== item.passage_id);
  state.passages = [item, ...others].sort(byNewest).slice(0, KEPT_PASSAGES);
}

function takeCase(item: HqCaseOut): void {
  const others = state.cases.filter((other) => other.case_no !== item.case_no);
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
