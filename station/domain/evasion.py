"""An evasion case (逃避、抗拒检测案件): what was done against the check itself, a kind of its own.

Running the barrier, blocking the lane, going round, refusing, splitting loads, violence and damage
are acts of their own: they are never counted as over-limit transport, and their fine is none for
the overload. Road administration records, and either penalises by its own article or hands the
matter to public security or a court, never both. The truck is given back in every stage.

Source: 《公路安全保护条例》第六十七条; 《行政处罚法》第二十七条、第二十九条、第四十二条、
第四十四条、第四十五条; 巴政办发〔2018〕52号六(六).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Final

from station.domain.clock import local_date
from station.domain.errors import (
    EvasionActRefused,
    InvalidFacts,
    TwoOfficersRequired,
    WrongAuthority,
)
from station.domain.officers import Pair, Role

Details = Mapping[str, str | int]
_DIGEST_DIGITS: Final = 64
FIRST_YEAR: Final = 2000


class Deed(Enum):
    """What was done."""

    BARRIER = "barrier"  # 强行闯卡
    BLOCKING = "blocking"  # 故意堵塞
    DETOUR = "detour"  # 故意绕行
    REFUSAL = "refusal"  # 拒绝检测
    SPLITTING = "splitting"  # 短途驳载
    VIOLENCE = "violence"  # 暴力抗法
    DAMAGE = "damage"  # 损坏设施设备


FINED_BY_ROAD: Final = frozenset({Deed.BARRIER, Deed.BLOCKING, Deed.SPLITTING})
"""What art 67 names: tow, detain, fine. Everything else is handed over."""
CRITERION_REFUSAL: Final = 7
CRITERION_PUNISHED: Final = 8
"""Numbers of the criteria of serious dishonesty, 交办公路〔2017〕8号."""


class Stage(Enum):
    """How far it has come."""

    OPEN = "open"  # 已立案
    TRANSFERRED = "transferred"  # 已移送
    ANSWERED = "answered"  # 受移送机关已回执
    NOTIFIED = "notified"  # 已告知
    HEARD = "heard"  # 陈述申辩、听证已毕
    DECIDED = "decided"  # 已决定
    SERVED = "served"  # 已送达
    PAID = "paid"  # 已缴清
    NOT_PUNISHED = "not_punished"  # 不予处罚
    VOIDED = "voided"  # 误立,已作废


class Act(Enum):
    """What can be done to it; always by two officers of road administration."""

    ADD_EVIDENCE = "add_evidence"  # 补充证据
    HOLD_VEHICLE = "hold_vehicle"  # 强制拖离或者扣留车辆
    RETURN_VEHICLE = "return_vehicle"  # 退还车辆
    TRANSFER = "transfer"  # 移送公安机关或司法机关
    NOTE_ANSWER = "note_answer"  # 登记移送回执和处理结果
    TAKE_BACK = "take_back"  # 受移送机关退回
    NOTIFY = "notify"  # 处罚前告知
    HEAR = "hear"  # 陈述申辩及复核
    HOLD_HEARING = "hold_hearing"  # 举行听证
    WAIVE_HEARING = "waive_hearing"  # 放弃听证
    DECIDE = "decide"  # 处罚决定
    NOT_PUNISH = "not_punish"  # 不予处罚决定
    SERVE = "serve"  # 送达
    PAY = "pay"  # 缴款回执
    CLOSE = "close"  # 结案
    VOID = "void"  # 作废误立的案件


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From which stages an act is allowed, what it must state, and what comes after it."""

    stages: Set[Stage]
    says: Mapping[str, type]
    to: Stage | None = None
    held: bool | None = None


_RUNNING: Final = frozenset(Stage) - {Stage.VOIDED}
_ENDS: Final = {Stage.ANSWERED, Stage.PAID, Stage.NOT_PUNISHED}

