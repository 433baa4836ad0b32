"""Evasion cases (逃避、抗拒检测案件): opened and acted on by two of road administration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from station.application.casework import Casework
from station.application.findings import FEN_PER_YUAN
from station.application.ports import Draft, Ledger, Views
from station.application.terms import HEARING, PAY, Terms
from station.application.views import Alarm, PassageView, receipt
from station.contract.entries import EvasionActed, EvasionOpened, Evidence, Kind, RecordingImported
from station.contract.evasion_record import EvasionRecord, evasion_record
from station.contract.sealing import local_day, stamp
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, NotFound, WrongAuthority
from station.domain.evasion import (
    COMPUTED,
    Act,
    Deed,
    Details,
    Evasion,
    check_digest,
    check_opening,
)
from station.domain.ledger import Entry
from station.domain.officers import Officer, Role
from station.domain.plates import parse

AUTHORITY: Final = "penalty.authority.evasion"
MOST: Final = "penalty.road_admin.evasion_max"
OPENED: Final = "evasion.opened"
ALL: Final = 100_000
"""More evasion cases than a station ever opens."""


class Evasions(Protocol):
    """The evasion cases of this station."""

    async def evasions(self, *, closed: bool, limit: int) -> list[Evasion]:
        """Return evasion cases, newest first."""
        ...

    async def evasion(self, evasion_no: str) -> Evasion:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        ...

    async def evasions_opened_on(self, day: str) -> int:
        """Return how many were opened on a local day (``YYYY-MM-DD``)."""
        ...


class EvasionFiles(Protocol):
    """What the ledger says of each."""

    async def file_entries(self, case_no: str) -> list[Entry]:
        """Return the opening of an evasion case and its acts, in order; none when there is none."""
        ...

    async def clips(self, limit: int) -> list[RecordingImported]:
        """Return the clips that were taken in last, newest first."""
        ...


class LetterPress(Protocol):
    """Makes letters."""

    def letter(self, record: EvasionRecord, weighed: PassageView | None) -> bytes:
        """Return the letter with which a case was handed over (PDF); always the same bytes.

        Raises:
            NotFound: it was handed over to nobody.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What the officers report.

    Attributes:
        plate: as it was seen, "" when nobody could read it.
        passage_id: the weighing that belongs to it, "" when there is none.
    """

    deed: str
    plate: str
    place: str
    occurred_at: datetime
    passage_id: str
    facts: str
    evidence: Sequence[Evidence]


class Evading:
    """All acts on evasion cases, one at a time."""

    def __init__(
        self,
        *,
        prefix: str,
        ledger: Ledger,
        views: Views,
        evasions: Evasions,
        files: EvasionFiles,
        press: LetterPress,
        casework: Casework,
        terms: Terms,
        clock: Clock,
        publish: Callable[[Alarm], None],
    ) -> None:
        self._prefix = prefix
        self._ledger = ledger
        self._views = views
        self.evasions = evasions
        self._files = files
        self._press = press
        self._casework = casework
        self._terms = terms
        self._clock = clock
        self._publish = publish

    async def record(self, evasion_no: str) -> EvasionRecord:
        """Return what the ledger says of a case.

        Raises:
            NotFound: no such evasion case.
        """
        entries = await self._files.file_entries(evasion_no)
        if not entries:
            raise NotFound("evasion", evasion_no=evasion_no)
        return evasion_record(entries)

    async def clips(self, limit: int) -> list[RecordingImported]:
        """Return the clips that were taken in last, newest first: they may be evidence."""
        return await self._files.clips(limit)

    async def letter(self, evasion_no: str) -> bytes:
        """Return the letter (案件移送书) of the newest transfer, without names.

        Raises:
            NotFound: no such evasion case, or it was handed over to nobody.
        """
        record = await self.record(evasion_no)
        passage_id = record.report.passage_id
        weighed = await self._views.passage(passage_id) if passage_id else None
        return await asyncio.to_thread(self._press.letter, record, weighed)

    async def open(self, incident: Incident, *, officer: Officer, second_no: str) -> Evasion:
        """Open a case, durably.

        Raises:
            NotFound: there is no such passage.
            NotPermitted, TwoOfficersRequired: see :meth:`Casework.pair`.
            InvalidFacts: no such deed, plate, digest, nothing is said of what happened, or there is
                a file of it.
            StoreFull: nothing was done.
        """
        deed = _checked(incident)
        async with self._casework.lock:
            pair, now = await self._casework.pair(officer, second_no), self._clock.now()
            check_opening(pair, incident.occurred_at, now)
            if incident.passage_id:
                await self._views.passage(incident.passage_id)
            await self._require_new(deed, incident)
            day = local_day(now)
            number = await self.evasions.evasions_opened_on(day) + 1
            opened = EvasionOpened(
                evasion_no=f"{self._prefix}T{day.replace('-', '')}{number:04d}",
                deed=deed.value,
                plate=incident.plate,
                place=incident.place,
                occurred_at=stamp(incident.occurred_at),
                opened_at=stamp(now),
                passage_id=incident.passage_id,
                facts=incident.facts,
                evidence=list(incident.evidence),
                officers=list(pair.certificate_nos),
            )
            await self._ledger.append(Draft(Kind.EVASION_OPENED, opened))
        detail = f"{opened.evasion_no} {opened.plate}".strip()
        self._publish(Alarm(code=OPENED, detail=detail, device="evasion", at=now))
        return await self.evasions.evasion(opened.evasion_no)

    async def _require_new(self, deed: Deed, incident: Incident) -> None:
        for closed in (False, True):
            for file in await self.evasions.evasions(closed=closed, limit=ALL):
                if file.is_of(deed, incident.plate, incident.occurred_at, incident.passage_id):
                    raise InvalidFacts(
                        f"{file.evasion_no} is of it",
                        field="occurred_at",
                        why="opened_already",
                        evasion_no=file.evasion_no,
                    )

    async def act(
        self, evasion_no: str, act: str, details: Details, *, officer: Officer, second_no: str
    ) -> str:
        """Do one act, durably, and return its receipt.

        Raises:
            NotFound: no such evasion case.
            NotPermitted, TwoOfficersRequired: see :meth:`Casework.pair`.
            EvasionActRefused, WrongAuthority, InvalidFacts: see :meth:`Evasion.after`.
            ClockUnverified: deciding, and the time here is not sure.
            StoreFull: nothing was done.
        """
        try:
            kind = Act(act)
        except ValueError as exc:
            raise InvalidFacts("there is no such act", field="act", why="no_act") from exc
        async with self._casework.lock:
            file = await self.evasions.evasion(evasion_no)
            pair, now = await self._casework.pair(officer, second_no), self._clock.now()
            on = date.fromisoformat(local_day(now))
            details = self._filled_in(file, kind, details, on)
            file = file.after(kind, by=pair, at=now, on=on, details=details)
            if kind is Act.DECIDE:
                self._casework.require_true_time()
            acted = EvasionActed(
                evasion_no=evasion_no,
                act=kind.value,
                officers=list(pair.certificate_nos),
                at=stamp(now),
                details=dict(details),
                stage=file.stage.value,
            )
            (entry,) = await self._ledger.append(Draft(Kind.EVASION_ACTED, acted))
        return receipt(entry)

    def _filled_in(self, file: Evasion, act: Act, details: Details, on: date) -> Details:
        """Return *details* with what the law puts in, and refuse what it does not allow."""
        for name in COMPUTED.get(act, frozenset()) & set(details):
            raise InvalidFacts(f"{name} follows from the law", field=name, why="by_law")
        if act is Act.SERVE:
            return {**details, "pay_by": self._terms.until(PAY, details, "served_on", on)}
        if act is not Act.NOTIFY:
            return details
        occurred_on = date.fromisoformat(local_day(file.occurred_at))
        if self._terms.law.provision(AUTHORITY, occurred_on).value != "road_admin":
            raise WrongAuthority(
                case_no=file.evasion_no, act=act.value, authority=Role.POLICE.value
            )
        most = int(self._terms.law.provision(MOST, occurred_on).value) * FEN_PER_YUAN
        fine = details.get("fine_fen")
        if not isinstance(fine, int) or not 0 < fine <= most:
            highest = most // FEN_PER_YUAN
            raise InvalidFacts(
                f"at most {highest} yuan", field="fine_fen", why="most_fine", most=highest
            )
        return {**details, "hearing_until": self._terms.last_day(HEARING, on)}


def _checked(incident: Incident) -> Deed:
    try:
        deed = Deed(incident.deed)
    except ValueError as exc:
        raise InvalidFacts("there is no such deed", field="deed") from exc
    for name in ("place", "facts"):
        if not getattr(incident, name).strip():
            raise InvalidFacts(f"{name} must not be empty", field=name)
    plate = parse(incident.plate) if incident.plate else None
    if incident.plate and (plate is None or plate.number != incident.plate):
        raise InvalidFacts("not a number plate", field="plate", why="no_plate")
    for one in incident.evidence:
        check_digest(one.digest)
    return deed
