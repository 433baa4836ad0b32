"""Joins the site for drivers: the third address, for everybody."""

from __future__ import annotations

import socket

from central.api.server import Door
from central.application.driver_pages import DriverPages
from central.application.publishing import OwnLedger
from central.bootstrap.missing import RECORDINGS
from central.public.app import Site, create_public_app
from central.public.page import Offices
from central.settings import CentralSettings
from central.store.driver_pages import SqlDriverPages
from central.store.ledgers import SqlArchive
from central.store.pool import Pool
from central.store.recordings import FileRecordings
from station.domain.clock import Clock
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar, typed_years


def driver_pages(
    settings: CentralSettings, database: Pool, clock: Clock, own: OwnLedger
) -> DriverPages:
    """Return what finds drivers' pages."""
    return DriverPages(
        book=SqlDriverPages(database),
        pictures=FileRecordings(settings.central.data_dir / RECORDINGS),
        law=lawbook(),
        working=OfficialCalendar(typed_years(settings.calendar.file)),
        clock=clock,
        archive=SqlArchive(database),
        own=own,
    )


def public_door(
    settings: CentralSettings, pages: DriverPages, listener: socket.socket, clock: Clock
) -> Door:
    """Return the door behind which drivers find their pages."""
    offices = Offices(reconsideration=settings.public.reconsideration, court=settings.public.court)
    site = Site(find=pages, ask=pages.ask, offices=offices, clock=clock)
    proxies = tuple(str(one) for one in settings.public.proxies)
    return Door(create_public_app(site), listener, proxies=proxies)
