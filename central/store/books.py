"""Writes the projections, within a transaction that somebody else has opened."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Final

import asyncpg
import msgspec

from central.application.ports import (
    Alarm,
    Decision,
    Guard,
    OpenedCase,
    Refused,
    Reviewed,
    Standing,
    Unweighed,
    Weighed,
)
from central.application.rows import day
from central.application.views import MismatchView, PassageView
from central.domain.days import local_day
from central.store.pool import Connection
from central.store.sqlfile import load
from station.contract.entries import AllowedProgram, MismatchesCopied, Permit
from station.domain.case import Case
from station.domain.errors import MalformedEntry
from station.domain.evasion import Evasion
from station.domain.stages import EFFECTIVE

MOST_KEPT: Final = 1000
"""Refused messages that are kept per node."""

MOST_KEPT_BYTES: Final = 64 * 1024 * 1024

_SQL: Final = load("books")
_LEDGER: Final = load("ledger")
_FILE: Final = msgspec.json.Encoder(order="deterministic")
_READ: Final = msgspec.json.Decoder(Case)
_READ_EVASION: Final = msgspec.json.Decoder(Evasion)


class SqlBooks:
    """The projections, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextlib.asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Undo the block's writes when it fails.

        Raises:
            MalformedEntry: a value that the tables cannot hold: a mass beyond 32 bits, a NUL.
        """
        try:
            async with self._connection.transaction():
                yield
        except (
            asyncpg.DataError,
            asyncpg.IntegrityConstraintViolationError,
        ) as exc:
            raise MalformedEntry(str(exc)) from exc

    async def add_passage(self, passage: PassageView) -> bool:
        """Write a new passage; False when there is one of that id."""
        written = await self._connection.fetchval(
            _SQL["add_passage"],
            passage.node,
            passage.passage_id,
            passage.receipt,
            passage.lane,
            passage.at,
            passage.occurred_on,
            passage.plate,
            passage.plate_colour,
            passage.trailer_plate,
            passage.gross_kg,
            passage.configuration,
            passage.limit_kg,
            passage.excess_kg,
            passage.outcome,
            passage.recheck_of,
        )
        return written is not None

    async def review_passage(self, reviewed: Reviewed) -> Weighed | None:
        """Change a passage and return what was weighed; None when there is none."""
        row = await self._connection.fetchrow(
            _SQL["review_passage"],
            reviewed.node,
            reviewed.passage_id,
            reviewed.receipt,
            reviewed.plate,
            reviewed.plate_colour,
            reviewed.trailer_plate,
            reviewed.configuration,
            reviewed.limit_kg,
            reviewed.excess_kg,
            reviewed.outcome,
            reviewed.recheck_of,
        )
        return None if row is None else Weighed(**dict(row))

    async def add_unweighed(self, unweighed: Unweighed) -> None:
        """Write a pass without a weight."""
        await self._connection.execute(
            _SQL["add_unweighed"],
            unweighed.node,
            unweighed.seq,
            unweighed.began_at,
            local_day(unweighed.began_at),
            unweighed.reason,
            unweighed.plate,
        )

    async def open_case(self, node: str, seq: int, opened: OpenedCase) -> bool:
        """Write a new case and note it in its passage; False when there is one of that number."""
        case = opened.case
        written = await self._connection.fetchval(
            _SQL["open_case"],
            node,
            case.case_no,
            case.violation_id,
            case.passage_id,
            case.plate,
            opened.occurred_on,
            case.opened_at,
            local_day(case.opened_at),
            case.gross_kg,
            case.limit_kg,
            case.excess_kg,
            *_tracks(case),
            _FILE.encode(case),
            seq,
            case.penal.value,
        )
        if written is not None:
            await self._connection.execute(_SQL["note_case"], node, case.passage_id, case.case_no)
        return written is not None

    async def case(self, node: str, case_no: str) -> OpenedCase | None:
        """Return a case with its history."""
        row = await self._connection.fetchrow(_SQL["case"], node, case_no)
        if row is None:
            return None
        return OpenedCase(case=_READ.decode(row["file"]), occurred_on=row["occurred_on"])

    async def save_case(self, node: str, seq: int, case: Case, closed_on: date | None) -> None:
        """Write how a case stands now."""
        await self._connection.execute(
            _SQL["save_case"],
            node,
            case.case_no,
            case.plate,
            *_tracks(case),
            case.released_at,
            case.fine_fen if case.state.penalty in EFFECTIVE else None,
            case.points if case.state.penalty in EFFECTIVE else None,
            closed_on,
            _FILE.encode(case),
            seq,
        )

    async def note_unloading(
        self, node: str, seq: int, case_no: str, at: datetime, unloaded_kg: int
    ) -> None:
        """Note when the case's truck was cleared, and of how much."""
        await self._connection.execute(
            _SQL["note_unloading"], node, case_no, at, local_day(at), unloaded_kg, seq
        )

    async def standing(self, case: Case, node: str, guard: Guard) -> Standing | None:
        """See :class:`central.application.ports.Books`."""
        await self._connection.execute(_SQL["lock_plate"], case.plate)
        row = await self._connection.fetchrow(
            _SQL["standing"],
            node,
            case.case_no,
            case.violation_id,
            case.plate,
            case.opened_at,
            guard.hours,
            guard.kg,
            case.gross_kg,
        )
        return None if row is None else Standing(**dict(row))

    async def end_decision(self, node: str, seq: int, case_no: str) -> None:
        """See :class:`central.application.ports.Books`."""
        await self._connection.execute(_SQL["end_decision"], node, case_no, seq)

    async def change_decision(self, node: str, seq: int, case: Case) -> None:
        """See :class:`central.application.ports.Books`."""
        await self._connection.execute(
            _SQL["change_decision"], node, case.case_no, case.fine_fen or 0, case.points or 0, seq
        )

    async def decision_effective(self, node: str, case_no: str, violation_id: str) -> bool | None:
        """See :class:`central.application.ports.Books`."""
        found: bool | None = await self._connection.fetchval(
            _SQL["decision_effective"], node, case_no, violation_id
        )
        return found

    async def add_decision(self, decision: Decision) -> None:
        """Write a decision."""
        columns = (
            decision.node,
            decision.seq,
            decision.case_no,
            decision.violation_id,
            decision.plate,
            decision.occurred_on,
            decision.decided_at,
            decision.kind,
            decision.fine_fen,
            decision.points,
            decision.effective,
        )
        await self._connection.execute(_SQL["add_decision"], *columns)

    async def add_evasion(self, node: str, seq: int, file: Evasion) -> bool:
        """Write a new evasion case; False when there is one of that number."""
        written = await self._connection.fetchval(
            _SQL["add_evasion"],
            node,
            file.evasion_no,
            file.deed.value,
            file.plate,
            file.place,
            file.occurred_at,
            file.opened_at,
            file.passage_id,
            file.stage.value,
            file.held,
            _FILE.encode(file),
            seq,
        )
        return written is not None

    async def evasion(self, node: str, evasion_no: str) -> Evasion | None:
        """Return an evasion case with its history."""
        file = await self._connection.fetchval(_SQL["evasion"], node, evasion_no)
        return None if file is None else _READ_EVASION.decode(file)

    async def save_evasion(
        self, node: str, seq: int, file: Evasion, closed_on: date | None
    ) -> None:
        """Write how an evasion case stands now."""
        await self._connection.execute(
            _SQL["save_evasion"],
            node,
            file.evasion_no,
            file.stage.value,
            file.held,
            file.fine_fen,
            closed_on,
            _FILE.encode(file),
            seq,
        )

    async def ask_erasure(self, node: str, seqs: Sequence[int], seq: int) -> None:
        """Note that *node* erased the clear texts of its entries *seqs*; entry *seq* says so."""
        await self._connection.execute(_SQL["ask_erasure"], node, seqs, seq)

    async def owns(self, node: str) -> bool:
        """Tell whether *node* is the centre itself."""
        return bool(await self._connection.fetchval(_SQL["owns"], node))

    async def replace_legal_ids(self, allowed: Sequence[AllowedProgram]) -> None:
        """Write the list of programs that may weigh in place of the one before."""
        await self._connection.execute(_SQL["forget_legal_ids"])
        for one in allowed:
            last_on = None if one.last_on is None else day(one.last_on)
            await self._connection.execute(
                _SQL["add_legal_id"], one.legal_id, day(one.first_on), last_on
            )

    async def add_mismatch(self, mismatch: MismatchView) -> None:
        """Write a vehicle that is not as it should be."""
        await self._connection.execute(
            _SQL["add_mismatch"],
            mismatch.node,
            mismatch.seq,
            mismatch.passage_id,
            mismatch.case_no,
            mismatch.subject,
            mismatch.plate,
            mismatch.home,
            mismatch.kinds,
            mismatch.facts,
            mismatch.noted_at,
            mismatch.noted_on,
        )

    async def note_copied(self, seq: int, at: datetime, copied: MismatchesCopied) -> None:
        """See :class:`central.application.ports.Books`."""
        for one in copied.mismatches:
            await self._connection.execute(
                _SQL["note_copied"], one.node, one.seq, seq, copied.letter_no, at
            )

    async def add_permit(self, seq: int, permit: Permit) -> None:
        """Write what entry *seq* of the centre's own ledger tells of a permit."""
        said = msgspec.json.encode(permit).decode()
        await self._connection.execute(_SQL["add_permit"], seq, permit.permit_no, said)

    async def permits(self, permit_no: str) -> list[tuple[int, Permit]]:
        """Return all that was told of a permit, each with its entry, newest first."""
        rows = await self._connection.fetch(_SQL["permits"], permit_no)
        return [(row["seq"], msgspec.json.decode(row["said"], type=Permit)) for row in rows]

    async def may_weigh(self, legal_id: str, on: date) -> bool:
        """Tell whether a program is on the list of a local day; True when no list was published."""
        found: bool = await self._connection.fetchval(_SQL["may_weigh"], legal_id, on)
        return found

    async def raise_alarm(self, alarm: Alarm) -> int:
        """Write an alarm and return its number."""
        number: int = await self._connection.fetchval(
            _SQL["raise_alarm"],
            alarm.node,
            alarm.seq,
            _text(alarm.code),
            _text(alarm.detail),
            alarm.at,
            alarm.derived,
        )
        return number

    async def alarmed(self, alarm: Alarm) -> bool:
        """Tell whether the node has raised an alarm of that code and detail before."""
        found: bool = await self._connection.fetchval(
            _SQL["alarmed"], alarm.node, _text(alarm.code), _text(alarm.detail)
        )
        return found

    async def keep(self, refused: Refused) -> bool:
        """Keep refused bytes; False when they are kept already, or the room for them is full."""
        kept = await self._connection.fetchval(
            _LEDGER["keep"],
            refused.node,
            refused.seq,
            bytes.fromhex(refused.digest),
            refused.reason,
            _text(refused.detail),
            refused.body,
            refused.signature,
            bytes.fromhex(refused.stands_against) if refused.stands_against else None,
            refused.at,
            MOST_KEPT,
            MOST_KEPT_BYTES,
        )
        return kept is not None


def _tracks(case: Case) -> tuple[str, str, str, str]:
    state = case.state
    return state.removal.value, state.penalty.value, state.custody.value, state.remedy.value


def _text(text: str) -> str:
    """Return *text* as PostgreSQL can hold it, and not longer than anybody reads."""
    return text.replace("\0", "�")[:1000]
