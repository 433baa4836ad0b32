"""A driver's page (当事人查询): what the centre holds of the one case that his slip opens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from central.application.ledger_ports import Archive
from central.application.ports import OpenedCase
from central.application.publishing import OwnLedger
from station.contract.driver_page import page_digest
from station.contract.entries import (
    DocumentPrinted,
    DriverRequest,
    Kind,
    Passage,
    PassageReview,
    Payload,
    Record,
    read,
)
from station.contract.sealing import stamp
from station.domain.case import Case
from station.domain.clock import Clock
from station.domain.errors import DomainError, MalformedEntry, NotFound, StorageError
from station.domain.ledger import Entry
from station.domain.procedure import Act
from station.domain.stages import Custody, Removal
from station.domain.units import Kg
from station.rules.lawbook import LawBook
from station.rules.records import vehicle_from_record
from station.rules.unloading import UnloadPlan, plan_of

FOLLOW_EVERY_S: Final = 2.0
MOST_PICTURES: Final = 4
RECHECK: Final = "recheck"
_THERE: Final = (Custody.HELD, Custody.DETAINED)
_NOBODYS: Final = bytes(16)
"""What is looked up instead of what is no code, so that both take as long."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOf:
    """Whose page it is."""

    node: str
    case_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHeld:
    """What the centre holds of a case. ``entries``: the weighings and their reviews, in order."""

    station: str
    road: str
    opened: OpenedCase
    entries: tuple[Entry, ...]


class Book(Protocol):
    """Ledgers and projections, read for one case. Every call may raise StorageError."""

    async def prints(self, after: int) -> tuple[int, list[Entry]]:
        """Return up to where the log was looked through from *after*.

        With it the prints of documents in there, and what drivers asked.
        """
        ...

    async def held(self, page: PageOf) -> CaseHeld | None:
        """Return what is held of a case; None while its opening has not come."""
        ...


