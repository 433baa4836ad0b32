"""Folds entries into what headquarters sees (投影), the same at ingest and at a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from central.application.evading import (
    ACT_REFUSED,
    UNKNOWN_CASE,
    Told,
    evasion_acted,
    evasion_opened,
)
from central.application.ports import (
    Alarm,
    Arrived,
    Books,
    Decision,
    Guard,
    OpenedCase,
    Refused,
    Standing,
    Unweighed,
)
from central.application.recheck import Difference, Found
from central.application.rows import (
    mismatch_row,
    moment,
    named_pair,
    opened,
    passage_row,
    reviewed_row,
)
from central.domain.days import local_day
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    CentreContradiction,
    ClockChange,
    DecisionBarred,
    DecisionEnded,
    DecisionInForce,
    DeviceEvent,
    Envelope,
    EvasionActed,
    EvasionOpened,
    HeldPermit,
    Kind,
    LegalIds,
    MismatchesCopied,
    Outage,
    Passage,
    PassageReview,
    Payload,
    Permit,
    PersonalErased,
    Run,
    UnloadingForm,
    UnweighedPass,
    VehicleMismatch,
    WatchHit,
    WeightChanged,
    read,
)
from station.contract.permits import PAPER, Transport, is_same
from station.contract.sealing import stamp
from station.domain.case import Case
from station.domain.errors import (
    CentreContradicts,
    DomainError,
    InvalidFacts,
    MalformedEntry,
    MalformedKept,
)
from station.domain.ledger import Entry
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import Penalty

SECOND_FINE: Final = "case.second_fine"
VOIDED: Final = "case.voided"
RECOVERED: Final = "device.recovered"
WEIGHT_CHANGED: Final = "weight.changed"
CLOCK_CHANGED: Final = "clock.changed"
WATCH_HIT: Final = "watch.hit"
PERMIT_DIFFERS: Final = "permit.differs"
PERMIT_UNCONFIRMED: Final = "permit.unconfirmed"
NOT_ALLOWED: Final = "legal.not_allowed"
_ANSWERS: Final = frozenset({Act.TAKE_EFFECT, Act.BAR})

FALSE_ANSWER: Final = "case.false_answer"


class Differs(Protocol):
    """The centre's own reading of the law."""

    def __call__(self, found: Found, /) -> Difference | None:
        """Tell how a finding is not what the law makes of its facts; None when it is."""
        ...

    def guard(self, on: date) -> Guard:
        """Tell when two weighings are of one transport, by the law of a local day."""
        ...

    def most_points(self, on: date) -> int:
        """Tell how many points one act carries at most, by the law of a local day."""
        ...


@dataclass(slots=True)
class Touched:
    """Rows that a fold has written, by their keys, without repetition.

    ``down``: what every station must hear of it, to be written into the centre's own ledger.
    """

    nodes: dict[str, None] = field(default_factory=dict)
    alarms: dict[int, None] = field(default_factory=dict)
    down: list[tuple[Kind, Payload]] = field(default_factory=list)

    def add(self, other: Touched) -> None:
        """Take in what another fold has written."""
        self.nodes |= other.nodes
        self.alarms |= other.alarms
        self.down += other.down


async def fold(arrived: Sequence[Arrived], books: Books, differs: Differs) -> Touched:
    """Write what entries mean, in their order.

    An entry that cannot be read (毒丸) keeps its place in the ledger, goes to quarantine with an
    alarm, and blocks nothing. As it is rare, all are tried at once first, then one by one.
    """
    touched = Touched()
    try:
        async with books.attempt():
            for one in arrived:
                touched.add(await _meaning(one, books, differs))
    except MalformedEntry:
        touched = Touched()
        for one in arrived:
            touched.add(await _fold_one(one, books, differs))
    return touched


async def _fold_one(one: Arrived, books: Books, differs: Differs) -> Touched:
    try:
        async with books.attempt():
            return await _meaning(one, books, differs)
    except MalformedEntry as exc:
        return await _quarantine(one, books, exc)


async def _meaning(one: Arrived, books: Books, differs: Differs) -> Touched:
    touched = Touched(nodes={one.entry.node: None})
    if not one.entry.kind:
        raise MalformedEntry("the bytes are not in canonical form")
    envelope, payload = read(one.entry)
    await _Step(one.entry, envelope, books, touched, differs).apply(payload)
    return touched