RULES: Final[dict[Act, Rule]] = {
    Act.ADD_EVIDENCE: Rule(stages=_RUNNING, says={"digest": str, "what": str}),
    Act.HOLD_VEHICLE: Rule(
        stages={Stage.OPEN}, says={"form_no": str, "place": str, "reason": str}, held=False
    ),
    # In every stage: neither decision nor payment keeps a truck.
    Act.RETURN_VEHICLE: Rule(stages=_RUNNING, says={}, held=True),
    Act.TRANSFER: Rule(
        stages={Stage.OPEN, Stage.NOTIFIED, Stage.HEARD},
        says={"to": str, "body": str, "letter_no": str, "reason": str},
        to=Stage.TRANSFERRED,
    ),
    Act.NOTE_ANSWER: Rule(
        stages={Stage.TRANSFERRED},
        says={"receipt_no": str, "result": str},
        to=Stage.ANSWERED,
    ),
    Act.TAKE_BACK: Rule(
        stages={Stage.TRANSFERRED}, says={"receipt_no": str, "reason": str}, to=Stage.OPEN
    ),
    Act.NOTIFY: Rule(
        stages={Stage.OPEN},
        says={"facts": str, "rights_told": str, "fine_fen": int, "hearing_until": str},
        to=Stage.NOTIFIED,
    ),
    Act.HEAR: Rule(stages={Stage.NOTIFIED}, says={"statement": str, "review": str}, to=Stage.HEARD),
    Act.HOLD_HEARING: Rule(
        stages={Stage.HEARD}, says={"chair_no": str, "held_on": str, "record": str}
    ),
    Act.WAIVE_HEARING: Rule(stages={Stage.HEARD}, says={"statement": str}),
    Act.DECIDE: Rule(stages={Stage.HEARD}, says={"fine_fen": int, "reason": str}, to=Stage.DECIDED),
    Act.NOT_PUNISH: Rule(
        stages={Stage.OPEN, Stage.NOTIFIED, Stage.HEARD},
        says={"reason": str},
        to=Stage.NOT_PUNISHED,
    ),
    Act.SERVE: Rule(
        stages={Stage.DECIDED},
        says={"received": str, "served_on": str, "pay_by": str},
        to=Stage.SERVED,
    ),
    Act.PAY: Rule(
        stages={Stage.SERVED},
        says={"receipt_no": str, "amount_fen": int, "paid_on": str},
        to=Stage.PAID,
    ),
    Act.CLOSE: Rule(stages=_ENDS, says={}, held=False),
    Act.VOID: Rule(stages={Stage.OPEN}, says={"reason": str}, to=Stage.VOIDED, held=False),
}
"""``held``: whether the truck must be held, or must not be; None where that does not matter."""

COMPUTED: Final[dict[Act, frozenset[str]]] = {
    Act.NOTIFY: frozenset({"hearing_until"}),
    Act.SERVE: frozenset({"pay_by"}),
}
"""What the law gives, not the officer."""

