"""What the use cases need of the outside world."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from central.application.views import (
    AlarmView,
    CaseView,
    CountsView,
    EvasionView,
    MismatchView,
    NodeView,
    PassageView,
)
from central.domain.access import ALL, Scope
from central.domain.counting import CountedDecision
from station.admission import gate
from station.contract.entries import AllowedProgram, MismatchesCopied, Permit
from station.contract.uplink import Held
from station.domain import access
from station.domain.case import Case
from station.domain.evasion import Evasion
from station.domain.ledger import Entry
from station.domain.officers import Officer


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm before it has its number.

    Attributes:
        seq: the entry of *node* that it is about, the first of several; None: about none.
        derived: it follows from what that entry means, so that a rebuild makes it again.
    """

    node: str
    seq: int | None
    code: str
    detail: str
    at: datetime
    derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Bytes that were refused, or could not be read, and are kept (隔离).

    Attributes:
        node: "" when the bytes do not say whose they are.
        reason: ``fork``, ``bad_signature``, ``key_not_good``, ``malformed`` or ``poison``.
        body: None for poison: its bytes stand in the ledger.
        stands_against: digest (hex) of the entry that holds the place a fork claims.
    """

    node: str
    seq: int | None
    digest: str
    reason: str
    detail: str
    body: bytes | None
    signature: bytes | None
    stands_against: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What an officer's review changes in a passage."""

    node: str
    passage_id: str
    receipt: str
    plate: str | None
    plate_colour: str
    trailer_plate: str | None
    configuration: str | None
    limit_kg: int | None
    excess_kg: int | None
    outcome: str
    recheck_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a review cannot change."""

    gross_kg: int
    occurred_on: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A penalty decision (处罚决定) that an entry states."""

    node: str
    seq: int
    case_no: str
    violation_id: str
    plate: str
    occurred_on: date
    decided_at: datetime
    kind: str
    fine_fen: int
    points: int
    effective: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """When two weighings are of one transport (同一运输): within hours and kilograms."""

    hours: int
    kg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An effective fine that stands already."""

    node: str
    case_no: str
    violation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unweighed:
    """A vehicle that was there but gave no valid weight."""

    node: str
    seq: int
    began_at: datetime
    reason: str
    plate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCase:
    """A case and the day whose law applies to it."""

    case: Case
    occurred_on: date


@dataclass(frozen=True, slots=True)
class Arrived:
    """An entry that was taken in, its place in the log, and when."""

    position: int
    entry: Entry
    at: datetime


class Books(Protocol):
    """The projections, written within one transaction."""

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """Undo the block's writes when it fails.

        Raises:
            MalformedEntry: a value that the tables cannot hold.
        """
        ...

    async def add_passage(self, passage: PassageView) -> bool:
        """Write a new passage; False when there is one of that id."""
        ...

    async def review_passage(self, reviewed: Reviewed) -> Weighed | None:
        """Change a passage and return what was weighed; None when there is none."""
        ...

    async def add_unweighed(self, unweighed: Unweighed) -> None:
        """Write a pass without a weight."""
        ...

    async def open_case(self, node: str, seq: int, opened: OpenedCase) -> bool:
        """Write a new case and note it in its passage; False when there is one of that number.

        ``seq``, here and below: of the entry from which it follows.
        """
        ...

    async def case(self, node: str, case_no: str) -> OpenedCase | None:
        """Return a case with its history."""
        ...

    async def save_case(self, node: str, seq: int, case: Case, closed_on: date | None) -> None:
        """Write how a case stands now."""
        ...

    async def note_unloading(
        self, node: str, seq: int, case_no: str, at: datetime, unloaded_kg: int
    ) -> None:
        """Note when the case's truck was cleared, and of how much."""
        ...

    async def standing(self, case: Case, node: str, guard: Guard) -> Standing | None:
        """Return the effective fine that bars one on a case; others on the plate wait."""
        ...

    async def end_decision(self, node: str, seq: int, case_no: str) -> None:
        """Write that a case's decision has no effect any more."""
        ...

    async def change_decision(self, node: str, seq: int, case: Case) -> None:
        """Write the fine and points of a case's decision as they stand."""
        ...

    async def decision_effective(self, node: str, case_no: str, violation_id: str) -> bool | None:
        """Tell whether a case's decision on an act has effect; None when there is none."""
        ...

    async def add_decision(self, decision: Decision) -> None:
        """Write a decision."""
        ...

    async def add_evasion(self, node: str, seq: int, file: Evasion) -> bool:
        """Write a new evasion case; False when there is one of that number."""
        ...

    async def evasion(self, node: str, evasion_no: str) -> Evasion | None:
        """Return an evasion case with its history."""
        ...

    async def save_evasion(
        self, node: str, seq: int, file: Evasion, closed_on: date | None
    ) -> None:
        """Write how an evasion case stands now."""
        ...

    async def ask_erasure(self, node: str, seqs: Sequence[int], seq: int) -> None:
        """Note that *node* erased the clear texts of its entries *seqs*; entry *seq* says so."""
        ...

    async def owns(self, node: str) -> bool:
        """Tell whether *node* is the centre itself."""
        ...

    async def replace_legal_ids(self, allowed: Sequence[AllowedProgram]) -> None:
        """Write the list of programs that may weigh (准用程序清单) in place of the one before."""
        ...

    async def add_mismatch(self, mismatch: MismatchView) -> None:
        """Write a vehicle that is not as it should be."""
        ...

    async def note_copied(self, seq: int, at: datetime, copied: MismatchesCopied) -> None:
        """Write that entry *seq* of the centre's own ledger tells who was told of whom."""
        ...

    async def add_permit(self, seq: int, permit: Permit) -> None:
        """Write what entry *seq* of the centre's own ledger tells of a permit."""
        ...

    async def permits(self, permit_no: str) -> list[tuple[int, Permit]]:
        """Return all that was told of a permit, each with its entry, newest first."""
        ...

    async def may_weigh(self, legal_id: str, on: date) -> bool:
        """Tell whether a program is on the list of a local day; True when no list was published."""
        ...

    async def raise_alarm(self, alarm: Alarm) -> int:
        """Write an alarm and return its number."""
        ...

    async def alarmed(self, alarm: Alarm) -> bool:
        """Tell whether the node has raised an alarm of that code and detail before."""
        ...

    async def keep(self, refused: Refused) -> bool:
        """Keep refused bytes; False when they are kept already, or the room for them is full."""
        ...


