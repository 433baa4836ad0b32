"""Whether a permit (超限运输车辆通行证) is for a transport: asked at the scale, and again later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from station.contract.entries import HeldPermit, Permit, PermitAnswer
from station.domain.errors import NoLawInForce
from station.domain.units import Kg
from station.rules.facts import PermitNote
from station.rules.lawbook import LawBook

REGISTER_HOURS: Final = "limit.permit_register_hours"
CENTRE: Final = "centre"
PAPER: Final = "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What came onto the scale.

    Attributes:
        node: the station.
        trailer: its plate; None when it was not read, or none was seen.
        on: local day of the weighing, of which ``at`` is the moment.
    """

    node: str
    plate: str
    trailer: str | None
    on: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitFacts:
    """What of it goes into the facts of a finding. ``gross``: kg, None without a fitting permit."""

    gross: Kg | None = None
    notes: tuple[PermitNote, ...] = ()


NOT_ASKED: Final = PermitFacts()


def chosen(permits: Sequence[tuple[int, Permit]], transport: Transport) -> HeldPermit | None:
    """Return the permit to hold a transport against.

    Of those that are for it the one that allows most; else the newest, so that it can be said why
    it is not for this transport.

    Args:
        permits: the plate's, each with its place in the centre's ledger, newest first.
        transport: what was weighed.
    """
    held = [_held(seq, permit) for seq, permit in permits]
    fitting = [one for one in held if misfit(one, transport) is None]
    if fitting:
        return max(fitting, key=lambda one: one.gross_kg)
    return held[0] if held else None


def misfit(permit: HeldPermit, transport: Transport) -> PermitNote | None:
    """Return why a permit of the plate is not for this transport; None when it is.

    Source: 《公路安全保护条例》第六十五条 (线路、时间); first and last day both included.
    """
    if not permit.first_on <= transport.on.isoformat() <= permit.last_on:
        return PermitNote.OTHER_DAYS
    if permit.stations and transport.node not in permit.stations:
        return PermitNote.OTHER_ROUTE
    if permit.trailer and transport.trailer is None:
        return PermitNote.TRAILER_UNREAD
    if permit.trailer and transport.trailer != permit.trailer:
        return PermitNote.OTHER_TRAILER
    return None


def permit_facts(answer: PermitAnswer | None, transport: Transport, law: LawBook) -> PermitFacts:
    """Return what a finding is to know of permits; the same at the station and at the centre.

    ``answer``: as it is sealed beside the finding; None where nobody asked.

    Raises:
        ValueError: ``as_of`` is no time, or one without its zone.
    """
    if answer is None:
        return NOT_ASKED
    permit = answer.permit
    notes = _unchecked(answer, transport, law)
    if permit is None or permit.plate != transport.plate:
        return PermitFacts(notes=notes)
    why = misfit(permit, transport)
    if why is not None:
        return PermitFacts(notes=(why, *notes))
    if not permit.stations:
        notes = (PermitNote.ROUTE_IN_WORDS, *notes)
    return PermitFacts(gross=Kg(permit.gross_kg), notes=notes)


def is_same(held: HeldPermit, seq: int, permit: Permit) -> bool:
    """Tell whether entry *seq* of the centre's ledger tells of the permit that was held against.

    Of a paper any entry will do that does not take the permit back; its route and the stations on
    it are in words there.
    """
    if permit.revoked:
        return False
    told = _held(seq, permit)
    if held.origin == CENTRE:
        return held == told
    return (held.permit_no, held.plate, held.trailer, held.first_on, held.last_on) == (
        told.permit_no,
        told.plate,
        told.trailer,
        told.first_on,
        told.last_on,
    ) and held.gross_kg <= told.gross_kg


def _unchecked(answer: PermitAnswer, transport: Transport, law: LawBook) -> tuple[PermitNote, ...]:
    try:
        hours = int(law.provision(REGISTER_HOURS, transport.on).value)
    except NoLawInForce:
        return ()  # a clock that fell back: the finding says so itself
    known = answer.as_of != "" and (transport.at - _aware(answer.as_of) <= timedelta(hours=hours))
    return () if known else (PermitNote.UNCHECKED,)


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without its zone: {text}")
    return at


def _held(seq: int, permit: Permit) -> HeldPermit:
    return HeldPermit(
        origin=CENTRE,
        centre_seq=seq,
        permit_no=permit.permit_no,
        plate=permit.plate,
        trailer=permit.trailer,
        gross_kg=permit.gross_kg,
        route=permit.route,
        stations=permit.stations,
        first_on=permit.first_on,
        last_on=permit.last_on,
    )
