"""Writes down vehicles that are not as they should be (车辆不符登记), for their home police."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from station.application.casework import Casework
from station.application.live import Hub
from station.application.ports import Draft, Ledger, Views
from station.application.views import PassageView, receipt
from station.contract.entries import Kind, VehicleMismatch
from station.contract.sealing import local_day, stamp
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts
from station.domain.mismatch import Subject, check_mismatch
from station.domain.officers import Officer, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What two officers saw; see :class:`station.contract.entries.VehicleMismatch`."""

    subject: str
    kinds: Sequence[str]
    facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatching:
    """All such records at this station, one at a time."""

    ledger: Ledger
    views: Views
    casework: Casework
    hub: Hub
    clock: Clock

    async def record(self, passage_id: str, seen: Seen, *, officer: Officer, second_no: str) -> str:
        """Write it down, durably, and return its receipt. No fine follows from it here.

        Raises:
            NotFound: no such passage.
            NotPermitted, TwoOfficersRequired: see :meth:`Casework.pair`.
            InvalidFacts: its plate is not known, it was written down before, or see
                :func:`~station.domain.mismatch.check_mismatch`.
            StoreFull: nothing was done.
        """
        officer.require(Permission.ACT_ROAD, on=date.fromisoformat(local_day(self.clock.now())))
        check_mismatch(seen.subject, seen.kinds, seen.facts)
        async with self.casework.lock:
            view = await self.views.passage(passage_id)
            plate = _plate_of(view, seen.subject)
            if any(one.subject == seen.subject for one in view.mismatches):
                raise InvalidFacts("written down before", field="subject", why="mismatch_known")
            pair = await self.casework.pair(officer, second_no)
            payload = VehicleMismatch(
                passage_id=passage_id,
                case_no=view.case_no or view.recheck_of or "",
                subject=seen.subject,
                plate=plate,
                kinds=sorted(seen.kinds),
                facts=seen.facts.strip(),
                officers=list(pair.certificate_nos),
                at=stamp(self.clock.now()),
            )
            (entry,) = await self.ledger.append(Draft(Kind.VEHICLE_MISMATCH, payload))
        self.hub.publish(await self.views.passage(passage_id))
        return receipt(entry)


def _plate_of(view: PassageView, subject: str) -> str:
    plate = view.tractor if subject == Subject.TRACTOR.value else view.trailer
    if plate is None or plate.text is None:
        raise InvalidFacts("nobody has read its plate", field="subject", why="plate_unread")
    return plate.text
