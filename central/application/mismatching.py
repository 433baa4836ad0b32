"""Tells the police of their home of vehicles that are not as they should be (抄送车籍地公安)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from central.application.ledger_ports import Archive
from central.application.ports import Reading
from central.application.publishing import OwnLedger
from central.domain.access import Scope
from station.contract.entries import Kind, MismatchAt, MismatchesCopied
from station.contract.sealing import stamp
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts
from station.domain.officers import Officer

MOST: Final = 500
"""So many at most go with one letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMismatches:
    """The use case behind the button: a letter went to the police of a home."""

    archive: Archive
    own: OwnLedger
    reading: Reading
    clock: Clock

    async def __call__(
        self,
        home: str,
        letter_no: str,
        mismatches: Sequence[MismatchAt],
        *,
        officer: Officer,
        scope: Scope,
    ) -> None:
        """Write it into the centre's own ledger.

        Raises:
            InvalidFacts: none named, no letter, or one that is not of this home, was told of
                before, or is none of the officer's.
        """
        if not letter_no.strip():
            raise InvalidFacts("which letter?", field="letter_no", why="empty")
        waiting = await self.reading.mismatches(scope, home=home, copied=False, limit=10 * MOST)
        known = {(one.node, one.seq) for one in waiting}
        named = {(one.node, one.seq) for one in mismatches}
        if not named or len(named) < len(mismatches) or not named <= known:
            raise InvalidFacts("not waiting there", field="mismatches", why="not_to_be_copied")
        payload = MismatchesCopied(
            home=home,
            letter_no=letter_no.strip(),
            officer=officer.certificate_no,
            at=stamp(self.clock.now()),
            mismatches=list(mismatches),
        )
        async with self.archive.desk() as desk:
            await self.own.write(desk, [(Kind.MISMATCHES_COPIED, payload)])
