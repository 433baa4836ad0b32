"""The joint case (联合执法案件): two authorities, one file, one fine.

Road administration (路政) measures and supervises unloading; traffic police (交警) alone penalise.
The table is the law: what is not in it does not happen. Release runs beside the stages: it is
allowed as soon as a re-check shows no excess and waits for neither decision nor payment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from station.domain.errors import IllegalTransition, InvalidFacts, WrongAuthority
from station.domain.officers import Pair, Role
from station.domain.plates import parse

Details = Mapping[str, str | int]

MOST_POINTS: Final = 12
"""A driver's points of a whole cycle (记分管理办法 art 3): no single act carries more."""


class Stage(Enum):
    """Where the case stands."""

    MEASURED = "measured"  # 初检认定超限
    ORDERED = "ordered"  # 已责令改正
    UNLOADING = "unloading"  # 卸载中
    RECHECKED = "rechecked"  # 复检合格
    HANDED_OVER = "handed_over"  # 已移交交警
    NOTIFIED = "notified"  # 已告知
    DECIDED = "decided"  # 已决定


class Act(Enum):
    """What officers can do to a case."""

    CORRECT_PLATE = "correct_plate"  # 更正号牌
    ORDER_TO_CORRECT = "order_to_correct"  # 责令改正
    BEGIN_UNLOADING = "begin_unloading"  # 监督卸载
    RECHECK_CLEAR = "recheck_clear"  # 复检合格
    RECHECK_OVER = "recheck_over"  # 复检仍超限
    RELEASE = "release"  # 放行
    HAND_OVER = "hand_over"  # 案件交接
    NOTIFY = "notify"  # 处罚前告知
    DECIDE = "decide"  # 处罚决定


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may act, and where the case stands after it."""

    by: Role
    to: Stage


TRANSITIONS: Final[dict[tuple[Stage, Act], Rule]] = {
    (Stage.MEASURED, Act.CORRECT_PLATE): Rule(Role.ROAD, Stage.MEASURED),
    (Stage.MEASURED, Act.ORDER_TO_CORRECT): Rule(Role.ROAD, Stage.ORDERED),
    (Stage.ORDERED, Act.BEGIN_UNLOADING): Rule(Role.ROAD, Stage.UNLOADING),
    (Stage.UNLOADING, Act.RECHECK_OVER): Rule(Role.ROAD, Stage.UNLOADING),
    (Stage.UNLOADING, Act.RECHECK_CLEAR): Rule(Role.ROAD, Stage.RECHECKED),
    (Stage.RECHECKED, Act.RELEASE): Rule(Role.ROAD, Stage.RECHECKED),
    (Stage.RECHECKED, Act.HAND_OVER): Rule(Role.ROAD, Stage.HANDED_OVER),
    (Stage.HANDED_OVER, Act.RELEASE): Rule(Role.ROAD, Stage.HANDED_OVER),
    (Stage.HANDED_OVER, Act.NOTIFY): Rule(Role.POLICE, Stage.NOTIFIED),
    (Stage.NOTIFIED, Act.RELEASE): Rule(Role.ROAD, Stage.NOTIFIED),
    (Stage.NOTIFIED, Act.DECIDE): Rule(Role.POLICE, Stage.DECIDED),
    (Stage.DECIDED, Act.RELEASE): Rule(Role.ROAD, Stage.DECIDED),
}

FIELDS: Final[dict[Act, dict[str, type]]] = {
    Act.CORRECT_PLATE: {"plate": str, "reason": str},
    Act.ORDER_TO_CORRECT: {"plate": str},
    Act.BEGIN_UNLOADING: {"method": str, "place": str},
    Act.RECHECK_CLEAR: {"passage_id": str, "gross_kg": int, "excess_kg": int},
    Act.RECHECK_OVER: {"passage_id": str, "gross_kg": int, "excess_kg": int},
    Act.RELEASE: {},
    Act.HAND_OVER: {"form_no": str},
    Act.NOTIFY: {"facts": str, "rights_told": str},
    Act.DECIDE: {"kind": str, "fine_fen": int, "points": int, "statement": str},
}
"""What each act must state. ``kind`` of a decision: ``fine`` or ``warning``;
``statement``: what the party said in statement and defence (陈述申辩), or that it waived."""


PERSONAL: Final[dict[Act, tuple[str, ...]]] = {
    Act.ORDER_TO_CORRECT: ("driver_name", "driver_id_no", "driver_phone", "driver_licence_no"),
}
"""What each act may say of a person, none of it demanded: see :mod:`station.domain.identifiers`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One act in the case's history. Never edited, never removed."""

    act: Act
    at: datetime
    role: Role
    officers: tuple[str, str]
    details: dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case file. An act returns a new case; the old one stays as it was.

    Attributes:
        case_no: number of the file.
        violation_id: the unlawful act itself; a fine refers to it, and it is fined once.
        plate: the tractor's number plate.
        gross_kg, limit_kg, excess_kg: of the first weighing (初检), the basis of the finding.
        released_at: when the truck was let go (放行).
    """

    case_no: str
    violation_id: str
    passage_id: str
    plate: str
    opened_at: datetime
    gross_kg: int
    limit_kg: int
    excess_kg: int
    stage: Stage = Stage.MEASURED
    released_at: datetime | None = None
    fine_fen: int | None = None
    points: int | None = None
    history: tuple[Done, ...] = ()

    @property
    def closed(self) -> bool:
        """Tell whether nothing is left to do at the station: decided, and the truck gone."""
        return self.stage is Stage.DECIDED and self.released_at is not None

    @property
    def rechecked_by(self) -> frozenset[str]:
        """Return the passages that re-checks of this case were taken from."""
        rechecks = (Act.RECHECK_CLEAR, Act.RECHECK_OVER)
        return frozenset(str(d.details["passage_id"]) for d in self.history if d.act in rechecks)

    @property
    def unloading_since(self) -> datetime | None:
        """Return when unloading began or went on after a failed re-check; None before."""
        acts = (Act.BEGIN_UNLOADING, Act.RECHECK_OVER)
        return next((done.at for done in reversed(self.history) if done.act in acts), None)

    def held_at(self, at: datetime) -> bool:
        """Tell whether the truck was held for this case at *at*: opened, and not released yet."""
        return self.opened_at <= at and (self.released_at is None or at < self.released_at)

    @property
    def next_acts(self) -> tuple[tuple[Act, Role], ...]:
        """Return what the table allows now, and who may do it."""
        return tuple(
            (act, rule.by)
            for (stage, act), rule in TRANSITIONS.items()
            if stage is self.stage and not (act is Act.RELEASE and self.released_at)
        )

    def after(self, act: Act, *, by: Pair, at: datetime, details: Details) -> Case:
        """Return the case as it stands once *act* is done.

        Raises:
            IllegalTransition: the act does not follow from this stage, or was done already.
            WrongAuthority: the act is the other authority's.
            InvalidFacts: ``details`` lacks a field, has another, or contradicts the case.

        Source: 《行政处罚法》第二十九条、第四十二条、第四十四条.
        """
        rule = TRANSITIONS.get((self.stage, act))
        if rule is None or (act is Act.RELEASE and self.released_at):
            raise IllegalTransition(case_no=self.case_no, stage=self.stage.value, act=act.value)
        if rule.by is not by.role:
            raise WrongAuthority(case_no=self.case_no, act=act.value, authority=rule.by.value)
        _check(self, act, details)
        return self.with_done(
            Done(act=act, at=at, role=by.role, officers=by.certificate_nos, details=dict(details))
        )

    def with_done(self, done: Done) -> Case:
        """Return the case after an act that was allowed when it was done: for replaying a ledger.

        Raises:
            IllegalTransition: the ledger holds an act that the table does not know there.
        """
        rule = TRANSITIONS.get((self.stage, done.act))
        if rule is None:
            raise IllegalTransition(
                case_no=self.case_no, stage=self.stage.value, act=done.act.value
            )
        case = replace(self, stage=rule.to, history=(*self.history, done))
        if done.act is Act.RELEASE:
            return replace(case, released_at=done.at)
        if done.act is Act.CORRECT_PLATE:
            return replace(case, plate=str(done.details["plate"]))
        if done.act is Act.DECIDE:
            fine, points = int(done.details["fine_fen"]), int(done.details["points"])
            return replace(case, fine_fen=fine, points=points)
        return case


def _check(case: Case, act: Act, details: Details) -> None:
    wanted = FIELDS[act]
    if set(details) != set(wanted):
        odd = sorted(set(details) ^ set(wanted))
        raise InvalidFacts(f"fields of {act.value}: {', '.join(odd)}", field=odd[0])
    for name, kind in wanted.items():
        value = details[name]
        if type(value) is not kind or value == "":
            raise InvalidFacts(f"{name} must be {kind.__name__} and not empty", field=name)
        if kind is int and int(value) < 0:
            raise InvalidFacts(f"{name} must not be negative", field=name)
    if act is Act.CORRECT_PLATE:
        _check_plate(str(details["plate"]))
    if act is Act.ORDER_TO_CORRECT and details["plate"] != case.plate:
        raise InvalidFacts("the plate confirmed is not the plate of the case", field="plate")
    if act is Act.RECHECK_CLEAR and details["excess_kg"] != 0:
        raise InvalidFacts("a re-check with excess is not clear", field="excess_kg")
    if act is Act.RECHECK_OVER and details["excess_kg"] == 0:
        raise InvalidFacts("a re-check without excess is clear", field="excess_kg")
    if act is Act.DECIDE:
        _check_decision(details)


def _check_plate(number: str) -> None:
    plate = parse(number)
    if plate is None or plate.number != number or plate.is_trailer:
        raise InvalidFacts("not a tractor's number plate", field="plate")


def _check_decision(details: Details) -> None:
    kind, fine = details["kind"], int(details["fine_fen"])
    if kind not in ("fine", "warning"):
        raise InvalidFacts("a decision is a fine or a warning", field="kind")
    if (kind == "fine") != (fine > 0):
        raise InvalidFacts("a fine has an amount, a warning has none", field="fine_fen")
    if int(details["points"]) > MOST_POINTS:
        raise InvalidFacts(f"one act carries at most {MOST_POINTS} points", field="points")
    # 记分管理办法 art 28: a warning carries no points.
    if kind == "warning" and details["points"] != 0:
        raise InvalidFacts("a warning carries no points", field="points")
