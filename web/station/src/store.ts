// What the console knows, and how it learns it. Nothing here is kept when the link is lost but what
// is already durable at the station; the present weight least of all.
import { computed, reactive } from "vue";
import { ApiError, print, request, show } from "@shared/client";
import { LiveSocket, type LinkState } from "@shared/live";
import type {
  ActIn,
  AlarmOut,
  CaseOut,
  ChecklistOut,
  ClocksOut,
  DocumentOut,
  DocumentsOut,
  DrawingOut,
  DriverAnswerIn,
  DriverRequestOut,
  KnownOut,
  LaneOut,
  LiveOut,
  MismatchIn,
  MomentOut,
  OfficerOut,
  PassageOut,
  ReviewIn,
  Saved,
  StationOut,
} from "@shared/types";

/** As many as an officer scrolls through; older ones are at headquarters. */
const KEPT_PASSAGES = 200;
const KEPT_ALARMS = 100;
/** Legal clocks are of hours and days. */
const CLOCKS_EVERY_MS = 60_000;

interface State {
  /** undefined: not asked yet; null: nobody is signed in. */
  officer: OfficerOut | null | undefined;
  station: StationOut | null;
  link: LinkState;
  lane: LaneOut | null;
  passages: PassageOut[];
  openCases: CaseOut[];
  closedCases: CaseOut[];
  alarms: AlarmOut[];
  /** What is due and overdue in all cases; null: not known now. */
  clocks: ClocksOut | null;
  drawings: DrawingOut[];
  officers: OfficerOut[];
  passageId: string | null;
  /** The selection stays on the newest passage until the officer moves it. */
  following: boolean;
  caseNo: string | null;
  loadError: ApiError | null;
}

export const state = reactive<State>({
  officer: undefined,
  station: null,
  link: "connecting",
  lane: null,
  passages: [],
  openCases: [],
  closedCases: [],
  alarms: [],
  clocks: null,
  drawings: [],
  officers: [],
  passageId: null,
  following: true,
  caseNo: null,
  loadError: null,
});

export const passage = computed(
  () => state.passages.find((item) => item.passage_id === state.passageId) ?? null,
);
export const openCase = computed(
  () =>
    state.openCases.find((item) => item.case_no === state.caseNo) ??
    state.closedCases.find((item) => item.case_no === state.caseNo) ??
    null,
);
export const reviews = computed(() =>
  state.passages.filter((item) => item.outcome === "needs_review"),
);

const live = new LiveSocket<LiveOut>({
  path: "/api/live",
  read: (text) => ({ news: [JSON.parse(text) as LiveOut] }),
  heartbeat: "lane",
  // With the probe's own limit the weight is gone within 3 s of the last sign of life.
  silenceMs: 1500,
  probeMs: 1000,
  deadMs: 10_000,
  probe: async (signal) => {
    state.lane = await request<LaneOut>("GET", "/api/lane", { signal });
  },
  onFrame: take,
  onOpen: () => void load(),
  onState: (link) => {
    state.link = link;
    if (link !== "open") state.lane = null;
  },
  onSignedOut: signedOut,
});

/** Ask who is signed in, and begin. */
export async function begin(): Promise<void> {
  void loadStation();
  try {
    await signedIn(await request<OfficerOut>("GET", "/api/session"));
  } catch {
    state.officer = null;
  }
}

export async function loadStation(): Promise<void> {
  try {
    state.station = await request<StationOut>("GET", "/api/station");
  } catch {
    state.station = null;
  }
}

export async function signedIn(officer: OfficerOut): Promise<void> {
  state.officer = officer;
  if (state.station === null) await loadStation();
  if (mayWatch(officer)) live.start();
}

/** Others see nothing of passages and cases: the administrations and the technician. */
export function mayWatch(officer: OfficerOut): boolean {
  return ["road", "police", "hq"].includes(officer.role);
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
    lane: null,
    passages: [],
    openCases: [],
    closedCases: [],
    alarms: [],
    clocks: null,
    officers: [],
    passageId: null,
    following: true,
    caseNo: null,
    loadError: null,
  } satisfies Partial<State>);
}

