"""The report counts what was lost, recorded twice, decided wrongly or left without a record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from simulators.demo.findings import Findings, SealedCase, SealedPassage
from simulators.demo.ledgers import Held
from simulators.demo.report import Audit, Report, StationTruth
from simulators.traffic.fleet import FleetMaker
from simulators.traffic.limits import Verdict, load_limits
from simulators.traffic.plan import Trip
from simulators.traffic.records import load_records
from simulators.traffic.scenario import load_scenario
from simulators.traffic.trucks import Truck
from simulators.traffic.world import Journey, Place, Visit
from station.contract.entries import CaseAct, PlateEvidence, UnweighedPass
from station.domain.ledger import digest

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
NODE = "linhe"


@pytest.fixture(scope="module")
def truck() -> Truck:
    fleet = FleetMaker(load_scenario(), load_limits(), load_records()).fleet(7)
    return next(one for one in fleet if one.drawing == "6-articulated")


def held(seq: int, body: bytes = b"{}") -> Held:
    return Held(seq, "passage", digest(body), body, b"s")


def camera(text: str | None) -> PlateEvidence:
    return PlateEvidence(
        text=text,
        colour="yellow",
        origin="camera" if text else "none",
        best_guess=text or "",
        confidence_permille=900,
        crop="",
    )


@dataclass
class Run:
    """One station's run, which a test makes worse."""

    truck: Truck
    journeys: list[Journey] = field(default_factory=list)
    found: Findings = field(default_factory=Findings)
    held: list[Held] = field(default_factory=lambda: [held(1), held(2)])
    at_central: list[Held] = field(default_factory=lambda: [held(1), held(2)])
    receipts: frozenset[str] = frozenset()

    def weighed(self, gross_kg: int, *, at: float, verdict: Verdict) -> SealedPassage:
        """Let a truck be weighed at a second, correctly."""
        trip = Trip(
            trip_id=f"t{at}",
            gap_s=0.0,
            truck=self.truck,
            gross_kg=gross_kg,
            expected=verdict,
            after_unloading=(),
        )
        visits = [Visit(0, gross_kg, came_at=at - 3, gone_at=at + 3)]
        self.journeys.append(Journey(trip, Place.GONE, at + 3, visits=visits))
        passage = SealedPassage(
            passage_id=f"p{at}",
            settled_at=BEGUN + timedelta(seconds=at),
            gross_kg=gross_kg,
            plate=self.truck.plate.number,
            colour="yellow",
            outcome=verdict.value,
            limit_kg=self.truck.limit_kg,
            camera=camera(self.truck.plate.number),
            trailer_camera=None,
            recheck_of=None,
        )
        self.found.passages[passage.passage_id] = passage
        return passage

    def case(self, passage: SealedPassage, *acts: str) -> None:
        """Give a passage its case, with these acts done."""
        done = [
            CaseAct(
                case_no="n",
                act=act,
                authority="road",
                officers=["a", "b"],
                at="",
                details={},
                stage="",
                plate=self.truck.plate.number,
                violation_id="v",
            )
            for act in acts
        ]
        number = f"case {passage.passage_id}"
        self.found.cases[number] = SealedCase(
            number, passage.passage_id, self.truck.plate.number, "resident", done
        )

    def audit(self) -> Audit:
        """Hold the run against its truth."""
        audit = Audit(load_limits(), Report())
        audit.add(
            StationTruth(
                node=NODE,
                journeys=self.journeys,
                begun_at=BEGUN,
                receipts=self.receipts,
                held=self.held,
                at_central=self.at_central,
                found=self.found,
            )
        )
        return audit

    def report(self) -> Report:
        """Return its report."""
        return self.audit().report


@pytest.fixture
def run(truck: Truck) -> Run:
    run = Run(truck)
    run.weighed(49_000, at=10.0, verdict=Verdict.LAWFUL)
    return run


def test_a_clean_run_is_clean(run: Run) -> None:
    run.case(run.weighed(60_000, at=30.0, verdict=Verdict.VIOLATION), "decide", "release", "close")
    report = run.report()
    assert report.clean, report.errors
    assert (report.trucks, report.weighed, report.plates_exact) == (2, 2, 2)
    assert (report.cases_opened, report.cases_closed) == (1, 1)
    assert (report.entries_at_stations, report.entries_at_central) == (2, 2)


def test_an_entry_that_is_not_at_the_centre_is_lost(run: Run) -> None:
    run.at_central = run.at_central[:1]
    assert run.report().lost == 1


def test_other_bytes_at_the_centre_are_lost(run: Run) -> None:
    run.at_central = [held(1), held(2, b"{ }")]
    assert run.report().lost == 1


def test_an_entry_that_only_the_centre_has_is_one_too_many(run: Run) -> None:
    run.at_central = [held(1), held(2), held(3)]
    assert run.report().duplicated == 1