RECEIVERS: Final = ("public_security", "court")
RESULTS: Final = ("punished", "not_punished", "filed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One act of the file. ``officers``: certificate numbers, the acting officer's first."""

    act: Act
    at: datetime
    officers: tuple[str, str]
    details: dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evasion:
    """One evasion case. An act returns a new one; the old one stays as it was.

    Attributes:
        plate: as it was seen; "" when nobody could read it.
        passage_id: the weighing that belongs to it; "" when there is none.
        fine_fen: of the decision by art 67; None while there is none.
    """

    evasion_no: str
    deed: Deed
    plate: str
    place: str
    occurred_at: datetime
    opened_at: datetime
    passage_id: str
    stage: Stage = Stage.OPEN
    held: bool = False
    fine_fen: int | None = None
    closed: bool = False
    history: tuple[Done, ...] = ()

    @property
    def next_acts(self) -> tuple[Act, ...]:
        """Return what is allowed now."""
        return tuple(act for act in Act if self._allows(act))

    @property
    def criterion(self) -> int | None:
        """Return the criterion of serious dishonesty that the file meets, None where none.

        Whoever was punished by public security for it, and who refuses inspection.
        """
        answer = self.newest(Act.NOTE_ANSWER)
        if answer is not None and answer.details["result"] == "punished":
            return CRITERION_PUNISHED
        refused = self.deed is Deed.REFUSAL and self.stage is not Stage.VOIDED
        return CRITERION_REFUSAL if refused and self.closed else None

    def is_of(self, deed: Deed, plate: str, occurred_at: datetime, passage_id: str) -> bool:
        """Tell whether this is the file of that deed: one act is answered for once."""
        if self.stage is Stage.VOIDED or self.deed is not deed:
            return False
        same_moment = (self.plate, self.occurred_at) == (plate, occurred_at)
        return same_moment or (passage_id != "" and self.passage_id == passage_id)

    def newest(self, *acts: Act) -> Done | None:
        """Return the newest of *acts*, None when none was done."""
        return next((done for done in reversed(self.history) if done.act in acts), None)

    def after(self, act: Act, *, by: Pair, at: datetime, on: date, details: Details) -> Evasion:
        """Return the file after an act.

        Raises:
            EvasionActRefused: it does not follow from where the file stands.
            WrongAuthority: only road administration acts here.
            InvalidFacts: ``details`` lacks a field, has another, or says what cannot be.
        """
        if by.role is not Role.ROAD:
            raise WrongAuthority(case_no=self.evasion_no, act=act.value, authority=Role.ROAD.value)
        self._require(act)
        _check_says(act, details)
        self._check(act, by, on, details)
        done = Done(act=act, at=at, officers=by.certificate_nos, details=dict(details))
        return self.with_done(done)

    def with_done(self, done: Done) -> Evasion:
        """Return the file after an act that was allowed when it was done: for replaying a ledger.

        Raises:
            EvasionActRefused: the ledger holds an act that the table does not know there.
        """
        self._require(done.act)
        file = replace(self, stage=RULES[done.act].to or self.stage, history=(*self.history, done))
        match done.act:
            case Act.HOLD_VEHICLE | Act.RETURN_VEHICLE:
                return replace(file, held=done.act is Act.HOLD_VEHICLE)
            case Act.DECIDE:
                return replace(file, fine_fen=int(done.details["fine_fen"]))
            case Act.CLOSE | Act.VOID:
                return replace(file, closed=True)
        return file

    def _allows(self, act: Act) -> bool:
        rule = RULES[act]
        if self.closed or self.stage not in rule.stages:
            return False
        if act in (Act.HOLD_VEHICLE, Act.NOTIFY) and self.deed not in FINED_BY_ROAD:
            return False
        return rule.held is None or rule.held is self.held

    def _require(self, act: Act) -> None:
        if not self._allows(act):
            raise EvasionActRefused(
                evasion_no=self.evasion_no, act=act.value, stage=self.stage.value
            )

    def _check(self, act: Act, by: Pair, on: date, details: Details) -> None:
        match act:
            case Act.DECIDE:
                self._check_decision(on, int(details["fine_fen"]))
            case Act.HOLD_HEARING:
                acted = {number for done in self.history for number in done.officers}
                if details["chair_no"] in acted | set(by.certificate_nos):
                    raise InvalidFacts("whoever investigated may not judge", field="chair_no")
                self._check_between("held_on", Act.NOTIFY, on, details)
            case Act.SERVE:
                self._check_between("served_on", Act.DECIDE, on, details)
            case Act.PAY:
                if details["amount_fen"] != self.fine_fen:
                    raise InvalidFacts("not the fine", field="amount_fen")
                self._check_between("paid_on", Act.DECIDE, on, details)

    def _check_between(self, field: str, act: Act, on: date, details: Details) -> None:
        """Refuse a day to come, or one before the act that it follows: it has not happened."""
        day, before = date.fromisoformat(str(details[field])), self.newest(act)
        if day > on:
            raise InvalidFacts(f"{field} is after today", field=field, why="after_today")
        if before is not None and day < local_date(before.at):
            raise InvalidFacts(f"{field} is too early", field=field, why="too_early")

    def _check_decision(self, on: date, fine_fen: int) -> None:
        """Nothing heavier than was told, and not before the party had its say (art 44, 45, 63)."""
        told = self.newest(Act.NOTIFY)
        if told is None or not 0 < fine_fen <= int(told.details["fine_fen"]):
            raise InvalidFacts("more than was told", field="fine_fen")
        until = str(told.details["hearing_until"])
        over = self.newest(Act.HOLD_HEARING, Act.WAIVE_HEARING)
        if (over is None or over.at < told.at) and on.isoformat() <= until:
            raise InvalidFacts(f"a hearing may be asked for until {until}", field="fine_fen")


def check_opening(by: Pair, occurred_at: datetime, at: datetime) -> None:
    """Refuse an opening that is not road administration's, or of a time that cannot be.

    Raises:
        TwoOfficersRequired: not two of road administration.
        InvalidFacts: it lies in the future, or so far back that it is a slip of the hand.
    """
    if by.role is not Role.ROAD:
        raise TwoOfficersRequired("two officers of road administration open it")
    if occurred_at > at:
        raise InvalidFacts("it has not happened yet", field="occurred_at")
    if occurred_at.year < FIRST_YEAR:
        # Headquarters takes no time before it either (central/application/rows.py).
        raise InvalidFacts(f"before {FIRST_YEAR}", field="occurred_at")


def check_digest(digest: str) -> None:
    """Refuse what is no SHA-256 in lower-case hex.

    Raises:
        InvalidFacts: it is none.
    """
    if len(digest) != _DIGEST_DIGITS or set(digest) - set("0123456789abcdef"):
        raise InvalidFacts("not a SHA-256", field="digest")


def _check_says(act: Act, details: Details) -> None:
    says = RULES[act].says
    odd = sorted(set(says) ^ set(details))
    if odd:
        raise InvalidFacts(f"fields of {act.value}: {', '.join(odd)}", field=odd[0])
    for name, kind in says.items():
        value = details[name]
        if type(value) is not kind or value == "" or (kind is int and int(value) <= 0):
            raise InvalidFacts(f"{name} must be {kind.__name__} and not empty", field=name)
        if name.endswith(("_on", "_by", "_until")):
            _check_day(name, str(value))
    if "digest" in says:
        check_digest(str(details["digest"]))
    for name, words in (("to", RECEIVERS), ("result", RESULTS)):
        if name in says and details[name] not in words:
            raise InvalidFacts(f"one of {', '.join(words)}", field=name)


def _check_day(name: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as exc:
        raise InvalidFacts(f"{name} is no date", field=name) from exc
