"""Holds the system against the truth: the report, and whether the run was clean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.demo.findings import Findings, SealedPassage
from simulators.demo.ledgers import Held
from simulators.traffic.limits import Limits, Verdict
from simulators.traffic.world import Journey, Place, Visit
from station.domain.plates import Plate

UNWEIGHED_SLACK_S = 15.0
"""A camera may have seen a truck so long before its first axle was on the platform."""
MORE_THAN = 3
"""条例第六十六条: listed is a vehicle with more than three decided cases."""


@dataclass(slots=True)
class Report:
    """The report's fields, whose names programs may rely on; then what went wrong."""

    trucks: int = 0
    weighed: int = 0
    unweighed: int = 0
    verdicts_wrong: int = 0
    plates_exact: int = 0
    plates_wrong: int = 0
    plates_abstained: int = 0
    cases_opened: int = 0
    cases_closed: int = 0
    cases_closed_by_mode: dict[str, int] = field(default_factory=dict)
    cases_complete: int = 0
    recordings: int = 0
    recordings_excused: int = 0
    driver_requests_answered: int = 0
    entries_at_stations: int = 0
    entries_at_central: int = 0
    lost: int = 0
    duplicated: int = 0
    list_rows: int = 0
    seconds: int = 0
    seed: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Tell whether nothing was lost, recorded twice, decided wrongly or left without record."""
        return not (self.verdicts_wrong or self.lost or self.duplicated or self.errors)

    def as_tree(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StationTruth:
    """What really happened at one station, and what its ledger says.

    Attributes:
        begun_at: wall time (UTC) of the world's second 0.
        receipts: everything that the station's interface acknowledged (``node-seq-digest``).
    """

    node: str
    journeys: Sequence[Journey]
    begun_at: datetime
    receipts: frozenset[str]
    held: Sequence[Held]
    at_central: Sequence[Held]
    found: Findings

    def moment(self, at: datetime) -> float:
        """Return the world's second of a wall time."""
        return (at.astimezone(UTC) - self.begun_at).total_seconds()


