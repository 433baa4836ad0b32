"""A driver's page (当事人查询): what the centre holds of the one case that his slip opens."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Protocol

from central.application.ledger_ports import Archive, Opened
from central.application.ports import OpenedCase
from central.application.publishing import OwnLedger
from station.contract.driver_page import page_digest
from station.contract.entries import (
    DocumentPrinted,
    DriverAnswer,
    DriverRequest,
    Kind,
    Passage,
    PassageReview,
    Payload,
    Record,
    read,
)
from station.contract.personal import SALT_BYTES, Opening
from station.contract.sealing import stamp
from station.contract.timeline import receipt
from station.domain.asking import MOST, Asked, may_ask, text_of
from station.domain.case import Case
from station.domain.clock import CHINA, Clock
from station.domain.errors import DomainError, MalformedEntry, NotFound, StorageError
from station.domain.ledger import Entry
from station.domain.units import Kg
from station.rules.clocks import LegalClock, clocks
from station.rules.deadlines import WorkingDays, last_moment
from station.rules.lawbook import LawBook
from station.rules.records import vehicle_from_record
from station.rules.unloading import UnloadPlan, plan_of

FOLLOW_EVERY_S: Final = 2.0
MOST_PICTURES: Final = 4
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

        With it the prints of documents in there, what drivers asked and what they were answered.
        """
        ...

    async def held(self, page: PageOf) -> CaseHeld | None:
        """Return what is held of a case; None while its opening has not come."""
        ...

    async def texts(self, node: str, seqs: Sequence[int]) -> dict[int, str]:
        """Return what drivers wrote beside entries of *node*, as far as it is not erased."""
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
class Told:
    """What a driver asked, by the entry of the centre that says so.

    Attributes:
        receipt: of that entry.
        text: what he wrote; "" for nothing, None once it is erased.
        answer: None before.
    """

    seq: int
    receipt: str
    request: DriverRequest
    text: str | None = ""
    answer: DriverAnswer | None = None

    @property
    def asked(self) -> Asked:
        """Return what it is."""
        return Asked(self.request.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverPage:
    """What a driver sees.

    Attributes:
        first: None while its entry has not come.
        rechecks: in order.
        plan: what to take off; None where nothing is over or the limit is open.
        pictures: (media type, bytes) of the first weighing.
        pictures_missing: so many have not come yet, or are not kept any more.
        told: what the driver asked, in order.
        may_ask: what else he can ask here now.
        rights: numbers of the law data in force on the day of the case, by name.
        clocks: the party's own that run or ran in this case, the next due first.
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
    clocks: tuple[LegalClock, ...]
    told: tuple[Told, ...]
    may_ask: frozenset[Asked]

    def newest(self, asked: Asked) -> Told | None:
        """Return what was asked last of one kind."""
        return next((one for one in reversed(self.told) if one.asked is asked), None)


PARTYS: Final = (
    "deadline.hearing_request",
    "deadline.pay",
    "deadline.reconsideration",
    "deadline.litigation",
    "deadline.litigation_after_reconsideration",
)
"""The clocks of a case that the party must know."""
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
        working: WorkingDays,
        clock: Clock,
        archive: Archive,
        own: OwnLedger,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._book = book
        self._pictures = pictures
        self._law = law
        self._working = working
        self._clock = clock
        self._archive = archive
        self._own = own
        self._sleep = sleep
        self._asking = asyncio.Lock()
        self._asked: dict[PageOf, dict[int, Told]] = {}
        self._answers: dict[tuple[str, int], DriverAnswer] = {}
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
                case DriverRequest() as request if entry.node == self._own.node:
                    self._note(entry, request)
                case DriverAnswer() as answer:
                    self._answers.setdefault((entry.node, answer.request_seq), answer)
        more = reached > self._followed
        self._followed = reached
        return more

    async def __call__(self, token: bytes | None) -> DriverPage | None:
        """Return the page of a code; None for none, or one that has not come yet."""
        page = self._page(token)
        held = None if page is None or token is None else await self._book.held(page)
        if page is None or held is None:
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
            clocks=self._party_clocks(case),
            told=await self._told(page),
            may_ask=self._may_ask(page, case),
        )

    async def ask(self, token: bytes | None, asked: Asked, typed: str) -> None:
        """Write, durably, what a driver asks. The same said again is the same entry.

        Nothing is written for what is no code, or where the case does not allow it (any more).

        Args:
            token: by which he came.
            asked: what.
            typed: what he wrote; of no account for a re-check.

        Raises:
            InvalidFacts: it is empty or too long.
            StorageError: it is not kept.
        """
        text = "" if asked is Asked.RECHECK else text_of(typed)
        async with self._asking:
            while await self.follow():
                pass  # another process may have written what he asked a moment ago
            page = self._page(token)
            held = None if page is None or token is None else await self._book.held(page)
            if page is None or held is None or asked not in self._may_ask(page, held.opened.case):
                return
            before = await self._told(page)
            if not text or (asked, text) not in {(one.asked, one.text) for one in before}:
                await self._write(page, held.opened.case.plate, asked, text)

    async def _write(self, page: PageOf, plate: str, asked: Asked, text: str) -> None:
        now = self._clock.now()
        until = last_moment(self._law, f"deadline.answer_{asked.value}", now.astimezone(CHINA))
        salt = secrets.token_bytes(SALT_BYTES).hex()
        opening = Opening(field="text", salt=salt, text=text)
        request = DriverRequest(
            node=page.node,
            case_no=page.case_no,
            plate=plate,
            what=asked.value,
            at=stamp(now),
            answer_by=stamp(until),
            personal={opening.field: opening.commitment} if text else {},
        )
        async with self._archive.desk() as desk:
            (entry,) = await self._own.write(desk, [(Kind.DRIVER_REQUEST, request)])
            if text:
                kept = Opened(entry.seq, page.node, page.case_no, opening)
                await desk.keep_openings(self._own.node, [kept])
        self._note(entry, request)

    def _note(self, entry: Entry, request: DriverRequest) -> None:
        page = PageOf(node=request.node, case_no=request.case_no)
        told = Told(seq=entry.seq, receipt=receipt(entry), request=request)
        self._asked.setdefault(page, {})[entry.seq] = told

    async def _told(self, page: PageOf) -> tuple[Told, ...]:
        found = self._asked.get(page, {})
        written = [seq for seq, one in found.items() if one.request.personal]
        texts = await self._book.texts(self._own.node, written) if written else {}
        return tuple(
            replace(
                found[seq],
                text=texts.get(seq) if found[seq].request.personal else "",
                answer=self._answers.get((page.node, seq)),
            )
            for seq in sorted(found)
        )

    def _may_ask(self, page: PageOf, case: Case) -> frozenset[Asked]:
        so_far = Counter(one.asked for one in self._asked.get(page, {}).values())
        return frozenset(one for one in Asked if so_far[one] < MOST[one] and may_ask(one, case))

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

    def _party_clocks(self, case: Case) -> tuple[LegalClock, ...]:
        found = clocks(case, self._clock.now(), self._law, self._working)
        return tuple(one for one in found if one.key in PARTYS)

    def _rights(self, on: date) -> dict[str, int]:
        return {name: int(self._law.provision(key, on).value) for name, key in _RIGHTS.items()}


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
