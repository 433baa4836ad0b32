"""Looks for the plates that the centre wants to be told of (重点监控)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from station.application.centre_ports import CentreFacts
from station.application.live import Hub
from station.application.ports import Draft
from station.application.views import alarm_of, moment
from station.contract.entries import Kind, WatchHit
from station.contract.sealing import local_day, stamp


@dataclass(frozen=True, slots=True)
class Hit:
    """A plate that was looked for came past; or nobody did."""

    event: WatchHit | None

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """Return what the ledger keeps of it, beside the passage."""
        return () if self.event is None else (Draft(Kind.WATCH_HIT, self.event),)

    def tell(self, hub: Hub) -> None:
        """Tell the watchers, once it is durable."""
        if self.event is not None:
            hub.publish(alarm_of(self.event, moment(self.event.at)))


NOBODY: Final = Hit(None)


async def hit(facts: CentreFacts, passage_id: str, plate: str | None, at: datetime) -> Hit:
    """Return whether a plate is on the watch list, up to and including its last day."""
    on = date.fromisoformat(local_day(at))
    watched = await facts.watched(plate, on) if plate else None
    if watched is None:
        return NOBODY
    return Hit(
        WatchHit(passage_id=passage_id, plate=watched.plate, reason=watched.reason, at=stamp(at))
    )