async function load(): Promise<void> {
  try {
    const [passages, cases, alarms, drawings, station] = await Promise.all([
      request<PassageOut[]>("GET", `/api/passages?limit=${KEPT_PASSAGES}`),
      request<CaseOut[]>("GET", "/api/cases?open=true"),
      request<AlarmOut[]>("GET", `/api/alarms?limit=${KEPT_ALARMS}`),
      request<DrawingOut[]>("GET", "/api/drawings"),
      request<StationOut>("GET", "/api/station"),
      loadOfficers(),
      loadClocks(),
    ]);
    state.passages = passages.sort(byNewest);
    state.openCases = cases;
    state.alarms = alarms;
    state.drawings = drawings;
    state.station = station;
    state.loadError = null;
    follow();
  } catch (error) {
    failed(error);
  }
}

/** Ask anew what is due: now and then, and whenever the list is opened. */
export async function loadClocks(): Promise<void> {
  try {
    state.clocks = await request<ClocksOut>("GET", "/api/clocks");
  } catch (error) {
    state.clocks = null; // an old list must not be read as a present one
    failed(error);
  }
}

/** The clocks of one case. Throws ApiError. */
export async function clocksOf(caseNo: string): Promise<ClocksOut> {
  return request<ClocksOut>("GET", `/api/cases/${encodeURIComponent(caseNo)}/clocks`);
}

setInterval(() => {
  if (state.officer && state.link === "open") void loadClocks();
}, CLOCKS_EVERY_MS);

export async function loadOfficers(): Promise<void> {
  state.officers = await request<OfficerOut[]>("GET", "/api/officers");
}

export async function loadClosedCases(): Promise<void> {
  try {
    state.closedCases = await request<CaseOut[]>("GET", "/api/cases?open=false");
  } catch (error) {
    failed(error);
  }
}

function failed(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
  if (error.signedOut) signedOut();
  else state.loadError = error;
}

/** What is being fetched, and whether its news came meanwhile: an older answer must not undo them. */
const fetching = new Map<string, boolean>();

async function fetched<T>(path: string, takeItem: (item: T) => void): Promise<void> {
  fetching.set(path, false);
  try {
    const item = await watched(request<T>("GET", path));
    if (!fetching.get(path)) takeItem(item);
  } finally {
    fetching.delete(path);
  }
}

function told(path: string): void {
  if (fetching.has(path)) fetching.set(path, true);
}

const casePath = (caseNo: string) => `/api/cases/${encodeURIComponent(caseNo)}`;
const passagePath = (id: string) => `/api/passages/${encodeURIComponent(id)}`;

function take(frame: LiveOut): void {
  // The union of the data is told apart by the kind beside it.
  if (frame.kind === "lane") state.lane = frame.data as LaneOut;
  else if (frame.kind === "passage") {
    const item = frame.data as PassageOut;
    told(passagePath(item.passage_id));
    takePassage(item);
  } else if (frame.kind === "case") {
    const item = frame.data as CaseOut;
    told(casePath(item.case_no));
    takeCase(item);
  } else state.alarms = [frame.data as AlarmOut, ...state.alarms].slice(0, KEPT_ALARMS);
}

export function takePassage(item: PassageOut): void {
  const before = state.passages.find((other) => other.passage_id === item.passage_id);
  const others = state.passages.filter((other) => other !== before);
  state.passages = [item, ...others].sort(byNewest).slice(0, KEPT_PASSAGES);
  // A review may have opened the case of the passage in view: it is what comes next.
  if (item.passage_id === state.passageId && caseOf(item) !== (before && caseOf(before))) {
    state.caseNo = caseOf(item);
  }
  follow();
}

export function takeCase(item: CaseOut): void {
  state.openCases = replaced(state.openCases, item, !item.closed);
  // The closed list is loaded when it is looked at; a case just closed stays in view.
  if (item.closed) state.closedCases = replaced(state.closedCases, item, true);
}

function replaced(cases: CaseOut[], item: CaseOut, kept: boolean): CaseOut[] {
  const index = cases.findIndex((other) => other.case_no === item.case_no);
  if (index < 0) return kept ? [item, ...cases] : cases;
  return cases.toSpliced(index, 1, ...(kept ? [item] : []));
}

function byNewest(left: PassageOut, right: PassageOut): number {
  return Date.parse(right.at) - Date.parse(left.at);
}

function follow(): void {
  const newest = state.passages[0];
  if (newest && (state.following || passage.value === null)) select(newest);
}

/** Show a passage, and its case with it. */
export function select(item: PassageOut): void {
  state.passageId = item.passage_id;
  state.following = state.passages[0]?.passage_id === item.passage_id;
  state.caseNo = caseOf(item) ?? state.caseNo;
}

