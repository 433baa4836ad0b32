"""What the interface stands on, and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from station.admission.access_log import AccessLog
from station.api.feed import Feed
from station.api.schemas import DrawingOut, StationOut
from station.application.administering import Administering
from station.application.answering import Answering
from station.application.casework import Casework
from station.application.centre_ports import CentreFacts
from station.application.duty import Duty
from station.application.evading import Evading
from station.application.filing import Filing
from station.application.issuing import Issuing
from station.application.live import LaneView
from station.application.mismatching import Mismatching
from station.application.ports import Media, Views
from station.application.reminding import Reminding
from station.application.reviewing import Reviewing
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import AccessError
from station.domain.officers import Officer, Permission
from station.rules.lawbook import LawBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The application behind the interface."""

    station: StationOut
    drawings: Sequence[DrawingOut]
    views: Views
    facts: CentreFacts
    law: LawBook
    media: Media
    duty: Duty
    casework: Casework
    evading: Evading
    issuing: Issuing
    filing: Filing
    reviewing: Reviewing
    mismatching: Mismatching
    reminding: Reminding
    answering: Answering
    lane: Callable[[], LaneView]
    feed: Feed
    clock: Clock
    administering: Administering
    access_log: AccessLog

    @property
    def cookie(self) -> str:
        """Return the session cookie's name: two stations on one machine keep apart."""
        return f"zhichao_{self.station.node}"


def of(connection: HTTPConnection) -> Services:
    """Return the services of the application that was asked."""
    services: Services = connection.app.state.services
    return services


Serving = Annotated[Services, Depends(of)]


async def signed_in(connection: HTTPConnection, services: Serving) -> Officer:
    """Return who asks; raise NotSignedIn when nobody is signed in."""
    officer = await services.duty.officer(connection.cookies.get(services.cookie))
    connection.state.who = officer.certificate_no
    return officer


SignedIn = Annotated[Officer, Depends(signed_in)]


def permitted(*any_of: Permission) -> Callable[[Services, Officer], Awaitable[Officer]]:
    """Return the dependency that gives who asks; it raises NotPermitted when he may not."""

    async def officer(services: Serving, officer: SignedIn) -> Officer:
        today = date.fromisoformat(local_day(services.clock.now()))
        officer.require(*any_of, on=today)
        return officer

    return officer


watching = permitted(Permission.WATCH)

Acting = Annotated[Officer, Depends(permitted(Permission.ACT_ROAD, Permission.ACT_POLICE))]
"""Whoever acts in cases at all: others are refused before anything is looked up for them."""

OfRoad = Annotated[Officer, Depends(permitted(Permission.ACT_ROAD))]

Naming = Annotated[Officer, Depends(permitted(Permission.REVIEW_PASSAGE))]


def note_refusal(connection: HTTPConnection, exc: AccessError) -> None:
    """Write down whom we refused, for the audit administrator."""
    route = connection.scope.get("route")
    what = f"{connection.scope.get('method', 'WS')} {getattr(route, 'path', '*')}"
    peer = connection.client.host if connection.client else ""
    who = getattr(connection.state, "who", "")
    of(connection).access_log.note(exc, who=who, what=what, peer=peer)


def foreign(headers: Headers) -> bool:
    """Tell whether a browser says that another site's page asks.

    Programs that are no browsers send no Origin; they hold no cookie that a page could misuse.
    """
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
