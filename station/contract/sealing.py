"""Makes entries: the envelope around a payload, filled in and signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from station.contract.entries import (
    PAYLOADS,
    VERSION,
    Anchor,
    ClockState,
    Kind,
    Payload,
    tree,
)
from station.domain.clock import Clock, local_date
from station.domain.ledger import Entry, Head, Signer, seal


def stamp(moment: datetime) -> str:
    """Write a moment for a record: UTC with milliseconds, ``2026-03-01T04:05:06.789Z``.

    Raises:
        ValueError: the moment is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive time may not enter a record")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def local_day(moment: datetime) -> str:
    """Return the local date (Asia/Shanghai) of a moment as ``YYYY-MM-DD``."""
    return local_date(moment).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What the node knows of the centre's time and log at a moment."""

    clock: ClockState
    anchor: Anchor | None


def alone() -> Witnessed:
    """Return what a node knows that has never heard of the centre: its clock is unverified."""
    return Witnessed(clock=ClockState(source="system"), anchor=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Everything that one run of one node puts into each of its entries.

    Attributes:
        boot_id: new at each start; ``mono_ns`` of two entries compare only within one.
        legal_id: digest of the program's legally relevant sources.
        law_edition: digest of the law data.
        witnessed: tells, for each entry, how far the clock is known and the newest checkpoint.
    """

    node: str
    signer: Signer
    clock: Clock
    boot_id: str
    legal_id: str
    law_edition: str
    witnessed: Callable[[], Witnessed] = alone

    def seal(self, kind: Kind, payload: Payload, head: Head) -> Entry:
        """Return the entry that comes after *head*."""
        if not isinstance(payload, PAYLOADS[kind]):
            raise TypeError(f"{type(payload).__name__} is no payload of {kind.value}")
        known = self.witnessed()
        return seal(
            {
                "node": self.node,
                "boot_id": self.boot_id,
                "seq": head.seq + 1,
                "prev": head.digest,
                "kind": kind.value,
                "version": VERSION,
                "wall_utc": stamp(self.clock.now()),
                "mono_ns": self.clock.monotonic_ns(),
                "clock": msgspec.to_builtins(known.clock),
                "anchor": msgspec.to_builtins(known.anchor),
                "legal_id": self.legal_id,
                "law_edition": self.law_edition,
                "payload": tree(payload),
            },
            self.signer,
        )