function caseOf(item: PassageOut): string | null {
  return item.case_no ?? item.recheck_of;
}

/** Show a case, and its first weighing when the page has it. */
export function selectCase(item: CaseOut): void {
  state.caseNo = item.case_no;
  if (state.passages.some((other) => other.passage_id === item.passage_id)) {
    state.passageId = item.passage_id;
    state.following = false;
  }
}

/** Fetch what is not in the list: a re-check of yesterday. Throws ApiError. */
export async function passageOf(id: string): Promise<PassageOut> {
  const known = state.passages.find((item) => item.passage_id === id);
  return known ?? (await request<PassageOut>("GET", `/api/passages/${encodeURIComponent(id)}`));
}

/** What the centre knows of a passage's truck. Throws ApiError. */
export async function knownOf(id: string): Promise<KnownOut> {
  return request<KnownOut>("GET", `/api/passages/${encodeURIComponent(id)}/known`);
}

export async function review(id: string, named: ReviewIn): Promise<Saved> {
  const path = passagePath(id);
  const saved = await watched(request<Saved>("POST", `${path}/review`, { body: named }));
  await fetched(path, takePassage);
  return saved;
}

export async function noteMismatch(id: string, seen: MismatchIn): Promise<Saved> {
  const path = passagePath(id);
  const saved = await watched(request<Saved>("POST", `${path}/mismatches`, { body: seen }));
  await fetched(path, takePassage);
  return saved;
}

export async function act(caseNo: string, asked: ActIn): Promise<Saved> {
  const path = casePath(caseNo);
  const saved = await watched(request<Saved>("POST", `${path}/acts`, { body: asked }));
  await fetched(path, takeCase);
  return saved;
}

/** Documents of a case and what its file must hold. Throws ApiError. */
export async function fileOf(caseNo: string): Promise<[DocumentsOut, ChecklistOut]> {
  const path = `/api/cases/${encodeURIComponent(caseNo)}`;
  return watched(
    Promise.all([
      request<DocumentsOut>("GET", `${path}/documents`),
      request<ChecklistOut>("GET", `${path}/closing`),
    ]),
  );
}

/** The whole process of a case, and what its file lacks. Throws ApiError. */
export async function processOf(caseNo: string): Promise<[MomentOut[], ChecklistOut]> {
  const path = casePath(caseNo);
  return watched(
    Promise.all([
      request<MomentOut[]>("GET", `${path}/timeline`),
      request<ChecklistOut>("GET", `${path}/closing`),
    ]),
  );
}

export async function issue(caseNo: string, kind: string): Promise<DocumentOut> {
  const path = `/api/cases/${encodeURIComponent(caseNo)}/documents`;
  return watched(request<DocumentOut>("POST", path, { body: { kind } }));
}

/** Print with names, or show what is kept, without. Throws ApiError. */
export async function paper(number: string, onPaper: boolean): Promise<void> {
  const path = `/api/documents/${encodeURIComponent(number)}`;
  return watched(onPaper ? print("POST", `${path}/prints`) : show("GET", `${path}.pdf`));
}

export async function sign(number: string, manner: string, note: string, second: string): Promise<Saved> {
  const path = `/api/documents/${encodeURIComponent(number)}/signature`;
  return watched(request<Saved>("POST", path, { body: { manner, note, second_officer: second } }));
}

/** Account for a recording that is not there. Throws ApiError. */
export async function excuse(caseNo: string, seq: number, reason: string, second: string): Promise<Saved> {
  const path = `/api/cases/${encodeURIComponent(caseNo)}/excuses`;
  return watched(request<Saved>("POST", path, { body: { act_seq: seq, reason, second_officer: second } }));
}

export async function requestsOf(caseNo: string): Promise<DriverRequestOut[]> {
  return request<DriverRequestOut[]>("GET", `/api/cases/${encodeURIComponent(caseNo)}/requests`);
}

export async function answerRequest(caseNo: string, seq: number, said: DriverAnswerIn): Promise<Saved> {
  const path = `/api/cases/${encodeURIComponent(caseNo)}/requests/${seq}/answer`;
  return watched(request<Saved>("POST", path, { body: said }));
}

export async function watched<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ApiError && error.signedOut) signedOut();
    throw error;
  }
}
