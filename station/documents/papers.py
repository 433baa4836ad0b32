"""What a document shows, as plain data: from the case, its weighings, the station and the law.

Pure. The same record gives the same data on any day. Text for people is in the templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from station.contract.driver_page import grouped, page_code
from station.contract.messages import templates
from station.contract.proceedings import Issue, Print, Proceedings, Step, Weighed
from station.contract.timeline import Moment
from station.documents.qr import square
from station.documents.registry import Address
from station.domain.clock import CHINA
from station.domain.errors import DocumentIncomplete
from station.domain.forms import OPENED, Form
from station.domain.procedure import Act
from station.rules.lawbook import LawBook

Data = dict[str, object]

PERSONAL: Final = ("driver_name", "driver_id_no", "driver_licence_no", "driver_phone")
"""What a document may say of the driver; a line to write on where nothing is given."""

_RECHECKS: Final = (Act.RECHECK_CLEAR.value, Act.RECHECK_OVER.value)
_DECIDES: Final = (Act.DECIDE.value, Act.END_REMEDY.value)
_LAW: Final = {
    "pay_days": "deadline.pay",
    "surcharge_permille": "procedure.surcharge_daily",
    "surcharge_cap_permille": "procedure.surcharge_cap",
    "reconsideration_days": "deadline.reconsideration",
    "reconsideration_first": "procedure.reconsideration_first",
    "litigation_months": "deadline.litigation",
    "handle_days": "deadline.handle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The station, and whom its documents name: road, police, bank, reconsideration, court.

    ``pages``: address under which drivers find their pages, "" for none.
    """

    node: str
    name: str
    road: str
    offices: Mapping[str, Address]
    pages: str = ""


def paper(
    issue: Issue,
    record: Proceedings,
    *,
    place: Place,
    law: LawBook,
    personal: Mapping[str, str],
    copy: Print | None = None,
) -> Data:
    """Return what a document shows.

    Args:
        issue: which document.
        record: of its case; what came after the entry that the document is about does not count.
        place: who issues it where.
        law: the edition whose deadlines it states, those in force on the day of issue.
        personal: clear text of :data:`PERSONAL`, none of it demanded.
        copy: the printing, None for what is kept.

    Raises:
        DocumentIncomplete: the record lacks what the form must state.
        NoLawInForce: the law of that day states no deadline.
        NotFound: the entry is none of the case.
    """
    step, then = record.step(issue.seq), record.until(issue.seq)
    case = record.case
    issuer = issue.form.issuer(case.penal, step.role)
    recheck = then.newest(*_RECHECKS)
    data: Data = {
        "form": _form(issue.form),
        "number": issue.number,
        "issued_on": issue.issued_on.isoformat(),
        "copy": None if copy is None else _copy(copy),
        "page": None if copy is None or not issue.form.page else _page(place, copy, step),
        "station": {"node": place.node, "name": place.name, "road": place.road},
        "penal": case.penal.value,
        "issuer": issuer.value,
        "office": _address(place.offices[issuer.value]),
        "offices": {name: _address(one) for name, one in place.offices.items()}
        | {"penal": _address(place.offices[case.penal.value])},
        "case_no": case.case_no,
        "violation_id": case.violation_id,
        "plate": step.plate,
        "personal": {name: personal.get(name, "") for name in PERSONAL},
        "first": _weighed(record.first),
        "recheck": None if recheck is None else _weighed(_weighed_at(record, recheck)),
        "weighed": _weighed(_weighed_at(record, step)),
        "is_recheck": step.name in _RECHECKS,
        "step": _step(step),
        "acts": {one.name: _step(one) for one in then.steps},
        "steps": [_step(one) for one in then.steps],
        "process": [_happened(one, then) for one in then.process],
        "forms": dict(record.issued),
        "fine_fen": _fine(then),
        "paid_fen": sum(int(s.details["amount_fen"]) for s in then.steps if s.name == "pay"),
        "law": _law(law, issue.issued_on),
    }
    for path in issue.form.required:
        if value(data, path) in (None, ""):
            raise DocumentIncomplete(path, field=path, title=issue.form.title)
    return data


