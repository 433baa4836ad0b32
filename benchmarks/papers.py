"""How long one document takes: from the record of a case to the bytes of its PDF."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Final

from benchmarks.report import Row, rounded
from station.contract.proceedings import Issue, Proceedings, Step, Weighed
from station.contract.station_entries import Passage, PlateEvidence, Weighing
from station.documents.papers import Place
from station.documents.press import Press
from station.documents.registry import registry
from station.domain.case import Case
from station.domain.forms import Form
from station.domain.officers import Role
from station.domain.said import FIELDS, OPTIONAL
from station.domain.units import Kg
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.explain import explain
from station.rules.facts import Facts
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.rules.verdict import to_record

REGION: Final = "bayannur"
ON: Final = date(2026, 3, 1)
AT: Final = datetime(2026, 3, 1, 4, tzinfo=UTC)
LEAST: Final = 0.001


def run(
    rounds: int, progress: Callable[[str], object]
) -> tuple[dict[str, float | None], list[Row]]:
    """Time every form of the region *rounds* times, each with its own number."""
    forms = registry(REGION)
    place = Place(node="linhe", name="linhe", road="G110", offices=forms.offices)
    press = Press(forms, place, lawbook())
    record = _record()
    taken: dict[str, list[float]] = {kind: [] for kind in forms.forms}
    computing: list[float] = []
    gc.disable()
    try:
        for turn in range(rounds + 1):
            progress(f"documents {turn}/{rounds}")
            for kind, form in forms.forms.items():
                seconds, processor = _seconds(press, form, record, turn)
                if turn:  # the first one reads fonts and templates
                    taken[kind].append(seconds)
                    computing.append(processor)
    finally:
        gc.enable()
    every = [seconds for one in taken.values() for seconds in one]
    ratios: dict[str, float | None] = {
        "document_ms": rounded(median(every) / LEAST),
        "document_cpu_ms": rounded(median(computing) / LEAST),
        "document_p99_ms": rounded(quantiles(every, n=100)[-1] / LEAST),
    }
    return ratios, [
        Row(task="one document", engine=kind, unit="ms", median=rounded(median(one) / LEAST))
        for kind, one in taken.items()
    ]


def _seconds(press: Press, form: Form, record: Proceedings, turn: int) -> tuple[float, float]:
    """Return the seconds that one document took, on the clock and of the processor."""
    step = record.newest(*form.about)
    if step is None:
        raise LookupError(form.kind)
    number = press.number(form, ON.year, turn + 1)
    issue = Issue(form=form, seq=step.seq, number=number, issued_on=ON)
    begun, computed = perf_counter(), process_time()
    press.pdf(issue, record, personal={})
    return perf_counter() - begun, process_time() - computed


def _record() -> Proceedings:
    """Return a case with every act done once."""
    steps = [_step("opened", 2, {})]
    for act in FIELDS:
        fields = {**FIELDS[act], **OPTIONAL.get(act, {})}
        details = {name: _stated(name, kind) for name, kind in fields.items()}
        steps.append(_step(act.value, 2 + len(steps), details))
    return Proceedings(
        case=Case(
            case_no="LINHE202603010001",
            violation_id="first",
            passage_id="first",
            plate="L12345",
            opened_at=AT,
            gross_kg=61500,
            limit_kg=49000,
            excess_kg=12500,
        ),
        first=_weighed("first", Kg(61500), recheck=False),
        rechecks={"again": _weighed("again", Kg(48980), recheck=True)},
        steps=tuple(steps),
        issued={"weigh_and_unload_form": "1"},
    )


def _stated(name: str, kind: type) -> str | int:
    if kind is int:
        return 50000 if name.endswith("_fen") else 1
    if name.endswith(("_on", "_by", "_until")):
        return ON.isoformat()
    return {"passage_id": "again", "kind": "fine", "method": "direct"}.get(name, name * 3)


def _step(name: str, seq: int, details: dict[str, str | int]) -> Step:
    return Step(
        name=name,
        seq=seq,
        receipt=f"linhe-{seq}-0123456789",
        at=AT + timedelta(minutes=seq),
        role=Role.POLICE,
        officers=("P1", "P2"),
        details=details,
        plate="L12345",
    )


def _weighed(passage_id: str, gross: Kg, *, recheck: bool) -> Weighed:
    vehicle = DRAWINGS["TR-06-A/6x4"].vehicle
    verdict = decide(Facts(occurred_on=ON, vehicle=vehicle, gross=gross), lawbook())
    tractor = PlateEvidence(
        text="L12345",
        colour="yellow",
        origin="camera",
        best_guess="L12345",
        confidence_permille=950,
        crop="",
    )
    weighing = Weighing(
        scale_id="S1",
        protocol="toledo",
        gross_kg=gross,
        frames=[],
        spread_kg=0,
        settled_ms=1500,
        arrived_at=AT.isoformat(),
        settled_at=AT.isoformat(),
        certificate_no="C1",
        certificate_until="2026-12-31",
        evidence=True,
    )
    return Weighed(
        passage=Passage(
            passage_id=passage_id,
            lane="1",
            occurred_on=ON.isoformat(),
            mode="resident",
            weighing=weighing,
            tractor=tractor,
            trailer=None,
            pictures=[],
            vehicle=None,
            vehicle_origin="register",
            verdict={},
            explanation="",
            recheck_of=None,
        ),
        plate="L12345",
        colour="yellow",
        trailer=None,
        vehicle=vehicle_to_record(vehicle),
        verdict=to_record(verdict),
        explanation=explain(verdict, recheck=recheck),
        receipt="linhe-1-0123456789",
    )
