"""The joint case (联合执法案件): two authorities, one file, one fine.

Road administration (路政) measures and supervises unloading; traffic police (交警) alone penalise.
The table (:mod:`station.domain.procedure`) is the law: what is not in it does not happen. The truck
goes as soon as a re-check shows no excess and waits for neither decision nor payment. A decision
has no effect until the centre has confirmed that the act was not fined before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from station.domain.errors import IllegalTransition, TwoOfficersRequired, WrongAuthority
from station.domain.guards import check
from station.domain.officers import Pair, Role
from station.domain.procedure import RULES, Act, By, Rule
from station.domain.said import Details, check_said
from station.domain.stages import BEGUN, EFFECTIVE, Custody, Penalty, Remedy, Removal, State

_RECHECKS = (Act.RECHECK_CLEAR, Act.RECHECK_OVER)
_OFFICE = {By.ROAD: Role.ROAD, By.POLICE: Role.POLICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One act in the case's history. Never edited, never removed.

    Attributes:
        officers: certificate numbers, the acting officer's first; empty for the centre's.
    """

    act: Act
    at: datetime
    role: Role
    officers: tuple[str, ...]
    details: dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case file. An act returns a new case; the old one stays as it was.

    Attributes:
        case_no: number of the file.
        violation_id: the unlawful act itself; a fine refers to it, and it is fined once.
        plate: the tractor's number plate.
        gross_kg, limit_kg, excess_kg: of the first weighing (初检), the basis of the finding.
        penal: the authority that penalises: police in joint enforcement (联合执法).
        released_at: when the truck was let go (放行).
        fine_fen, points: of the decision, as it stands today.
        paid_fen: what the bank's receipts say.
    """

    case_no: str
    violation_id: str
    passage_id: str
    plate: str
    opened_at: datetime
    gross_kg: int
    limit_kg: int
    excess_kg: int
    penal: Role = Role.POLICE
    state: State = BEGUN
    released_at: datetime | None = None
    fine_fen: int | None = None
    points: int | None = None
    paid_fen: int = 0
    closed: bool = False
    history: tuple[Done, ...] = ()

    @property
    def rechecked_by(self) -> frozenset[str]:
        """Return the passages that re-checks of this case were taken from."""
        return frozenset(str(d.details["passage_id"]) for d in self.history if d.act in _RECHECKS)

    @property
    def closed_at(self) -> datetime | None:
        """Return when the case was closed or voided; None while it is open."""
        done = self.newest(Act.CLOSE, Act.VOID)
        return None if done is None else done.at

    @property
    def undone(self) -> Done | None:
        """Return what withdrew or changed a decision that was in force; None: it stands."""
        if self.newest(Act.TAKE_EFFECT) is None:
            return None
        withdrawn, result = self.newest(Act.WITHDRAW), self.newest(Act.END_REMEDY)
        if withdrawn is not None or result is None or result.details["result"] == "upheld":
            return withdrawn
        return result

    @property
    def unloading_since(self) -> datetime | None:
        """Return when unloading began or went on after a failed re-check; None before."""
        acts = (Act.BEGIN_UNLOADING, Act.RECHECK_OVER)
        return next((done.at for done in reversed(self.history) if done.act in acts), None)

    def newest(self, *acts: Act) -> Done | None:
        """Return the newest of *acts* in the history, None when none was done."""
        return next((done for done in reversed(self.history) if done.act in acts), None)

    def held_at(self, at: datetime) -> bool:
        """Tell whether the truck was held for this case at *at*: opened, and not released yet."""
        if self.state.custody is Custody.ABSENT:
            return False
        return self.opened_at <= at and (self.released_at is None or at < self.released_at)

    def rule(self, act: Act) -> Rule:
        """Return the rule of *act* in this case.

        Who measures and penalises himself hands nothing over: he accepts as soon as the removal is
        settled, and corrects before that.
        """
        rule = RULES[act]
        if act is Act.WITHDRAW_PUBLISHED and self.state.remedy is Remedy.ENDED:
            return replace(rule, penalty=EFFECTIVE | {Penalty.REVOKED})
        if self.penal is not Role.ROAD:
            return rule
        if act is Act.ACCEPT:
            settled = {Removal.CLEAR, Removal.REFUSED, Removal.NOT_ON_SITE}
            return replace(rule, removal=settled, penalty={Penalty.OPEN})
        if act is Act.HAND_OVER:
            return replace(rule, penalty=frozenset())
        return rule

    def authority(self, rule: Rule) -> Role:
        """Return whose act *rule* is in this case."""
        if rule.by is By.CENTRE:
            return Role.CENTRE
        return _OFFICE.get(rule.by, self.penal)

    @property
    def next_acts(self) -> tuple[tuple[Act, Role], ...]:
        """Return what the table allows officers now, and who may do it."""
        rules = ((act, self.rule(act)) for act in Act)
        return tuple(
            (act, self.authority(rule))
            for act, rule in rules
            if rule.by is not By.CENTRE and self.closed in rule.closed and rule.allows(self.state)
        )

    def after(self, act: Act, *, by: Pair, at: datetime, on: date, details: Details) -> Case:
        """Return the case as it stands once *act* is done.

        Args:
            act: of the table, an officer's.
            by: the two officers who act.
            at: when.
            on: the same as a local date.
            details: what the act states, see :data:`station.domain.said.FIELDS`.

        Raises:
            IllegalTransition: the act does not follow from where the case stands.
            WrongAuthority: the act is another authority's.
            TwoOfficersRequired: one of the two acted for the other authority before.
            InvalidFacts: ``details`` lacks a field, has another, or contradicts the case.

        Source: 《行政处罚法》第二十九条、第四十二条、第四十四条.
        """
        rule = self._allowed(act)
        if self.authority(rule) is not by.role:
            raise WrongAuthority(
                case_no=self.case_no, act=act.value, authority=self.authority(rule).value
            )
        self._check_sides(by)
        check_said(act, details)
        check(self, act, by.certificate_nos, on, details)
        done = Done(
            act=act, at=at, role=by.role, officers=by.certificate_nos, details=dict(details)
        )
        return self.with_done(done)

    def after_claim(self, act: Act, *, at: datetime, details: Details) -> Case:
        """Return the case once the centre has confirmed its decision, or barred it.

        Raises:
            IllegalTransition: no decision waits for it.
            WrongAuthority: not an act of the centre.
            InvalidFacts: ``details`` do not state what they must.
        """
        rule = self._allowed(act)
        if rule.by is not By.CENTRE:
            raise WrongAuthority(
                case_no=self.case_no, act=act.value, authority=self.authority(rule).value
            )
        check_said(act, details)
        return self.with_done(
            Done(act=act, at=at, role=Role.CENTRE, officers=(), details=dict(details))
        )

    def with_done(self, done: Done) -> Case:
        """Return the case after an act that was allowed when it was done: for replaying a ledger.

        Raises:
            IllegalTransition: the ledger holds an act that the table does not know there.
        """
        rule = self._allowed(done.act)
        state = self.state
        for stage in rule.to:
            state = _moved(state, stage)
        case = replace(self, state=state, history=(*self.history, done))
        return _taken_in(case, done)

    def _allowed(self, act: Act) -> Rule:
        rule = self.rule(act)
        if self.closed not in rule.closed or not rule.allows(self.state):
            raise IllegalTransition(
                case_no=self.case_no,
                act=act.value,
                removal=self.state.removal.value,
                penalty=self.state.penalty.value,
                custody=self.state.custody.value,
            )
        return rule

    def _check_sides(self, by: Pair) -> None:
        """Neither officer may have acted for the other authority in this case."""
        for done in self.history:
            crossed = set(done.officers) & set(by.certificate_nos)
            if crossed and done.role is not by.role:
                raise TwoOfficersRequired(
                    "an officer acted for the other authority", certificate_no=min(crossed)
                )


def _moved(state: State, stage: Removal | Penalty | Custody | Remedy) -> State:
    match stage:
        case Removal():
            return replace(state, removal=stage)
        case Penalty():
            return replace(state, penalty=stage)
        case Custody():
            return replace(state, custody=stage)
        case Remedy():
            return replace(state, remedy=stage)


def _taken_in(case: Case, done: Done) -> Case:
    """Return *case* with what the act states taken into its own fields."""
    take = _TAKES.get(done.act)
    return case if take is None else take(case, done)


def _gone(case: Case, done: Done) -> Case:
    return replace(case, released_at=done.at)


def _corrected(case: Case, done: Done) -> Case:
    return replace(case, plate=str(done.details["plate"]))


def _decided(case: Case, done: Done) -> Case:
    fine, points = int(done.details["fine_fen"]), int(done.details["points"])
    return replace(case, fine_fen=fine, points=points)


def _confirmed(case: Case, done: Done) -> Case:
    return replace(case, violation_id=str(done.details["violation_id"]))


def _barred(case: Case, done: Done) -> Case:
    return _without_penalty(_confirmed(case, done))


def _withdrawn(case: Case, _done: Done) -> Case:
    return _without_penalty(case)


def _received(case: Case, done: Done) -> Case:
    return _paid(replace(case, paid_fen=case.paid_fen + int(done.details["amount_fen"])))


def _remedied(case: Case, done: Done) -> Case:
    if done.details["result"] == "revoked":
        return _without_penalty(replace(case, state=replace(case.state, penalty=Penalty.REVOKED)))
    if done.details["result"] == "changed":
        return _paid(_decided(case, done))
    return case


def _closed(case: Case, _done: Done) -> Case:
    return replace(case, closed=True)


def _voided(case: Case, done: Done) -> Case:
    """Close a file opened by mistake; nothing holds its truck any more."""
    if case.state.custody is not Custody.HELD:
        return replace(case, closed=True)
    state = replace(case.state, custody=Custody.RELEASED)
    return replace(case, state=state, released_at=done.at, closed=True)


def _without_penalty(case: Case) -> Case:
    return replace(case, fine_fen=None, points=None)


def _paid(case: Case) -> Case:
    if case.fine_fen is None or case.paid_fen < case.fine_fen:
        return case
    return replace(case, state=replace(case.state, penalty=Penalty.PAID))


_TAKES: Final[dict[Act, Callable[[Case, Done], Case]]] = {
    Act.RELEASE: _gone,
    Act.RETURN_VEHICLE: _gone,
    Act.CORRECT_PLATE: _corrected,
    Act.DECIDE: _decided,
    Act.TAKE_EFFECT: _confirmed,
    Act.BAR: _barred,
    Act.WITHDRAW: _withdrawn,
    Act.PAY: _received,
    Act.END_REMEDY: _remedied,
    Act.CLOSE: _closed,
    Act.VOID: _voided,
}