class Audit:
    """Adds stations up to one report."""

    def __init__(self, limits: Limits, report: Report) -> None:
        self._limits = limits
        self.report = report
        self._decided: Counter[str] = Counter()

    def add(self, truth: StationTruth) -> None:
        """Hold one station against its truth."""
        self._entries(truth)
        of_visit = self._matched(truth)
        for journey in truth.journeys:
            self._journey(truth, journey, of_visit)
        cases = truth.found.cases.values()
        self.report.cases_opened += len(cases)
        self.report.cases_closed += sum(case.closed for case in cases)
        self.report.recordings += len(truth.found.clips)
        self.report.recordings_excused += len(truth.found.excuses)
        self.report.driver_requests_answered += len(truth.found.answers)
        closed = self.report.cases_closed_by_mode
        for case in cases:
            closed[case.mode] = closed.get(case.mode, 0) + case.closed
            if not case.closed:
                self.report.errors.append(f"{truth.node}: case {case.case_no} was not closed")

    def hold_file(self, case_no: str, lacking: Sequence[str]) -> None:
        """Hold the file of a case against the checklist: closed or not, it must lack nothing."""
        self.report.cases_complete += not lacking
        if lacking:
            self.report.errors.append(f"file: {case_no} lacks {', '.join(lacking)}")

    def expected_list(self) -> dict[str, int]:
        """Return the plates that must be on the list, with the number of decided cases."""
        return {plate: count for plate, count in self._decided.items() if count > MORE_THAN}

    def hold_list(self, rows: Sequence[tuple[str, int]]) -> None:
        """Hold the centre's list, plate and number of decisions, against the truth."""
        self.report.list_rows = len(rows)
        expected = self.expected_list()
        listed = dict(rows)
        if len(listed) != len(rows):
            self.report.errors.append("list: a plate stands there twice")
        for plate in sorted(listed.keys() | expected.keys()):
            if listed.get(plate) != expected.get(plate):
                is_, must = listed.get(plate, 0), expected.get(plate, 0)
                self.report.errors.append(f"list: {plate} has {is_} decisions, must have {must}")

    def _entries(self, truth: StationTruth) -> None:
        report = self.report
        there = {one.seq: one for one in truth.at_central}
        here = {one.seq: one for one in truth.held}
        report.entries_at_stations += len(truth.held)
        report.entries_at_central += len(truth.at_central)
        lost = [seq for seq, one in here.items() if there.get(seq) != one]
        digests = {f"{truth.node}-{one.seq}-{one.digest[:10]}" for one in truth.held}
        forgotten = truth.receipts - digests
        strange = [seq for seq in there if seq not in here]
        broken = [one.seq for one in truth.held if not one.sound]
        report.lost += len(lost) + len(forgotten)
        report.duplicated += len(strange) + len(truth.at_central) - len(there)
        for what, which in (
            ("not at the centre, or other bytes", lost),
            ("acknowledged, but not in the ledger", sorted(forgotten)),
            ("at the centre alone", strange),
            ("digest does not fit the bytes", broken),
        ):
            if which:
                report.errors.append(f"{truth.node}: entries {what}: {which[:10]}")

    def _matched(self, truth: StationTruth) -> dict[int, SealedPassage]:
        """Return the passage of each visit, by the visit's ``id``; count what is there twice."""
        of_visit: dict[int, SealedPassage] = {}
        visits = [visit for journey in truth.journeys for visit in journey.visits]
        for passage in truth.found.passages.values():
            at = truth.moment(passage.settled_at)
            visit = next((one for one in visits if _stood(one, at)), None)
            if visit is None or id(visit) in of_visit:
                self.report.duplicated += 1
                why = "of nobody" if visit is None else "of a truck that has one"
                self.report.errors.append(f"{truth.node}: passage {passage.passage_id} {why}")
            else:
                of_visit[id(visit)] = passage
        return of_visit

    def _journey(
        self, truth: StationTruth, journey: Journey, of_visit: Mapping[int, SealedPassage]
    ) -> None:
        report, trip = self.report, journey.trip
        report.trucks += 1
        if journey.place is not Place.GONE:
            report.errors.append(f"{trip.trip_id} has not left: {journey.place.value}")
        for visit in journey.visits:
            passage = of_visit.get(id(visit))
            if passage is not None:
                self._passage(truth, journey, visit, passage)
        first = of_visit.get(id(journey.visits[0])) if journey.visits else None
        if first is not None:
            report.weighed += 1
            self._case(truth, journey, first)
        elif journey.visits and self._seen_unweighed(truth, journey.visits[0]):
            report.unweighed += 1
        else:
            report.errors.append(f"{trip.trip_id} {trip.truck.plate.number} left no record")

    def _passage(
        self, truth: StationTruth, journey: Journey, visit: Visit, passage: SealedPassage
    ) -> None:
        truck = journey.trip.truck
        self._plate(truck.plate, passage.camera.text, passage.camera.origin)
        if truck.trailer_plate and passage.trailer_camera:
            trailer = passage.trailer_camera
            self._plate(truck.trailer_plate, trailer.text, trailer.origin)
        expected = self._limits.verdict(gross_kg=visit.gross_kg, limit_kg=truck.limit_kg)
        wrong = [
            f"{name} {is_} instead of {must}"
            for name, is_, must in (
                ("weight", passage.gross_kg, visit.gross_kg),
                ("verdict", passage.outcome, expected.value),
                ("plate", passage.plate, truck.plate.number),
                ("limit", passage.limit_kg, truck.limit_kg),
            )
            if is_ != must
        ]
        if wrong:
            self.report.verdicts_wrong += 1
            what = f"{journey.trip.trip_id}/{visit.number} {truck.drawing} {truck.plate.number}"
            self.report.errors.append(f"{truth.node}: {what}: {', '.join(wrong)}")

    def _plate(self, plate: Plate, text: str | None, origin: str) -> None:
        if text is None or origin != "camera":
            self.report.plates_abstained += 1
        elif text == plate.number:
            self.report.plates_exact += 1
        else:
            self.report.plates_wrong += 1

    def _case(self, truth: StationTruth, journey: Journey, first: SealedPassage) -> None:
        """Check that a case came of whoever is over, and of nobody else."""
        over = journey.trip.expected is Verdict.VIOLATION
        cases = [one for one in truth.found.cases.values() if one.passage_id == first.passage_id]
        if len(cases) != over:
            self.report.verdicts_wrong += 1
            self.report.errors.append(f"{journey.trip.trip_id} has {len(cases)} cases")
        if any(case.decided for case in cases):
            self._decided[journey.trip.truck.plate.number] += 1

    def _seen_unweighed(self, truth: StationTruth, visit: Visit) -> bool:
        gone = float("inf") if visit.gone_at is None else visit.gone_at
        return any(
            visit.came_at - UNWEIGHED_SLACK_S
            <= truth.moment(datetime.fromisoformat(one.began_at))
            <= gone
            for one in truth.found.unweighed
        )


def _stood(visit: Visit, at: float) -> bool:
    return visit.came_at <= at and (visit.gone_at is None or at <= visit.gone_at)