def _form(form: Form) -> Data:
    return {"kind": form.kind, "title": form.title, "copies": form.copies}


def value(data: object, path: str) -> object:
    """Return what stands under a dotted path, None where there is nothing."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _weighed_at(record: Proceedings, step: Step) -> Weighed:
    if step.name in _RECHECKS:
        return record.rechecks[str(step.details["passage_id"])]
    return record.first


def _weighed(weighed: Weighed) -> Data:
    weighing, verdict = weighed.passage.weighing, weighed.verdict
    vehicle = weighed.vehicle or {}
    axles = vehicle.get("axles")
    return {
        "passage_id": weighed.passage.passage_id,
        "at": _moment(datetime.fromisoformat(weighing.settled_at)),
        "lane": weighed.passage.lane,
        "scale_id": weighing.scale_id,
        "gross_kg": weighing.gross_kg,
        "limit_kg": verdict.get("limit_kg"),
        "excess_kg": verdict.get("excess_kg"),
        "over_limit_permille": verdict.get("over_limit_permille"),
        "certificate_no": weighing.certificate_no,
        "certificate_until": weighing.certificate_until,
        "plate": weighed.plate,
        "colour": weighed.colour,
        "trailer": weighed.trailer or "",
        "configuration": verdict.get("configuration") or "",
        "kind": vehicle.get("kind", ""),
        "axles": [_axle(one) for one in axles] if isinstance(axles, list) else [],
        "registered_gross_kg": vehicle.get("registered_gross_kg"),
        "approved_load_kg": vehicle.get("approved_load_kg"),
        "kerb_kg": vehicle.get("kerb_kg"),
        "police": verdict.get("police") or {},
        "explanation": weighed.explanation,
        "pictures": [picture.sha256 for picture in weighed.passage.pictures],
        "receipt": weighed.receipt,
    }


def _axle(axle: object) -> Data:
    record = axle if isinstance(axle, dict) else {}
    return {name: record.get(name) for name in ("unit", "group", "driven", "tyres", "weight_kg")}


def _step(step: Step) -> Data:
    return {
        "name": step.name,
        "title": _title(step.name),
        "receipt": step.receipt,
        "at": _moment(step.at),
        "role": step.role.value,
        "officers": list(step.officers),
        "details": dict(step.details),
    }


def _title(name: str) -> str:
    return templates()["value.kind.case_opened" if name == OPENED else f"value.act.{name}"]


def _happened(one: Moment, record: Proceedings) -> Data:
    """Return a moment of the whole process; ``acts``: what a recording shows."""
    words = templates()
    return {
        "kind": one.kind,
        "name": one.name,
        "title": one.title or words.get(f"value.act.{one.name}", words[f"value.kind.{one.kind}"]),
        "at": _moment(one.at),
        "until": _moment(one.until),
        "officers": list(one.officers),
        "number": one.number,
        "note": one.note,
        "receipt": one.receipt,
        "acts": [_title(step.name) for step in record.steps if step.seq in one.about],
    }


def _fine(record: Proceedings) -> int | None:
    """Return the fine as decided, or as a remedy changed it; None before there is a decision."""
    step = record.newest(*_DECIDES)
    return None if step is None else int(step.details["fine_fen"])


def _law(law: LawBook, on: date) -> Data:
    return {name: law.provision(key, on).value for name, key in _LAW.items()}


def _copy(copy: Print) -> Data:
    return {"no": copy.print_no, "on": copy.printed_on.isoformat(), "by": copy.officer}


def _page(place: Place, copy: Print, step: Step) -> Data:
    """Return what opens the driver's page; its square holds the receipt where there is none."""
    if copy.page is None:
        return {"site": "", "code": "", "square": square(step.receipt)}
    code = page_code(copy.page)
    return {"site": place.pages, "code": grouped(code), "square": square(f"{place.pages}#{code}")}


def _address(office: Address) -> Data:
    return {"name": office.name, "address": office.address, "phone": office.phone}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%dT%H:%M:%S}"
