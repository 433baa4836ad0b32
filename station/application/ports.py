"""What the use cases need of the outside world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from station.admission import gate
from station.application.views import Alarm, PassageView
from station.contract.entries import Kind, Payload
from station.contract.personal import Opening
from station.domain.access import Account
from station.domain.case import Case
from station.domain.ledger import Entry, Head
from station.domain.officers import Officer
from station.domain.plates import PlateColour
from station.domain.vehicles import Vehicle


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is not sealed yet.

    ``openings``: the clear text of its payload's personal fields, to be kept beside it.
    """

    kind: Kind
    payload: Payload
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in officer. Only the token's digest is kept."""

    token_digest: str
    officer: Officer
    began_at: datetime
    seen_at: datetime


class Ledger(Protocol):
    """The ledger and its views, in one store."""

    async def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Seal and write *drafts* in order, views with them, in one durable transaction.

        A change of the clock that was not written yet goes before them; without *drafts* it alone
        is written. Only the entries of *drafts* are returned.

        Raises:
            StoreFull: the disk is full; nothing was written.
            StoreCorrupt: the ledger is not what was written; nothing is added to it.
            StoreFailed: nothing can be relied on any more; the process must end.
        """
        ...

    async def head(self) -> Head:
        """Return where the ledger ends."""
        ...

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """Return the next entries, at most *limit*.

        Raises:
            StoreCorrupt: one is not what was written.
        """
        ...

    async def rotations(self) -> list[Entry]:
        """Return the entries by which this node's key was rotated, in order."""
        ...

    async def openings(self, first: int, last: int) -> dict[int, tuple[Opening, ...]]:
        """Return the clear texts kept beside the entries from *first* to *last*, by seq.

        Raises:
            BadOpening: one is not what its entry commits to.
        """
        ...


class Reserve(Protocol):
    """Space kept aside so that a full disk can still be written down as the fault that it is."""

    def use_reserve(self) -> None:
        """Give it back to the disk."""
        ...

    def keep_reserve(self) -> bool:
        """Take it, unless it is held already; tell whether the disk has it."""
        ...


class Views(Protocol):
    """What the ledger comes to. Every method may raise StoreCorrupt: it is not what was written."""

    async def passages(self, limit: int) -> list[PassageView]:
        """Return the newest passages, newest first."""
        ...

    async def passage(self, passage_id: str) -> PassageView:
        """Return one passage.

        Raises:
            NotFound: there is none.
        """
        ...

    async def cases(self, *, closed: bool, limit: int) -> list[Case]:
        """Return cases, newest first."""
        ...

    async def case(self, case_no: str) -> Case:
        """Return one case.

        Raises:
            NotFound: there is none.
        """
        ...

    async def held_case(self, plate: str, at: datetime) -> Case | None:
        """Return the case for which the truck with this plate was held here at *at*, if any."""
        ...

    async def personal(self, case_no: str) -> list[tuple[Opening, ...]]:
        """Return the clear texts kept for each act of the case, in the order of its history.

        Raises:
            BadOpening: as in :class:`Ledger`.
        """
        ...

    async def rechecks(self, case_no: str) -> list[PassageView]:
        """Return the passages of the case's truck after the first weighing, newest first."""
        ...

    async def cases_opened_on(self, day: str) -> int:
        """Return how many cases were opened on a local day (``YYYY-MM-DD``)."""
        ...

    async def alarms(self, limit: int) -> list[Alarm]:
        """Return the newest alarms, newest first."""
        ...


class Media(Protocol):
    """Pictures beside the ledger, under their digest."""

    async def keep(self, data: bytes) -> str:
        """Store durably and return the SHA-256 (hex).

        Raises:
            StoreFull: as in :class:`Ledger`.
        """
        ...

    async def fetch(self, sha256: str) -> bytes:
        """Return what is stored under the digest, verified.

        Raises:
            NotFound: nothing, or no longer what it was.
        """
        ...

    async def place(self, sha256: str) -> tuple[Path, str]:
        """Return the file that is stored under the digest, verified, and its media type.

        Raises:
            NotFound: nothing.
            RecordingSpoilt: no longer what it was.
        """
        ...

    async def erase(self, sha256: str) -> None:
        """Remove what is stored under the digest, if it is."""
        ...


class Accounts(gate.Accounts[Account], Protocol):
    """Officers and their sessions."""

    async def open_session(self, session: Session) -> None:
        """Remember a session."""
        ...

    async def session(self, token_digest: str) -> Session | None:
        """Return a session."""
        ...

    async def touch(self, token_digest: str, at: datetime) -> None:
        """Note that a session was used."""
        ...

    async def close_session(self, token_digest: str) -> None:
        """Forget a session."""
        ...

    async def sessions(self) -> list[Session]:
        """Return every session that was not closed."""
        ...


@dataclass(frozen=True, slots=True)
class Registered:
    """One row of the vehicle register (车辆登记信息)."""

    colour: PlateColour
    vehicle: Vehicle


class Register(Protocol):
    """A vehicle register."""

    async def find(self, plate: str) -> Registered | None:
        """Return what is registered under a tractor's plate."""
        ...