async def _quarantine(one: Arrived, books: Books, why: MalformedEntry) -> Touched:
    entry = one.entry
    await books.keep(
        Refused(
            node=entry.node,
            seq=entry.seq,
            digest=entry.digest,
            reason="poison",
            detail=why.detail,
            body=None,
            signature=None,
            stands_against=None,
            at=one.at,
        )
    )
    alarm = Alarm(
        node=entry.node,
        seq=entry.seq,
        code=MalformedKept.code,
        detail=why.detail,
        at=one.at,
        derived=True,
    )
    return Touched(nodes={entry.node: None}, alarms={await books.raise_alarm(alarm): None})


@dataclass(frozen=True, slots=True)
class _Step:
    entry: Entry
    envelope: Envelope
    books: Books
    touched: Touched
    differs: Differs

    async def apply(self, payload: Payload) -> None:
        match payload:
            case Passage():
                await self._passage(payload)
            case PassageReview():
                await self._review(payload)
            case UnweighedPass():
                await self._unweighed(payload)
            case CaseOpened():
                await self._opened(payload)
            case CaseAct():
                await self._act(payload)
            case DeviceEvent() | Outage() | WeightChanged() | ClockChange():
                await self._notice(payload)
            case WatchHit() | CentreContradiction() | EvasionOpened() | EvasionActed():
                await self._told(payload)
            case Run() if self.envelope.kind is Kind.START:
                await self._started()
            case PersonalErased() | LegalIds() | Permit() | VehicleMismatch() | MismatchesCopied():
                await self._listed(payload)

    async def _listed(
        self, payload: PersonalErased | LegalIds | Permit | VehicleMismatch | MismatchesCopied
    ) -> None:
        if isinstance(payload, LegalIds | Permit | MismatchesCopied):
            await self._require_own()
        match payload:
            case VehicleMismatch():
                await self.books.add_mismatch(mismatch_row(self.entry, payload))
            case MismatchesCopied():
                await self.books.note_copied(self.entry.seq, moment(payload.at), payload)
            case Permit():
                await self.books.add_permit(self.entry.seq, payload)
            case PersonalErased():
                await self.books.ask_erasure(self.entry.node, payload.seqs, self.entry.seq)
            case LegalIds():
                await self.books.replace_legal_ids(payload.allowed)

    async def _require_own(self) -> None:
        """Let no station tell what the centre alone tells."""
        if not await self.books.owns(self.entry.node):
            raise MalformedEntry("only the centre's own ledger tells of it")

    async def _passage(self, passage: Passage) -> None:
        row = passage_row(self.entry, passage)
        if not await self.books.add_passage(row):
            raise MalformedEntry("its passage_id is taken", passage_id=row.passage_id)
        found = Found(
            gross_kg=row.gross_kg,
            transport=Transport(
                node=row.node,
                plate=row.plate or "",
                trailer=row.trailer_plate,
                on=row.occurred_on,
                at=row.at,
            ),
            mode=passage.mode,
            vehicle=passage.vehicle,
            verdict=passage.verdict,
            permits=passage.permits,
        )
        await self._compare(row.passage_id, found)

    async def _review(self, review: PassageReview) -> None:
        row = reviewed_row(self.entry, review)
        weighed = await self.books.review_passage(row)
        if weighed is None:
            raise MalformedEntry("no such passage", passage_id=row.passage_id)
        found = Found(
            gross_kg=weighed.gross_kg,
            transport=Transport(
                node=row.node,
                plate=row.plate or "",
                trailer=row.trailer_plate,
                on=weighed.occurred_on,
                at=weighed.at,
            ),
            mode=review.mode,
            vehicle=review.vehicle,
            verdict=review.verdict,
            permits=review.permits,
        )
        await self._compare(row.passage_id, found)

    async def _compare(self, passage_id: str, found: Found) -> None:
        if found.permits is not None and found.permits.permit is not None:
            await self._confirm(passage_id, found.permits.permit)
        difference = self.differs(found)
        if difference is None:
            return
        if difference.once:
            await self._alarm(difference.code, difference.detail, once=True)
        else:
            await self._alarm(difference.code, f"{passage_id}: {difference.detail}")

    async def _confirm(self, passage_id: str, permit: HeldPermit) -> None:
        """Hold the permit of a finding against the register of this office (通行证核实)."""
        known = await self.books.permits(permit.permit_no)
        if any(is_same(permit, seq, one) for seq, one in known):
            return
        code = PERMIT_UNCONFIRMED if permit.origin == PAPER else PERMIT_DIFFERS
        await self._alarm(code, f"{passage_id}: {permit.permit_no}")

    async def _unweighed(self, passed: UnweighedPass) -> None:
        await self.books.add_unweighed(
            Unweighed(
                node=self.entry.node,
                seq=self.entry.seq,
                began_at=moment(passed.began_at),
                reason=passed.reason,
                plate=passed.plate,
            )
        )

    async def _opened(self, payload: CaseOpened) -> None:
        case = opened(payload)
        if not await self.books.open_case(self.entry.node, self.entry.seq, case):
            raise MalformedEntry("its case_no is taken", case_no=payload.case_no)

    async def _act(self, payload: CaseAct) -> None:
        """Do the act again by the table. What the table forbids has no effect here but an alarm."""
        node, at = self.entry.node, moment(payload.at)
        found = await self.books.case(node, payload.case_no)
        if found is None:
            await self._alarm(UNKNOWN_CASE, payload.case_no)
            return
        try:
            act = Act(payload.act)
            case = await self._after(found.case, act, payload, at)
        except DomainError as exc:
            await self._alarm(ACT_REFUSED, f"{payload.case_no} {payload.act}: {exc}")
            return
        except ValueError as exc:
            raise MalformedEntry(str(exc)) from exc
        if case is None:
            await self._alarm(FALSE_ANSWER, f"{payload.case_no} {payload.act}")
            return
        await self._noted(OpenedCase(case=case, occurred_on=found.occurred_on), act, payload, at)
        closed_on = local_day(case.closed_at) if case.closed_at else None
        await self.books.save_case(node, self.entry.seq, case, closed_on)

    async def _after(self, case: Case, act: Act, payload: CaseAct, at: datetime) -> Case | None:
        """Return the case after an act; None where it states an answer that was never given."""
        if act not in _ANSWERS:
            by, on = named_pair(Role(payload.authority), payload.officers, at), local_day(at)
            self._require_points(payload, on)
            return case.after(act, by=by, at=at, on=on, details=payload.details)
        violation_id = str(payload.details.get("violation_id"))
        effective = await self.books.decision_effective(self.entry.node, case.case_no, violation_id)
        if effective is not (act is Act.TAKE_EFFECT):
            return None
        return case.after_claim(act, at=at, details=payload.details)

    def _require_points(self, payload: CaseAct, on: date) -> None:
        points = payload.details.get("points")
        if isinstance(points, int) and points > 0 and points > self.differs.most_points(on):
            raise InvalidFacts("more points than one act carries", field="points")

    async def _noted(self, found: OpenedCase, act: Act, payload: CaseAct, at: datetime) -> None:
        """Write what an act means beyond the case itself."""
        node, case = self.entry.node, found.case
        if act is Act.DECIDE:
            await self._decided(found, payload)
        elif act is Act.WITHDRAW or _revoked(act, case):
            await self.books.end_decision(node, self.entry.seq, case.case_no)
            ended = DecisionEnded(node=node, case_no=case.case_no, plate=case.plate, at=payload.at)
            self.touched.down.append((Kind.DECISION_ENDED, ended))
        elif act is Act.END_REMEDY:
            await self.books.change_decision(node, self.entry.seq, case)
        elif act is Act.RECHECK_CLEAR:
            await self._cleared(case, payload, at)
        elif act is Act.VOID:
            await self._alarm(VOIDED, f"{case.case_no} {case.plate}: {payload.details['reason']}")

    async def _cleared(self, case: Case, payload: CaseAct, at: datetime) -> None:
        node = self.entry.node
        cleared_kg = int(payload.details["gross_kg"])
        unloaded = max(0, case.gross_kg - cleared_kg)
        await self.books.note_unloading(node, self.entry.seq, case.case_no, at, unloaded)
        form = UnloadingForm(
            node=node,
            case_no=case.case_no,
            plate=case.plate,
            weighed_at=stamp(case.opened_at),
            gross_kg=case.gross_kg,
            cleared_at=payload.at,
            cleared_kg=cleared_kg,
        )
        self.touched.down.append((Kind.UNLOADING_FORM, form))

    async def _decided(self, decided: OpenedCase, payload: CaseAct) -> None:
        """Judge whether the act was fined before, and answer the station (一事不再罚)."""
        case, node = decided.case, self.entry.node
        stands = await self._standing(decided) if case.fine_fen else None
        decision = Decision(
            node=node,
            seq=self.entry.seq,
            case_no=case.case_no,
            violation_id=case.violation_id if stands is None else stands.violation_id,
            plate=case.plate,
            occurred_on=decided.occurred_on,
            decided_at=moment(payload.at),
            kind=str(payload.details["kind"]),
            fine_fen=int(payload.details["fine_fen"]),
            points=int(payload.details["points"]),
            effective=stands is None,
        )
        await self.books.add_decision(decision)
        self.touched.down.append(_answer(decision, payload.at, stands))
        if stands is not None:
            detail = f"{case.case_no}: {stands.node} {stands.case_no}"
            await self._alarm(SECOND_FINE, detail)

    async def _standing(self, decided: OpenedCase) -> Standing | None:
        guard = self.differs.guard(decided.occurred_on)
        return await self.books.standing(decided.case, self.entry.node, guard)

    async def _started(self) -> None:
        """Tell once of a program that is on no list: it may not weigh."""
        legal_id, on = self.envelope.legal_id, local_day(moment(self.envelope.wall_utc))
        if not await self.books.may_weigh(legal_id, on):
            await self._alarm(NOT_ALLOWED, legal_id, once=True)

    async def _notice(self, event: DeviceEvent | Outage | WeightChanged | ClockChange) -> None:
        match event:
            case DeviceEvent() if self.envelope.kind is Kind.DEVICE_FAULT:
                await self._alarm(event.code, f"{event.device} {event.detail}".strip())
            case DeviceEvent():
                await self._alarm(RECOVERED, f"{event.device} {event.detail}".strip())
            case Outage():
                await self._alarm(self.envelope.kind.value, str(event.waiting))
            case WeightChanged():
                detail = f"{event.passage_id}: {event.recorded_kg} → {event.later_kg} kg"
                await self._alarm(WEIGHT_CHANGED, detail)
            case ClockChange():
                await self._alarm(CLOCK_CHANGED, f"{event.before} → {event.after}")

    async def _told(
        self, event: WatchHit | CentreContradiction | EvasionOpened | EvasionActed
    ) -> None:
        told: Told | None = None
        match event:
            case WatchHit():
                told = WATCH_HIT, f"{event.plate} {event.reason}"
            case CentreContradiction():
                told = CentreContradicts.code, event.what
            case EvasionOpened():
                told = await evasion_opened(self.entry, event, self.books)
            case EvasionActed():
                told = await evasion_acted(self.entry, event, self.books)
        if told is not None:
            await self._alarm(*told)

    async def _alarm(self, code: str, detail: str, *, once: bool = False) -> None:
        alarm = Alarm(
            node=self.entry.node,
            seq=self.entry.seq,
            code=code,
            detail=detail,
            at=moment(self.envelope.wall_utc),
            derived=True,
        )
        if once and await self.books.alarmed(alarm):
            return
        self.touched.alarms[await self.books.raise_alarm(alarm)] = None


def _answer(decision: Decision, at: str, stands: Standing | None) -> tuple[Kind, Payload]:
    """Return what the station hears of its decision."""
    if stands is None:
        return Kind.DECISION_IN_FORCE, DecisionInForce(
            node=decision.node,
            case_no=decision.case_no,
            violation_id=decision.violation_id,
            plate=decision.plate,
            occurred_on=decision.occurred_on.isoformat(),
            decided_at=at,
            kind=decision.kind,
        )
    return Kind.DECISION_BARRED, DecisionBarred(
        node=decision.node,
        case_no=decision.case_no,
        violation_id=stands.violation_id,
        plate=decision.plate,
        occurred_on=decision.occurred_on.isoformat(),
        decided_at=at,
        standing_node=stands.node,
        standing_case_no=stands.case_no,
    )


def _revoked(act: Act, case: Case) -> bool:
    return act is Act.END_REMEDY and case.state.penalty is Penalty.REVOKED