class Reading(Protocol):
    """The projections, read."""

    async def nodes(self) -> list[NodeView]:
        """Return every enrolled node."""
        ...

    async def passages(self, scope: Scope, *, limit: int) -> list[PassageView]:
        """Return the newest passages, newest first."""
        ...

    async def ahead(self, scope: Scope, limit: int, first_seq: int = 0) -> list[PassageView]:
        """Return the newest passages that came before their order, newest first."""
        ...

    async def cases(self, scope: Scope, *, closed: bool | None, limit: int) -> list[CaseView]:
        """Return cases, newest first."""
        ...

    async def evasions(self, scope: Scope, *, closed: bool | None, limit: int) -> list[EvasionView]:
        """Return evasion cases, newest first."""
        ...

    async def mismatches(
        self, scope: Scope, *, home: str | None, copied: bool | None, limit: int
    ) -> list[MismatchView]:
        """Return vehicles that were not as they should be, newest first; None: whatever."""
        ...

    async def alarms(self, scope: Scope, *, limit: int) -> list[AlarmView]:
        """Return the newest alarms, newest first."""
        ...

    async def turn(self) -> int:
        """Return the number of the projector's last turn."""
        ...

    async def touched(
        self, scope: Scope, after: int, upto: int, most: int
    ) -> list[PassageView | CaseView | AlarmView] | None:
        """Return the rows whose last turn is in (after, upto]; None when they are too many."""
        ...

    async def counts(self, scope: Scope, on: date) -> list[CountsView]:
        """Return the counts of a local day of each node."""
        ...

    async def decisions(self, first: date, last: date, more_than: int) -> list[CountedDecision]:
        """Return the effective decisions on acts of those days (both included).

        Only of plates with more than *more_than* of them.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(access.Account):
    """An officer who can sign in at headquarters, and what he may watch."""

    scope: Scope = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in officer. Only the token's digest is kept."""

    token_digest: bytes
    officer: Officer
    scope: Scope
    began_at: datetime
    seen_at: datetime


class Accounts(gate.Accounts[Account], Protocol):
    """Officers and their sessions."""

    async def put_account(
        self, account: Account, *, replace: bool, unconfirmed: bool = False
    ) -> bool:
        """Write an account, and end its sessions; False when it exists and is not to change.

        It is neither locked nor revoked any more. *unconfirmed*: of no use before it is confirmed.
        """
        ...

    async def open_session(self, session: Session) -> None:
        """Remember a session, and forget those that began before a day ago."""
        ...

    async def session(self, token_digest: bytes) -> Session | None:
        """Return a session."""
        ...

    async def touch(self, token_digest: bytes, at: datetime) -> None:
        """Note that a session was used."""
        ...

    async def sessions_of(self, token_digests: Sequence[bytes]) -> list[Session]:
        """Return those of the sessions that there are."""
        ...

    async def close_session(self, token_digest: bytes) -> None:
        """Forget a session."""
        ...


class Recordings(Protocol):
    """Recordings that stations send, under their digests."""

    async def held(self, node: str, sha256: str) -> Held:
        """Return how much of a recording is held, of what *node* has sent.

        Raises:
            NotFound: *sha256* is no digest.
        """
        ...

    async def add(self, node: str, sha256: str, offset: int, size: int, data: bytes) -> Held:
        """Append *data* when it begins where the held part ends; durable on return.

        Raises:
            NotFound: *sha256* is no digest.
            WrongRecording: it is whole and has another digest.
            MalformedEntry: larger than any recording, or more than its own size.
            StoreFull: no room.
        """
        ...

    async def fetch(self, sha256: str) -> bytes:
        """Return a whole recording, verified.

        Raises:
            NotFound: it is not here, or is no longer what it was.
        """
        ...
