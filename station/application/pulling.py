"""Fetches the centre's own ledger (下行): revocations, lists, permits, decisions, checkpoints."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from station.application.centre_keys import CentreKeys, Following
from station.application.centre_ports import Centre, CentreLedger
from station.application.parting import Parting
from station.contract.personal import Opening
from station.contract.uplink import Down, opened
from station.domain.errors import (
    CentreContradicts,
    EvidenceError,
    Fork,
    StoreCorrupt,
    StoreFull,
    UplinkError,
)

log = logging.getLogger(__name__)

EVERY_S: Final = 3.0
"""Whom the centre revokes is out after this, and a live page looks after another second."""
REFUSED_PAUSE_S: Final = 60.0
LONGEST_PATIENCE_S: Final = 600.0
"""The pause after the centre contradicted itself doubles each time, up to this."""

Report = Callable[[str, str], None]


class Puller:
    """One task."""

    def __init__(
        self,
        *,
        centre: Centre,
        ledger: CentreLedger,
        following: Following,
        report: Report,
        pulled: Callable[[Down], Awaitable[None]],
        parting: Parting | None = None,
    ) -> None:
        """Prepare.

        *following* is where the ledger ends here; *report* gets ``ok`` or a code with its detail;
        *pulled* is told of every answer once its entries are durable, and may refuse it; *parting*
        takes up another ledger of the centre, None where nothing may be written meanwhile.
        """
        self._centre = centre
        self._ledger = ledger
        self._following = following
        self._report = report
        self._pulled = pulled
        self._parting = parting
        self._patience_s = EVERY_S
        self._wanted = asyncio.Event()
        self._turn = asyncio.Lock()
        self._beside: dict[int, Sequence[Opening]] = {}

    @property
    def keys(self) -> CentreKeys:
        """Return the centre's keys, as far as its ledger was pulled."""
        return self._following.keys

    def look(self) -> None:
        """Fetch at once: something was sent that the centre may answer in its ledger."""
        self._wanted.set()

    async def run(self) -> None:
        """Pull for ever."""
        missed = False
        while True:
            self._wanted.clear()
            pause = EVERY_S
            try:
                await self.pull_all()
            except UplinkError as exc:
                # Where nothing waits to be sent, nobody else notices. Once is no outage yet.
                if missed:
                    self._report(exc.code, exc.detail)
                missed = True
            except (StoreCorrupt, StoreFull):
                pass  # the lane says how the disk is
            except CentreContradicts as exc:
                log.error("the centre contradicts itself", extra={"detail": exc.detail})
                self._report(exc.code, exc.detail)
                pause = self._patience_s
                self._patience_s = min(2 * pause, LONGEST_PATIENCE_S)
            except EvidenceError as exc:
                log.error("not the centre's ledger", extra={"code": exc.code, "detail": exc.detail})
                self._report(exc.code, exc.detail)
                pause = REFUSED_PAUSE_S
            else:
                missed, self._patience_s = False, EVERY_S
                self._report("ok", "")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()

    async def pull_all(self) -> None:
        """Fetch page after page, until nothing is left.

        Raises:
            UplinkError: not reached.
            CentreContradicts: it denies what it had signed; our ledger tells of that.
            EvidenceError: what came is not the centre's, or not what follows.
        """
        async with self._turn:
            while await self._page():
                pass

    async def _page(self) -> bool:
        ours = self._following.head.seq
        answer = await self._centre.down(ours)
        entries = opened(answer.entries, self._following.keys.node)
        try:
            if answer.head < ours:
                raise Fork("its own ledger became shorter", node=self._following.keys.node)
            following, proven = self._following.after(entries)
        except Fork as exc:
            if self._parting is None:
                raise
            self._following = await self._parting.take_up(answer.head)
            raise CentreContradicts("its own ledger is another", seq=ours) from exc
        pairs = zip(entries, answer.entries, strict=True)
        self._beside |= {entry.seq: came.personal for entry, came in pairs if came.personal}
        if proven:
            await self._ledger.append(proven, self._beside)
            self._beside.clear()
        self._following = following
        if entries and self._following.head.seq < answer.head:
            return True
        # Only now: its checkpoint may be signed by a key that the last page told of.
        await self._pulled(answer)
        return False
