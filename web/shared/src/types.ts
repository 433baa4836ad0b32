// Names for the generated shapes.
import type { components as Central } from "./api/central";
import type { components as Station } from "./api/station";

type S = Station["schemas"];
type C = Central["schemas"];

export type ErrorOut = S["ErrorOut"];
export type OfficerOut = S["OfficerOut"];
export type DeviceOut = S["DeviceOut"];
export type StationOut = S["StationOut"];
export type LaneOut = S["LaneOut"];
export type PlateOut = S["PlateOut"];
export type PictureOut = S["PictureOut"];
export type PassageOut = S["PassageOut"];
export type KnownOut = S["KnownOut"];
export type ReviewIn = S["ReviewIn"];
export type PaperPermitIn = S["PaperPermitIn"];
export type MismatchIn = S["MismatchIn"];
export type DrawingOut = S["DrawingOut"];
export type ActIn = S["ActIn"];
export type NextActOut = S["NextActOut"];
export type CaseOut = S["CaseOut"];
export type DocumentsOut = S["DocumentsOut"];
export type DocumentOut = S["DocumentOut"];
export type ChecklistOut = S["ChecklistOut"];
export type ChecklistItemOut = S["ChecklistItemOut"];
export type EvasionIn = S["EvasionIn"];
export type EvasionOut = S["EvasionOut"];
export type EvasionNextOut = S["EvasionNextOut"];
export type ClipOut = S["ClipOut"];
export type MomentOut = S["MomentOut"];
export type ClockOut = S["ClockOut"];
export type DriverRequestOut = S["DriverRequestOut"];
export type DriverAnswerIn = S["DriverAnswerIn"];
export type ClocksOut = S["ClocksOut"];
export type AlarmOut = S["AlarmOut"];
export type DevicesOut = S["DevicesOut"];
/** The same at a station and at headquarters. */
export type AccountOut = S["AccountOut"];
export type RefusedOut = S["RefusedOut"];
export type Saved = S["Saved"];
export type LiveOut = S["LiveOut"];

export type HqStationOut = C["StationOut"];
export type HqProposalOut = C["ProposalOut"];
export type HqPassageOut = C["PassageOut"];
export type HqCaseOut = C["CaseOut"];
export type HqAlarmOut = C["AlarmOut"];
export type HqDueOut = C["DueOut"];
export type HqDueClockOut = C["DueClockOut"];
export type HqEvasionOut = C["EvasionOut"];
export type HqMismatchOut = C["MismatchOut"];
export type HqCountsOut = C["CountsOut"];
export type HqLiveOut = C["LiveOut"];
export type HqNewsOut = C["NewsOut"];

export type Outcome = PassageOut["outcome"];
