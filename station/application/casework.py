"""Acts on cases (办案): who asks, may they, does the table allow it; then written, then told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from station.application.centre_ports import DriverRequests
from station.application.completeness import Completeness
from station.application.duty import Duty
from station.application.findings import Judge
from station.application.penalty_bounds import require_within_the_law
from station.application.ports import Draft, Ledger, Views
from station.application.terms import Terms
from station.application.views import moment, receipt
from station.contract.entries import CaseAct, CaseOpened, Kind, Record, Weighing
from station.contract.personal import SALT_BYTES, Opening
from station.contract.sealing import local_day, stamp
from station.domain.asking import HEARING_FIRST, Asked
from station.domain.case import Case
from station.domain.clock import VERIFIED, Believed, Clock
from station.domain.errors import BadOpening, ClockUnverified, InvalidFacts, StatementUnreviewed
from station.domain.identifiers import masked, personal_text
from station.domain.officers import Officer, Pair, Permission, Role
from station.domain.procedure import Act
from station.domain.said import PERSONAL, Details
from station.rules.verdict import RECORDED, Outcome

RECHECK: Final = "recheck"
"""The officer names the passage; whether it is clear follows from its weight."""

NOTHING: Final[Mapping[str, str]] = {}

_PERMISSION: Final = {Role.ROAD: Permission.ACT_ROAD, Role.POLICE: Permission.ACT_POLICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case with what an officer needs beside it.

    Attributes:
        rechecks: ids of the passages of the same truck after the first weighing, newest first.
        police: what the rules core found for the police: bands and points.
        personal: what each act of the history says of a person, masked.
    """

    case: Case
    rechecks: tuple[str, ...]
    police: Record
    personal: tuple[dict[str, str], ...]


