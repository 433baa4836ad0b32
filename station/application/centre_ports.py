"""What the use cases around the centre need of the outside world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from station.application.ports import Draft
from station.contract.entries import (
    AllowedProgram,
    CentreContradiction,
    DecisionBarred,
    DecisionInForce,
    DriverAnswer,
    DriverRequest,
    Enrolment,
    Permit,
    UnloadingForm,
    Watched,
)
from station.contract.personal import Opening
from station.contract.uplink import (
    NONE,
    Acknowledged,
    Down,
    Held,
    LaneState,
    Openings,
    Proofs,
    Receipt,
    Wanted,
)
from station.domain.asking import Asked
from station.domain.ledger import Entry, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage:
    """Entries of this station as the centre holds them, the clear texts beside them."""

    entries: tuple[Entry, ...]
    openings: dict[int, tuple[Opening, ...]]


class Centre(Protocol):
    """The way to the centre. Every call may raise UplinkError: not reached, or refused for now."""

    async def push(self, entries: Sequence[Entry], openings: Openings) -> Acknowledged:
        """Deliver entries in their order. The receipt is not checked yet.

        Raises:
            BrokenChain: the centre expects another entry; ``fields["expected"]``.
            Fork: it holds other bytes at that place.
            EvidenceError: it refuses them otherwise.
        """
        ...

    async def ahead(self, entries: Sequence[Entry]) -> None:
        """Show new entries before their order; they are delivered again later."""
        ...

    async def tell(self, state: LaneState) -> Wanted:
        """Show what the lane shows now, and return what the centre asks for."""
        ...

    async def show(self, watch_id: str, jpeg: bytes) -> bool:
        """Bring the newest picture of a watch; False when nobody watches any more."""
        ...

    async def down(self, after: int) -> Down:
        """Return entries of the centre's own ledger, not checked yet."""
        ...

    async def own(self, after: int) -> OwnPage:
        """Return this station's own entries as the centre holds them, not checked yet."""
        ...

    async def proofs(self, seqs: Sequence[int]) -> Proofs:
        """Return where own entries stand in the centre's log, not checked yet.

        Those of *seqs* that no checkpoint covers yet are missing.
        """
        ...

    async def held(self, sha256: str) -> Held:
        """Return how much of a recording the centre holds."""
        ...

    async def send(self, sha256: str, offset: int, size: int, chunk: bytes) -> Held:
        """Bring the part of a recording of *size* bytes that begins at *offset*."""
        ...


class Outbox(Protocol):
    """How far delivery has come. The ledger itself is what waits."""

    async def delivered(self) -> int:
        """Return up to which entry the centre has acknowledged."""
        ...

    async def go_back(self, seq: int) -> None:
        """Deliver again what comes after *seq*: the centre asks for what it had signed for.

        That it contradicts itself is an entry of the ledger, in the same transaction, and what it
        signs from now on is not compared with what it had signed before.
        """
        ...

    async def note_receipt(self, receipt: Receipt) -> None:
        """Keep a receipt whose signature is right, and move on to its entry, in one transaction.

        Raises:
            BadReceipt: it contradicts an entry. It is kept, as evidence, and nothing moves.
            CentreContradicts: it contradicts an earlier receipt. Both are kept, the ledger says
                so, and what comes after its entry is delivered again.
        """
        ...

    async def covering(self, seq: int) -> Receipt | None:
        """Return the first receipt that covers entry *seq*; None while there is none."""
        ...

    async def media_sent(self) -> int:
        """Return up to which entry every recording has been sent."""
        ...

    async def note_media_sent(self, seq: int) -> None:
        """Remember that every recording up to *seq* was sent, or is gone."""
        ...

    async def media_waiting(self) -> int:
        """Return how many recordings were not sent yet."""
        ...