class Pictures(Protocol):
    """Recordings that stations have sent."""

    async def fetch(self, sha256: str) -> bytes:
        """Return a whole recording, verified.

        Raises:
            NotFound: it is not here, or is no longer what it was.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighingShown:
    """One weighing of the truck, as it stands after reviews.

    ``axles``: (group, kg) of each axle in order, empty where they were not weighed.
    """

    passage: Passage
    explanation: str
    limit_kg: int | None
    excess_kg: int | None
    axles: tuple[tuple[int, int], ...]
    vehicle: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverPage:
    """What a driver sees.

    Attributes:
        first: None while its entry has not come.
        rechecks: in order.
        plan: what to take off; None where nothing is over or the limit is open.
        pictures: (media type, bytes) of the first weighing.
        pictures_missing: so many have not come yet, or are not kept any more.
        asked: what the driver asked; None for nothing.
        rights: numbers of the law data in force on the day of the case, by name.
    """

    station: str
    road: str
    case: Case
    first: WeighingShown | None
    rechecks: tuple[WeighingShown, ...]
    plan: UnloadPlan | None
    pictures: tuple[tuple[str, bytes], ...]
    pictures_missing: int
    rights: Mapping[str, int]
    asked: DriverRequest | None


_RIGHTS: Final = {
    "reconsideration_days": "deadline.reconsideration",
    "litigation_months": "deadline.litigation",
    "litigation_again_days": "deadline.litigation_after_reconsideration",
    "pay_days": "deadline.pay",
    "hearing_request_days": "deadline.hearing_request",
}


class DriverPages:
    """Finds pages by their codes. What leads to them is held in memory, read from the log."""

    def __init__(
        self,
        *,
        book: Book,
        pictures: Pictures,
        law: LawBook,
        clock: Clock,
        archive: Archive,
        own: OwnLedger,
        answer_within: timedelta,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._book = book
        self._pictures = pictures
        self._law = law
        self._clock = clock
        self._archive = archive
        self._own = own
        self._answer_within = answer_within
        self._sleep = sleep
        self._asking = asyncio.Lock()
        self._asked: dict[PageOf, DriverRequest] = {}
        self._pages: dict[str, PageOf] = {}
        self._followed = 0

    async def run(self) -> None:
        """Follow the log for ever."""
        while True:
            try:
                more = await self.follow()
            except StorageError as exc:
                _LOG.warning("drivers' pages wait for the log", extra={"code": exc.code})
                more = False
            if not more:
                await self._sleep(FOLLOW_EVERY_S)

    async def follow(self) -> bool:
        """Look through the next part of the log; False when there was none."""
        reached, entries = await self._book.prints(self._followed)
        for entry in entries:
            match _payload(entry):
                case DocumentPrinted() as printed if printed.page:
                    # The first print counts: nobody else takes a page over.
                    page = PageOf(node=entry.node, case_no=printed.case_no)
                    self._pages.setdefault(printed.page, page)
                case DriverRequest() as asked:
                    self._asked[PageOf(node=asked.node, case_no=asked.case_no)] = asked
        more = reached > self._followed
        self._followed = reached
        return more

    async def __call__(self, token: bytes | None) -> DriverPage | None:
        """Return the page of a code; None for none, or one that has not come yet."""
        page = self._page(token)
        held = None if page is None or token is None else await self._book.held(page)
        if held is None:
            return None
        weighed = _weighings(held.entries)
        case = held.opened.case
        first = weighed.pop(case.passage_id, None)
        pictures, missing = await self._shown(first)
        rechecks = tuple(weighed.values())
        return DriverPage(
            station=held.station,
            road=held.road,
            case=case,
            first=first,
            rechecks=rechecks,
            plan=self._plan(rechecks[-1] if rechecks else first, held.opened.occurred_on),
            pictures=pictures,
            pictures_missing=missing,
            rights=self._rights(held.opened.occurred_on),
            asked=None if page is None else self._asked.get(page),
        )

    async def ask_recheck(self, token: bytes | None) -> None:
        """Write, durably, that a driver asks to be weighed once more; once in a case.

        Nothing is written for what is no code, or where the truck is gone or was cleared already.
        """
        async with self._asking:
            page = self._page(token)
            held = None if page is None or token is None else await self._book.held(page)
            if page is None or held is None or page in self._asked:
                return
            if recheck_possible(held.opened.case):
                self._asked[page] = await self._written(page, held.opened.case.plate)

    async def _written(self, page: PageOf, plate: str) -> DriverRequest:
        now = self._clock.now()
        request = DriverRequest(
            node=page.node,
            case_no=page.case_no,
            plate=plate,
            what=RECHECK,
            at=stamp(now),
            answer_by=stamp(now + self._answer_within),
        )
        async with self._archive.desk() as desk:
            await self._own.write(desk, [(Kind.DRIVER_REQUEST, request)])
        return request

    def _page(self, token: bytes | None) -> PageOf | None:
        return self._pages.get(page_digest(_NOBODYS if token is None else token))

    async def _shown(
        self, weighing: WeighingShown | None
    ) -> tuple[tuple[tuple[str, bytes], ...], int]:
        named = [] if weighing is None else weighing.passage.pictures[:MOST_PICTURES]
        found = list[tuple[str, bytes]]()
        for picture in named:
            try:
                found.append((picture.media_type, await self._pictures.fetch(picture.sha256)))
            except NotFound:
                continue
        return tuple(found), len(named) - len(found)

    def _plan(self, weighing: WeighingShown | None, on: date) -> UnloadPlan | None:
        if weighing is None or weighing.limit_kg is None or not weighing.excess_kg:
            return None
        gross, limit = Kg(weighing.passage.weighing.gross_kg), Kg(weighing.limit_kg)
        try:
            vehicle = vehicle_from_record(weighing.vehicle or {})
            return plan_of(vehicle, gross, limit, self._law.on(on))
        except DomainError:
            # Facts of a later edition of the program, or a day before any law: no advice.
            return None

    def _rights(self, on: date) -> dict[str, int]:
        return {name: int(self._law.provision(key, on).value) for name, key in _RIGHTS.items()}


def served_at(case: Case) -> datetime | None:
    """Return when the decision was served, None before."""
    done = case.newest(Act.SERVE)
    return None if done is None else done.at


def recheck_possible(case: Case) -> bool:
    """Tell whether a truck stands at the station and was not cleared."""
    return case.state.custody in _THERE and case.state.removal is not Removal.CLEAR


def _payload(entry: Entry) -> Payload | None:
    try:
        return read(entry)[1]
    except MalformedEntry:
        return None  # it is in quarantine already, and nobody's page


def _weighings(entries: Iterable[Entry]) -> dict[str, WeighingShown]:
    """Return weighings by passage, in order, as they stand after reviews."""
    found: dict[str, WeighingShown] = {}
    for entry in entries:
        match read(entry)[1]:
            case Passage() as made:
                found[made.passage_id] = _weighing(made, made)
            case PassageReview() as review if review.passage_id in found:
                found[review.passage_id] = _weighing(found[review.passage_id].passage, review)
    return found


def _weighing(passage: Passage, said: Passage | PassageReview) -> WeighingShown:
    limit, excess = said.verdict.get("limit_kg"), said.verdict.get("excess_kg")
    return WeighingShown(
        passage=passage,
        explanation=said.explanation,
        limit_kg=limit if isinstance(limit, int) else None,
        excess_kg=excess if isinstance(excess, int) else None,
        axles=_axles(said.vehicle),
        vehicle=said.vehicle,
    )


def _axles(vehicle: Record | None) -> tuple[tuple[int, int], ...]:
    axles = (vehicle or {}).get("axles")
    if not isinstance(axles, list):
        return ()
    weighed = [
        (axle["group"], axle["weight_kg"])
        for axle in axles
        if isinstance(axle, dict) and isinstance(axle.get("weight_kg"), int)
    ]
    return tuple(weighed) if len(weighed) == len(axles) else ()
