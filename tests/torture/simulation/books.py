"""The projections of the centre in memory, by its own port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

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
from central.application.views import MismatchView, PassageView
from station.contract.entries import AllowedProgram, MismatchesCopied, Permit
from station.domain.case import Case
from station.domain.errors import MalformedEntry
from station.domain.evasion import Evasion
from tests.torture.simulation.tables import Transaction

LARGEST = 2**31 - 1


class SimulatedBooks:
    """Implements :class:`central.application.ports.Books`; *step* stands between two statements."""

    def __init__(self, changes: Transaction, step: Callable[[], Awaitable[None]]) -> None:
        self.changes = changes
        self._step = step

    @contextlib.asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        savepoint = self.changes.savepoint()
        try:
            yield
        except MalformedEntry:
            self.changes.back_to(savepoint)
            raise

    async def add_passage(self, passage: PassageView) -> bool:
        await self._step()
        _bounded(passage.gross_kg, passage.limit_kg, passage.excess_kg)
        key = (passage.node, passage.passage_id)
        if self.changes.get("passage", key) is not None:
            return False
        self.changes.insert("passage", key, passage)
        return True

    async def review_passage(self, reviewed: Reviewed) -> Weighed | None:
        await self._step()
        key = (reviewed.node, reviewed.passage_id)
        row = self.changes.get("passage", key)
        if row is None:
            return None
        self.changes.put("passage", key, replace(row, receipt=reviewed.receipt, reviewed=True))
        return Weighed(gross_kg=row.gross_kg, occurred_on=row.occurred_on, at=row.at)

    async def add_unweighed(self, unweighed: Unweighed) -> None:
        await self._step()
        self.changes.insert("unweighed", (unweighed.node, unweighed.seq), unweighed)

    async def open_case(self, node: str, seq: int, opened: OpenedCase) -> bool:
        await self._step()
        case = opened.case
        _bounded(case.gross_kg, case.limit_kg, case.excess_kg)
        if self.changes.get("case", (node, case.case_no)) is not None:
            return False
        self.changes.insert("case", (node, case.case_no), opened)
        self.changes.update(
            "passage", (node, case.passage_id), lambda row: replace(row, case_no=case.case_no)
        )
        return True

    async def case(self, node: str, case_no: str) -> OpenedCase | None:
        await self._step()
        found: OpenedCase | None = self.changes.get("case", (node, case_no))
        return found

    async def save_case(self, node: str, seq: int, case: Case, closed_on: date | None) -> None:
        self.changes.update("case", (node, case.case_no), lambda row: replace(row, case=case))
        await self._step()

    async def note_unloading(
        self, node: str, seq: int, case_no: str, at: datetime, unloaded_kg: int
    ) -> None:
        _bounded(unloaded_kg)
        await self._step()

    async def standing(self, case: Case, node: str, guard: Guard) -> Standing | None:
        await self._step()
        own = (node, case.case_no)
        for _, row in self.changes.scan("decision"):
            other = (row.node, row.case_no)
            same = row.violation_id == case.violation_id
            if row.effective and row.kind == "fine" and other != own and same:
                return Standing(node=row.node, case_no=row.case_no, violation_id=row.violation_id)
        return None

    async def add_decision(self, decision: Decision) -> None:
        await self._step()
        self.changes.insert("decision", (decision.node, decision.seq), decision)

    async def decision_effective(self, node: str, case_no: str, violation_id: str) -> bool | None:
        await self._step()
        found = [
            row.effective
            for _, row in self.changes.scan("decision")
            if (row.node, row.case_no, row.violation_id) == (node, case_no, violation_id)
        ]
        return found[-1] if found else None

    async def end_decision(self, node: str, seq: int, case_no: str) -> None:
        await self._step()
        for key, row in list(self.changes.scan("decision")):
            if (row.node, row.case_no) == (node, case_no):
                self.changes.update("decision", key, lambda row: replace(row, effective=False))

    async def change_decision(self, node: str, seq: int, case: Case) -> None:
        raise NotImplementedError("no party asks for a remedy here")

    async def add_evasion(self, node: str, seq: int, file: Evasion) -> bool:
        raise NotImplementedError("nobody evades here")

    async def evasion(self, node: str, evasion_no: str) -> Evasion | None:
        raise NotImplementedError("nobody evades here")

    async def save_evasion(
        self, node: str, seq: int, file: Evasion, closed_on: date | None
    ) -> None:
        raise NotImplementedError("nobody evades here")

    async def ask_erasure(self, _node: str, _seqs: Sequence[int], _seq: int) -> None:
        await self._step()

    async def owns(self, node: str) -> bool:
        await self._step()
        return node == "centre"

    async def replace_legal_ids(self, allowed: Sequence[AllowedProgram]) -> None:
        for key, _ in list(self.changes.scan("legal_id")):
            self.changes.put("legal_id", key, None)
        for one in allowed:
            self.changes.put("legal_id", one.legal_id, one)
        await self._step()

    async def add_mismatch(self, _mismatch: MismatchView) -> None:
        raise NotImplementedError("every vehicle is as it should be here")

    async def note_copied(self, _seq: int, _at: datetime, _copied: MismatchesCopied) -> None:
        raise NotImplementedError("nobody is told of vehicles here")

    async def add_permit(self, _seq: int, _permit: Permit) -> None:
        raise NotImplementedError("nobody publishes permits here")

    async def permits(self, _permit_no: str) -> list[tuple[int, Permit]]:
        raise NotImplementedError("no finding rests on a permit here")

    async def may_weigh(self, legal_id: str, on: date) -> bool:
        await self._step()
        listed = dict(self.changes.scan("legal_id"))
        one = listed.get(legal_id)
        day = on.isoformat()
        return not listed or bool(
            one and one.first_on <= day and (one.last_on is None or day <= one.last_on)
        )

    async def raise_alarm(self, alarm: Alarm) -> int:
        number = self.changes.number()
        self.changes.insert("alarm", number, alarm)
        await self._step()
        return number

    async def alarmed(self, alarm: Alarm) -> bool:
        await self._step()
        same = (alarm.node, alarm.code, alarm.detail)
        return any(
            (row.node, row.code, row.detail) == same for _, row in self.changes.scan("alarm")
        )

    async def keep(self, refused: Refused) -> bool:
        await self._step()
        key = (refused.node, refused.digest, refused.reason)
        if self.changes.get("quarantine", key) is not None:
            return False
        self.changes.insert("quarantine", key, refused)
        return True


def _bounded(*masses: int | None) -> None:
    """A column of 32 bits holds no more."""
    if any(mass is not None and abs(mass) > LARGEST for mass in masses):
        raise MalformedEntry("value out of int32 range")