class Casework:
    """All acts at this station, one at a time.

    ``lock`` is held by whoever reads a case or a plate's cases and then writes about them.
    """

    def __init__(
        self,
        *,
        prefix: str,
        ledger: Ledger,
        views: Views,
        duty: Duty,
        judge: Judge,
        terms: Terms,
        completeness: Completeness,
        requests: DriverRequests,
        clock: Clock,
        time: Callable[[], Believed],
        publish: Callable[[CaseFile], None],
    ) -> None:
        self._prefix = prefix
        self._ledger = ledger
        self._views = views
        self._duty = duty
        self._judge = judge
        self._terms = terms
        self._completeness = completeness
        self._requests = requests
        self._clock = clock
        self._time = time
        self._publish = publish
        self.lock = asyncio.Lock()

    async def file(self, case_no: str) -> CaseFile:
        """Return a case file.

        Raises:
            NotFound: there is none.
        """
        return await self.complete(await self._views.case(case_no))

    async def complete(self, case: Case) -> CaseFile:
        """Return the case file of *case*."""
        rechecks = await self._views.rechecks(case.case_no)
        first = await self._views.passage(case.passage_id)
        police = first.verdict.get("police")
        return CaseFile(
            case=case,
            rechecks=tuple(view.passage.passage_id for view in rechecks),
            police=police if isinstance(police, dict) else {},
            personal=await self._personal(case),
        )

    async def _personal(self, case: Case) -> tuple[dict[str, str], ...]:
        try:
            kept = await self._views.personal(case.case_no)
        except BadOpening:
            # Spoilt on the disk: the case goes on without it, and the entry still commits to it.
            return tuple({} for _ in case.history)
        shown = tuple({one.field: masked(one.field, one.text) for one in act} for act in kept)
        return shown[: len(case.history)]  # another act may have come since the case was read

    async def opening(
        self,
        passage_id: str,
        weighing: Weighing,
        plate: str | None,
        verdict: Record,
        recheck_of: str | None,
    ) -> CaseOpened | None:
        """Return the case that a passage opens, or None. The caller holds ``lock``.

        Only a violation opens one, found on a verified scale, on a vehicle whose plate is certain
        and for which no case holds it already.
        """
        violation = verdict["verdict"] == RECORDED[Outcome.VIOLATION]
        if not (violation and plate and weighing.evidence) or recheck_of:
            return None
        now = self._clock.now()
        day = local_day(now)
        penal = self._terms.penal(date.fromisoformat(day))
        if penal is None:
            return None
        number = await self._views.cases_opened_on(day) + 1
        return CaseOpened(
            case_no=f"{self._prefix}{day.replace('-', '')}{number:04d}",
            violation_id=passage_id,
            passage_id=passage_id,
            plate=plate,
            occurred_on=day,
            opened_at=stamp(now),
            gross_kg=weighing.gross_kg,
            limit_kg=_kg(verdict["limit_kg"]),
            excess_kg=_kg(verdict["excess_kg"]),
            mode=self._terms.mode.value,
            penal=penal.value,
        )

    async def act(
        self,
        case_no: str,
        act: str,
        details: Details,
        *,
        officer: Officer,
        second_no: str,
        personal: Mapping[str, str] = NOTHING,
    ) -> str:
        """Do one act, durably, and return its receipt.

        ``personal``: what the act says of a person, see :data:`station.domain.said.PERSONAL`.

        Raises:
            NotFound: no such case or re-check passage.
            NotPermitted: not an act of this officer's role, or his certificate has run out.
            TwoOfficersRequired: the second is not on duty here, or of another authority.
            IllegalTransition, WrongAuthority, InvalidFacts: see :meth:`Case.after`.
            StatementUnreviewed: a statement of the driver's page must be reviewed first.
            CaseIncomplete: closing, and the file lacks something.
            ClockUnverified: deciding, and the time here is not sure.
            StoreFull: nothing was done.
        """
        async with self.lock:
            case = await self._views.case(case_no)
            kind, details = await self._resolved(case, act, details)
            pair, now = await self.pair(officer, second_no), self._clock.now()
            on = date.fromisoformat(local_day(now))
            details = self._terms.filled_in(case, kind, details, on)
            self._terms.check_cargo(case, kind, details, on)
            if kind in (Act.NOTIFY, Act.DECIDE):
                await self._within_the_law(case, details, on)
            after = case.after(kind, by=pair, at=now, on=on, details=details)
            if kind is Act.DECIDE:
                self.require_true_time()
            if kind in HEARING_FIRST:
                await self._reviewed(case_no)
            if kind is Act.CLOSE:
                await self._completeness.require(case)
            written = await self._write(after, _openings(kind, personal))
        self._publish(await self.file(case_no))
        return written

    async def _reviewed(self, case_no: str) -> None:
        """Refuse to go on over what the driver stated on his page and nobody has reviewed."""
        asked = await self._requests.of_case(case_no)
        open_ones = [one for one in asked if one.asked is Asked.STATEMENT and one.answer is None]
        if open_ones:
            raise StatementUnreviewed(case_no=case_no, count=len(open_ones))

    async def answered(self, case_no: str, act: Act, details: Details) -> str:
        """Record the centre's answer to a decision, durably, and return its receipt.

        Raises:
            NotFound: no such case.
            IllegalTransition, WrongAuthority, InvalidFacts: see :meth:`Case.after_claim`.
            StatementUnreviewed: the driver stated something while this station was off line.
            StoreFull: nothing was done.
        """
        async with self.lock:
            case = await self._views.case(case_no)
            if act is Act.TAKE_EFFECT:
                await self._reviewed(case_no)
            after = case.after_claim(act, at=self._clock.now(), details=details)
            written = await self._write(after, ())
        self._publish(await self.file(case_no))
        return written

    async def voiding(self, case_no: str, reason: str, pair: Pair) -> Draft:
        """Return the act that voids a case, to be written with what makes it void.

        The caller holds ``lock``.

        Raises:
            NotFound: no such case.
            IllegalTransition, WrongAuthority: see :meth:`Case.after`.
        """
        case, now = await self._views.case(case_no), self._clock.now()
        on = date.fromisoformat(local_day(now))
        after = case.after(Act.VOID, by=pair, at=now, on=on, details={"reason": reason})
        return self._draft(after, ())

    async def _write(self, after: Case, openings: tuple[Opening, ...]) -> str:
        (entry,) = await self._ledger.append(self._draft(after, openings))
        return receipt(entry)

    @staticmethod
    def _draft(after: Case, openings: tuple[Opening, ...]) -> Draft:
        done = after.history[-1]
        payload = CaseAct(
            case_no=after.case_no,
            act=done.act.value,
            authority=done.role.value,
            officers=list(done.officers),
            at=stamp(done.at),
            details=done.details,
            stage=str(after.state),
            plate=after.plate,
            violation_id=after.violation_id,
            personal={one.field: one.commitment for one in openings},
        )
        return Draft(Kind.CASE_ACT, payload, openings)

    async def _within_the_law(self, case: Case, details: Details, on: date) -> None:
        first = await self._views.passage(case.passage_id)
        require_within_the_law(
            self._judge,
            case,
            first.verdict,
            details,
            occurred_on=date.fromisoformat(first.passage.occurred_on),
            on=on,
        )

    def require_true_time(self) -> None:
        """Refuse while nobody knows how far this clock is off: a decision's days run from it.

        Raises:
            ClockUnverified: the centre has not been heard for long, or shows another time.
        """
        whose = self._time().whose
        if whose != VERIFIED:
            raise ClockUnverified(whose=whose)

    async def pair(self, officer: Officer, second_no: str) -> Pair:
        """Return the two who act, with good certificates.

        Raises:
            NotPermitted: not an act of this officer's role, or a certificate has run out.
            TwoOfficersRequired: the second is not on duty here, or of another authority.
        """
        today = date.fromisoformat(local_day(self._clock.now()))
        second = await self._duty.on_duty(second_no)
        pair = Pair(first=officer, second=second)
        permission = _PERMISSION.get(officer.role, Permission.ACT_ROAD)
        officer.require(permission, on=today)
        second.require(permission, on=today)
        return pair

    async def _resolved(self, case: Case, act: str, details: Details) -> tuple[Act, Details]:
        """Return the act of the table that the officer's words mean."""
        if act == RECHECK:
            return await self._recheck(case, details)
        try:
            kind = Act(act)
        except ValueError as exc:
            raise InvalidFacts("there is no such act", field="act", why="no_act") from exc
        if kind in (Act.RECHECK_CLEAR, Act.RECHECK_OVER):
            raise InvalidFacts(
                "a re-check names its passage only", field="act", why="recheck_passage"
            )
        return kind, details

    async def _recheck(self, case: Case, details: Details) -> tuple[Act, Details]:
        passage_id = details.get("passage_id")
        if not isinstance(passage_id, str) or len(details) != 1:
            raise InvalidFacts(
                "a re-check names its passage only", field="passage_id", why="recheck_passage"
            )
        view = await self._views.passage(passage_id)
        weighed_at = moment(view.passage.weighing.settled_at)
        since = case.unloading_since
        if view.recheck_of != case.case_no or passage_id in case.rechecked_by:
            raise InvalidFacts(
                "not a new weighing of this truck", field="passage_id", why="not_its_recheck"
            )
        if since is not None and weighed_at <= since:
            raise InvalidFacts(
                "weighed before the load was taken off", field="passage_id", why="weighed_before"
            )
        newest = (await self._views.rechecks(case.case_no))[0].passage
        if moment(newest.weighing.settled_at) > weighed_at:
            raise InvalidFacts(
                "the truck was weighed again since", field="passage_id", why="weighed_since"
            )
        if not view.passage.weighing.evidence or view.excess_kg is None:
            raise InvalidFacts(
                "this weighing settles nothing yet", field="passage_id", why="no_evidence"
            )
        act = Act.RECHECK_OVER if view.excess_kg else Act.RECHECK_CLEAR
        return act, {
            "passage_id": passage_id,
            "gross_kg": view.passage.weighing.gross_kg,
            "excess_kg": view.excess_kg,
        }


def _openings(act: Act, personal: Mapping[str, str]) -> tuple[Opening, ...]:
    for field in personal:
        if field not in PERSONAL.get(act, ()):
            raise InvalidFacts(f"{act.value} does not ask for it", field=field, why="odd_field")
    return tuple(
        Opening(
            field=field,
            salt=secrets.token_bytes(SALT_BYTES).hex(),
            text=personal_text(field, text),
        )
        for field, text in personal.items()
    )


def _kg(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a violation has a limit and an excess")
    return value
