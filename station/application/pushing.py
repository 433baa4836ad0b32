"""Brings the ledger to the centre (上传), entry by entry in order, whenever the line allows."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from station.application.centre_ports import Centre, Outbox
from station.application.ports import Ledger
from station.application.pulling import LONGEST_PATIENCE_S, Puller
from station.contract.personal import Opening
from station.contract.uplink import Receipt
from station.domain.errors import (
    BadOpening,
    BadReceipt,
    BrokenChain,
    CentreContradicts,
    EvidenceError,
    KeyNotGood,
    StoreCorrupt,
    StoreFull,
    UplinkError,
)
from station.domain.ledger import Entry

log = logging.getLogger(__name__)

BATCH: Final = 200
BATCH_BYTES: Final = 1_000_000
"""A batch goes over a slow line too, and under any bound on a body; one entry always goes."""
LOOK_EVERY_S: Final = 1.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
REFUSED_PAUSE_S: Final = 60.0

Report = Callable[[str, str], None]


class Pusher:
    """One task. The ledger is its outbox: what is not acknowledged is sent again, for ever.

    Attributes:
        waiting: how many entries the centre had not acknowledged when that was last looked at.
        sending: the last entry of the batch on its way; None while nothing is.
        known: where the ledger ended when the pusher last began to work: what is beyond is newer.
    """

    def __init__(
        self,
        *,
        node: str,
        ledger: Ledger,
        outbox: Outbox,
        centre: Centre,
        puller: Puller,
        report: Report,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; *report* gets ``ok`` or a code with its detail after every try."""
        self._node = node
        self._ledger = ledger
        self._outbox = outbox
        self._centre = centre
        self._puller = puller
        self._report = report
        self._sleep = sleep
        self._jitter = jitter
        self._pause_s = self._patience_s = FIRST_PAUSE_S
        self._agreed_s = 0.0
        self.waiting = 0
        self.sending: int | None = None
        self.known = 0

    async def run(self) -> None:
        """Push for ever."""
        while True:
            try:
                more = await self.push_once()
            except (UplinkError, EvidenceError, StoreCorrupt, StoreFull) as exc:
                self.sending = None
                await self._sleep(self._pause_after(exc))
                continue
            self._pause_s = FIRST_PAUSE_S
            if self.sending is not None:  # otherwise the line was not used
                self._report("ok", "")
            if not more:
                self.sending = None
                await self._sleep(LOOK_EVERY_S)
                self._agree(LOOK_EVERY_S)

    def _pause_after(self, exc: UplinkError | EvidenceError | StoreCorrupt | StoreFull) -> float:
        """Say what is wrong, and return for how many seconds nothing is sent."""
        if isinstance(exc, StoreFull):
            # The receipt cannot be kept; the lane says how the disk is.
            return LONGEST_PAUSE_S
        self._report(exc.code, exc.detail)
        if isinstance(exc, UplinkError):
            pause = self._pause_s * (0.5 + self._jitter() / 2)
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            return pause
        log.error("delivery stops", extra={"code": exc.code, "detail": exc.detail})
        if isinstance(exc, CentreContradicts):
            # Written down, and what it lost is sent again; but no centre fills the ledger with it.
            patience, self._agreed_s = self._patience_s, 0
            self._patience_s = min(2 * patience, LONGEST_PATIENCE_S)
            return patience
        # A fork, a decayed entry, a receipt that cannot be true: people must look.
        return REFUSED_PAUSE_S

    def _agree(self, seconds: float) -> None:
        """Forget contradictions after a long time without one: one success more is no such time."""
        self._agreed_s += seconds
        if self._agreed_s >= LONGEST_PATIENCE_S:
            self._patience_s = FIRST_PAUSE_S

    async def push_once(self) -> bool:
        """Send one batch; tell whether there is more to send.

        Raises:
            UplinkError, EvidenceError: see :class:`~station.application.centre_ports.Centre`.
            CentreContradicts: it denies what it had signed; that is written down, and what it
                lost is sent again.
            StoreCorrupt: an entry is not what was written.
        """
        delivered = await self._outbox.delivered()
        entries = _fitting(await self._ledger.entries_after(delivered, BATCH))
        head = (await self._ledger.head()).seq
        self.waiting = head - delivered
        if not entries:
            return False
        if self.sending is None:
            self.known = head
        self.sending = entries[-1].seq
        try:
            answer = await self._centre.push(entries, await self._openings(entries))
        except BrokenChain as exc:
            raise await self._gone_back(exc, delivered) from exc
        await self._acknowledged(answer.receipt, entries[-1])
        self._puller.look()
        self.waiting = (await self._ledger.head()).seq - await self._outbox.delivered()
        return self.waiting > 0

    async def _acknowledged(self, receipt: Receipt | None, last: Entry) -> None:
        if receipt is None:
            raise UplinkError("there is no receipt")
        if receipt.node != self._node:
            raise BadReceipt("for another node", node=receipt.node, seq=receipt.seq)
        await self._check(receipt)
        await self._outbox.note_receipt(receipt)
        if receipt.seq < last.seq:
            raise UplinkError("the centre holds less than was sent")

    async def _check(self, receipt: Receipt) -> None:
        try:
            self._puller.keys.check_receipt(receipt)
        except KeyNotGood:
            # The centre may have changed its key since: its own ledger says so.
            await self._puller.pull_all()
            try:
                self._puller.keys.check_receipt(receipt)
            except KeyNotGood as exc:
                raise BadReceipt("signed by a key that is not the centre's", **exc.fields) from exc

    async def _openings(self, entries: list[Entry]) -> dict[int, tuple[Opening, ...]]:
        """Return the clear texts that go along. One that is spoilt keeps no entry back."""
        try:
            return await self._ledger.openings(entries[0].seq, entries[-1].seq)
        except BadOpening:
            pass
        found: dict[int, tuple[Opening, ...]] = {}
        for entry in entries:
            try:
                found |= await self._ledger.openings(entry.seq, entry.seq)
            except BadOpening as exc:
                log.error("a personal field is spoilt", extra=exc.fields)
        return found

    async def _gone_back(self, exc: BrokenChain, delivered: int) -> EvidenceError:
        """Send again from where the centre is: it may have been restored from a backup."""
        expected = exc.fields.get("expected")
        if not isinstance(expected, int) or not 1 <= expected <= delivered:
            return exc
        await self._outbox.go_back(expected - 1)
        return CentreContradicts(
            f"it had signed for {delivered} and asks for {expected}", node=self._node, seq=expected
        )


def _fitting(entries: list[Entry]) -> list[Entry]:
    """Return the first entries that go into one batch."""
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.body)
        if count and size > BATCH_BYTES:
            return entries[:count]
    return entries
