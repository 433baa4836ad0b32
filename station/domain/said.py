"""What each act must state (法定记载事项), what it may, and what of it officers do not type.

Dates are ``YYYY-MM-DD``, amounts fen, masses kg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from station.domain.errors import InvalidFacts
from station.domain.procedure import Act

Details = Mapping[str, str | int]
Fields = Mapping[str, type]

FIELDS: Final[dict[Act, Fields]] = {
    Act.CORRECT_PLATE: {"plate": str, "reason": str},
    Act.ORDER_TO_CORRECT: {"plate": str},
    Act.BEGIN_UNLOADING: {"method": str, "place": str},
    Act.RECHECK_CLEAR: {"passage_id": str, "gross_kg": int, "excess_kg": int},
    Act.RECHECK_OVER: {"passage_id": str, "gross_kg": int, "excess_kg": int},
    Act.RECORD_REFUSAL: {"reason": str, "witness": str},
    Act.RELEASE: {},
    Act.DETAIN: {"place": str, "reason": str},
    Act.REPORT_DETENTION: {"reported_to": str},
    Act.HAND_IN_VEHICLE: {"place": str},
    Act.RETURN_VEHICLE: {},
    Act.HAND_OVER: {},
    Act.SEND_BACK: {"reason": str},
    Act.ACCEPT: {},
    Act.NOTIFY: {
        "facts": str,
        "rights_told": str,
        "kind": str,
        "fine_fen": int,
        "points": int,
        "hearing": str,
        "hearing_until": str,
    },
    Act.HEAR: {"statement": str, "review": str},
    Act.WAIVE: {"statement": str},
    Act.ASK_HEARING: {"asked_on": str},
    Act.WAIVE_HEARING: {"statement": str},
    Act.HOLD_HEARING: {"chair_no": str, "held_on": str, "record": str},
    Act.REVIEW: {"reviewer_no": str, "opinion": str},
    Act.DECIDE: {"kind": str, "fine_fen": int, "points": int, "reason": str},
    Act.NOT_PUNISH: {"reason": str},
    Act.TAKE_EFFECT: {"violation_id": str, "centre_seq": int},
    Act.BAR: {"violation_id": str, "centre_seq": int, "node": str, "case_no": str},
    Act.SERVE: {"method": str, "received": str, "served_on": str, "pay_by": str},
    Act.PAY: {"receipt_no": str, "amount_fen": int, "paid_on": str},
    Act.DEFER: {"pay_by": str, "reason": str},
    Act.DEMAND: {"demanded_on": str, "answer_by": str},
    Act.APPLY_TO_COURT: {"court": str},
    Act.BEGIN_REMEDY: {"kind": str, "body": str, "accepted_on": str},
    Act.END_REMEDY: {"result": str, "fine_fen": int, "points": int, "document_no": str},
    Act.WITHDRAW: {"reason": str},
    Act.WITHDRAW_PUBLISHED: {"place": str, "withdrawn_on": str},
    Act.CLOSE: {},
    Act.COPY_OUT: {"copied_to": str, "copied_on": str},
    Act.VOID: {"reason": str},
}
"""What each act must state. ``kind`` of a decision: ``fine`` or ``warning``. ``hearing``: ``due``
or ``not_due``, with the last day to ask for one, empty where none is due."""

OPTIONAL: Final[dict[Act, Fields]] = {
    Act.ORDER_TO_CORRECT: {"cargo": str, "cargo_kind": str},
    Act.BEGIN_UNLOADING: {
        "cargo": str,
        "cargo_kind": str,
        "arrangement": str,
        "custodian": str,
        "contract_no": str,
        "finish_by": str,
        "planned_kg": int,
    },
    Act.RECHECK_CLEAR: {"unloaded_to": str},
    Act.DETAIN: {"safety": str},
    Act.BEGIN_REMEDY: {"suspended": str},
}
"""What an act may state besides."""

COMPUTED: Final[dict[Act, frozenset[str]]] = {
    Act.NOTIFY: frozenset({"hearing", "hearing_until"}),
    Act.SERVE: frozenset({"pay_by"}),
    Act.DEMAND: frozenset({"answer_by"}),
}
"""What the law gives, not the officer: filled in before the act is done."""

MAY_BE_EMPTY: Final = frozenset({"hearing_until", "pay_by"})

DATES: Final = frozenset(
    {
        "hearing_until",
        "asked_on",
        "held_on",
        "served_on",
        "pay_by",
        "paid_on",
        "demanded_on",
        "answer_by",
        "accepted_on",
        "finish_by",
        "withdrawn_on",
        "copied_on",
    }
)

PERSONAL: Final[dict[Act, tuple[str, ...]]] = {
    Act.ORDER_TO_CORRECT: ("driver_name", "driver_id_no", "driver_phone", "driver_licence_no"),
}
"""What each act may say of a person, none of it demanded: see :mod:`station.domain.identifiers`."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one act as a person fills them in."""

    asked: Fields
    optional: Fields


def form(act: Act) -> Form:
    """Return what the officer is asked for."""
    computed = COMPUTED.get(act, frozenset())
    asked = {name: kind for name, kind in FIELDS[act].items() if name not in computed}
    return Form(asked=asked, optional=OPTIONAL.get(act, {}))


def check_said(act: Act, details: Details) -> None:
    """Refuse details that lack a field, have another, or hold what cannot be.

    Raises:
        InvalidFacts: naming the field.
    """
    wanted, may = FIELDS[act], OPTIONAL.get(act, {})
    odd = sorted((set(wanted) - set(details)) | (set(details) - set(wanted) - set(may)))
    if odd:
        raise InvalidFacts(
            f"fields of {act.value}: {', '.join(odd)}", field=odd[0], why="odd_field"
        )
    for name, value in details.items():
        _check_value(name, value, wanted.get(name) or may[name])


def _check_value(name: str, value: str | int, kind: type) -> None:
    if type(value) is not kind or (value == "" and name not in MAY_BE_EMPTY):
        raise InvalidFacts(f"{name} must be {kind.__name__} and not empty", field=name, why="empty")
    if kind is int and int(value) < 0:
        raise InvalidFacts(f"{name} must not be negative", field=name, why="negative")
    if name in DATES and value != "":
        try:
            date.fromisoformat(str(value))
        except ValueError as exc:
            raise InvalidFacts(f"{name} is no date", field=name, why="no_date") from exc