def test_what_was_acknowledged_and_is_not_in_the_ledger_is_lost(run: Run) -> None:
    good = f"{NODE}-1-{held(1).digest[:10]}"
    run.receipts = frozenset({good})
    assert run.report().lost == 0
    run.receipts = frozenset({good, f"{NODE}-3-0123456789"})
    assert run.report().lost == 1


def test_a_second_passage_of_one_visit_is_a_duplicate(run: Run) -> None:
    (passage,) = run.found.passages.values()
    run.found.passages["again"] = replace(passage, passage_id="again")
    assert run.report().duplicated == 1


def test_a_passage_of_nobody_is_one_too_many(run: Run) -> None:
    (passage,) = run.found.passages.values()
    later = passage.settled_at + timedelta(seconds=3.1)
    run.found.passages["ghost"] = replace(passage, passage_id="ghost", settled_at=later)
    assert run.report().duplicated == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"gross_kg": 48_980},
        {"outcome": "warning"},
        {"outcome": "needs_review"},
        {"plate": "蒙L00000"},
        {"plate": None},
        {"limit_kg": 46_000},
    ],
)
def test_a_wrong_weight_verdict_plate_or_limit_is_a_wrong_decision(
    run: Run, wrong: dict[str, object]
) -> None:
    (passage,) = run.found.passages.values()
    for name, value in wrong.items():
        setattr(passage, name, value)
    assert run.report().verdicts_wrong == 1


def test_a_lawful_truck_with_a_case_and_a_violation_without_one_are_wrong(run: Run) -> None:
    (lawful,) = run.found.passages.values()
    run.case(lawful, "decide", "release", "close")
    run.weighed(60_000, at=30.0, verdict=Verdict.VIOLATION)
    assert run.report().verdicts_wrong == 2


def test_a_truck_without_any_record_has_vanished(run: Run) -> None:
    run.found.passages.clear()
    report = run.report()
    assert (report.weighed, report.unweighed, report.clean) == (0, 0, False)


@pytest.mark.parametrize(("began", "counted"), [(-8.1, 0), (-8.0, 1), (13.0, 1), (13.1, 0)])
def test_an_unweighed_pass_belongs_to_who_was_there_or_was_coming(
    run: Run, began: float, counted: int
) -> None:
    run.found.passages.clear()
    run.found.unweighed.append(
        UnweighedPass(
            pass_id="u",
            lane="1",
            reason="not_settled",
            began_at=(BEGUN + timedelta(seconds=began)).isoformat(),
            plate=None,
            highest_kg=None,
            pictures=[],
        )
    )
    assert run.report().unweighed == counted


def test_a_case_that_stays_open_and_a_truck_that_stays_make_a_run_unclean(run: Run) -> None:
    run.case(run.weighed(60_000, at=30.0, verdict=Verdict.VIOLATION), "decide")
    assert not run.report().clean
    run.case(run.found.passages["p30.0"], "decide", "release", "close")
    assert run.report().clean
    run.journeys[0].place = Place.LOT
    assert not run.report().clean


def test_plates_count_as_exact_wrong_or_abstained(run: Run) -> None:
    run.weighed(40_000, at=30.0, verdict=Verdict.LAWFUL).camera = camera("蒙L99999")
    run.weighed(40_000, at=50.0, verdict=Verdict.LAWFUL).camera = camera(None)
    report = run.report()
    assert (report.plates_exact, report.plates_wrong, report.plates_abstained) == (1, 1, 1)


@pytest.mark.parametrize(("cases", "listed"), [(3, False), (4, True)])
def test_listed_is_who_has_more_than_three_decisions(
    truck: Truck, cases: int, *, listed: bool
) -> None:
    run = Run(truck)
    for n in range(cases):
        passage = run.weighed(60_000, at=30.0 * (n + 1), verdict=Verdict.VIOLATION)
        run.case(passage, "decide", "release", "close")
    audit = run.audit()
    must = {truck.plate.number: cases} if listed else {}
    assert audit.expected_list() == must
    audit.hold_list(list(must.items()))
    assert audit.report.clean
    assert audit.report.list_rows == len(must)
    audit.hold_list([] if listed else [(truck.plate.number, cases)])
    assert not audit.report.clean


def test_a_plate_that_is_listed_twice_makes_a_run_unclean(run: Run) -> None:
    audit = run.audit()
    assert audit.report.clean
    audit.hold_list([("蒙L12345", 4), ("蒙L12345", 4)])
    assert any("twice" in error for error in audit.report.errors)


def test_a_decision_that_the_centre_barred_is_none(run: Run) -> None:
    acts = ([], ["decide"], ["decide", "take_effect"], ["decide", "bar"])
    for at, done in enumerate(acts):
        run.case(run.weighed(50_000, at=float(at), verdict=Verdict.VIOLATION), *done)
    decided = [case.decided for case in run.found.cases.values()]
    assert decided == [False, True, True, False]
