"""What the letter shows with which an evasion case is handed over (案件移送书). Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from station.application.views import PassageView
from station.contract.evasion_record import EvasionRecord
from station.documents.papers import Data, Place
from station.domain.clock import CHINA

TITLE: Final = "案件移送书"
COPIES: Final = 3
"""For the receiver, for the file, and one that comes back with the receipt."""


def letter(record: EvasionRecord, weighed: PassageView | None, place: Place) -> Data:
    """Return what the letter about the newest transfer shows.

    Args:
        record: of the case; what came after the transfer does not count.
        weighed: the weighing that belongs to it, None when there is none.
        place: who hands it over.

    Raises:
        NotFound: it was handed over to nobody.
    """
    then = record.until_transfer()
    report, step = then.report, then.steps[-1]
    office = place.offices["road"]
    return {
        "form": {"kind": "transfer_letter", "title": TITLE, "copies": COPIES},
        "number": step.details["letter_no"],
        "issued_on": _moment(step.at)[:10],
        "copy": None,
        "office": {"name": office.name, "address": office.address, "phone": office.phone},
        "station": {"node": place.node, "name": place.name, "road": place.road},
        "case_no": report.evasion_no,
        "deed": report.deed,
        "plate": report.plate,
        "place": report.place,
        "occurred_at": _moment(datetime.fromisoformat(report.occurred_at)),
        "opened_at": _moment(datetime.fromisoformat(report.opened_at)),
        "facts": report.facts,
        "weighed": None if weighed is None else _weighed(weighed),
        "evidence": [
            {"what": one.what, "sha256": one.sha256, "receipt": one.receipt}
            for one in then.evidence
        ],
        "held": _held(then),
        "step": {
            "receipt": step.receipt,
            "at": _moment(step.at),
            "officers": list(step.officers),
            "details": dict(step.details),
        },
    }


def _weighed(view: PassageView) -> Data:
    weighing = view.passage.weighing
    return {
        "at": _moment(datetime.fromisoformat(weighing.settled_at)),
        "gross_kg": weighing.gross_kg,
        "limit_kg": view.verdict.get("limit_kg"),
        "receipt": view.receipt,
        "pictures": [picture.sha256 for picture in view.passage.pictures],
    }


def _held(record: EvasionRecord) -> str:
    """Return where the truck is held by art 67, "" where it is not."""
    for step in reversed(record.steps):
        if step.act.value == "return_vehicle":
            return ""
        if step.act.value == "hold_vehicle":
            return str(step.details["place"])
    return ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%dT%H:%M:%S}"