class CentreLedger(Protocol):
    """The centre's ledger as far as it was pulled."""

    async def head(self) -> Head:
        """Return where it ends here."""
        ...

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """Return the next *limit* entries that were pulled, in order."""
        ...

    async def key_entries(self) -> list[Entry]:
        """Return the entries that change the centre's own keys, in order."""
        ...

    async def append(self, entries: Sequence[Entry], openings: Openings = NONE) -> None:
        """Write checked entries, and what follows from them, in one durable transaction.

        ``openings``: clear texts beside them; one that its entry does not commit to is not kept.
        """
        ...

    async def enrolments(self, node: str) -> list[Enrolment]:
        """Return the keys of a node that the centre enrolled."""
        ...

    async def checkpoint(self) -> str:
        """Return the newest signed note, "" before the first."""
        ...

    async def note_checkpoint(self, note: str) -> None:
        """Keep a signed note that was checked."""
        ...


class CentreFacts(Protocol):
    """What the centre's ledger comes to."""

    async def watched(self, plate: str, on: date) -> Watched | None:
        """Return why a plate is looked for on a local day."""
        ...

    async def permits(self, plate: str) -> list[tuple[int, Permit]]:
        """Return a plate's permits that were not taken back, with their places, newest first."""
        ...

    async def told_at(self) -> str:
        """Return when the centre signed the newest checkpoint that is here; "" before the first."""
        ...

    async def decisions(self, plate: str) -> list[DecisionInForce]:
        """Return the decisions in force on acts with a plate, newest first."""
        ...

    async def answer(self, case_no: str) -> tuple[int, DecisionInForce | DecisionBarred] | None:
        """Return what the centre says of this station's decision in a case, with its place."""
        ...

    async def unloading_forms(self, plate: str) -> list[UnloadingForm]:
        """Return the weighing-and-unloading forms of a plate, newest first."""
        ...

    async def requests(self, plate: str) -> list[DriverRequest]:
        """Return what drivers ask in this station's cases of a plate."""
        ...

    async def allowed_programs(self) -> list[AllowedProgram] | None:
        """Return the programs that may weigh; None when the centre has not said so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverAsked:
    """What a driver asked in a case of this station, by the centre's entry that says so.

    Attributes:
        text: what he wrote; "" where nothing is asked for, None once it is erased.
        answer: None before.
    """

    seq: int
    request: DriverRequest
    text: str | None
    answer: DriverAnswer | None

    @property
    def asked(self) -> Asked:
        """Return what it is."""
        return Asked(self.request.what)


class DriverRequests(Protocol):
    """What drivers ask in the cases of this station."""

    async def of_case(self, case_no: str) -> list[DriverAsked]:
        """Return what was asked in a case, in order."""
        ...

    async def unanswered(self) -> list[DriverAsked]:
        """Return what nobody has answered, in order."""
        ...


class Recordings(Protocol):
    """Which recordings are kept, and for what."""

    async def due(self, before: date, limit: int) -> list[str]:
        """Return recordings to erase: made before a day, delivered, and no case's."""
        ...

    async def newest_erased(self) -> list[str]:
        """Return what the newest ``media_erased`` entry names."""
        ...

    async def was_erased(self, sha256: str) -> bool:
        """Tell whether a recording was erased because its time was over."""
        ...


class Branches(Protocol):
    """Repair of a ledger that is behind the centre's, or beside it."""

    async def adopt(self, entries: Sequence[Entry], openings: Openings) -> None:
        """Write own entries that came from the centre, checked, after the head; views with them.

        Raises:
            BrokenChain: they do not follow the head.
        """
        ...

    async def rejoin(
        self, after: int, entries: Sequence[Entry], openings: Openings, reason: str
    ) -> list[str]:
        """Keep what comes after *after* aside for ever, take up *entries*, and write that down.

        All in one durable transaction, views with it. Return the digests of what was set aside.
        """
        ...

    async def follow_other(
        self, after: int, entries: Sequence[Entry], contradiction: CentreContradiction
    ) -> None:
        """Keep what was pulled of the centre's ledger after *after* aside; take up *entries*.

        All in one durable transaction, with the entry that says so and what follows from it.
        """
        ...


class Steps(Protocol):
    """Changes of the wall clock that no entry tells of yet."""

    def pending(self) -> tuple[Draft, ...]:
        """Look at the clock, and return what has to be written before anything else."""
        ...

    def written(self, count: int) -> None:
        """Forget the first *count* of them: they are durable."""
        ...

    def continue_from(self, newest: datetime) -> None:
        """Hear that entries from elsewhere were taken up, the last of which is of that time."""
        ...
