"""Joins what issues documents."""

from __future__ import annotations

from station.application.casework import Casework
from station.application.completeness import Completeness
from station.application.filing import Filing
from station.application.importing import Importing
from station.application.issuing import Issuing
from station.bootstrap.opening import Stored
from station.documents.papers import Place
from station.documents.press import Press
from station.documents.registry import Address, registry
from station.domain.clock import Clock
from station.domain.errors import SettingsError
from station.rules.lawbook import LawBook, lawbook
from station.settings import Settings
from station.store.case_files import SqliteCaseFiles
from station.store.inbox import FolderInbox
from station.store.papers import SqliteDocuments


def issuing(settings: Settings, stored: Stored, casework: Casework, clock: Clock) -> Issuing:
    """Return the desk that issues documents.

    Raises:
        SettingsError: there are no forms of that region.
    """
    return Issuing(
        documents=SqliteDocuments(stored.database, stored.ledger),
        views=stored.ledger,
        media=stored.media,
        press=press(settings, lawbook()),
        law=lawbook(),
        clock=clock,
        lock=casework.lock,
    )


def completeness(settings: Settings, stored: Stored, clock: Clock) -> Completeness:
    """Return what looks whether a file is complete.

    Raises:
        SettingsError: there are no forms of that region.
    """
    made = press(settings, lawbook())
    return Completeness(
        files=SqliteCaseFiles(stored.database, stored.ledger),
        forms=made.forms,
        recorded=made.recorded,
        law=lawbook(),
        clock=clock,
    )


def filing(
    settings: Settings, stored: Stored, casework: Casework, complete: Completeness, clock: Clock
) -> Filing:
    """Return the desk that keeps files of cases.

    Raises:
        SettingsError: there are no forms of that region.
    """
    return Filing(
        files=SqliteCaseFiles(stored.database, stored.ledger),
        views=stored.ledger,
        ledger=stored.ledger,
        receipts=stored.outbox,
        completeness=complete,
        forms=press(settings, lawbook()).forms,
        pair=casework.pair,
        clock=clock,
        lock=casework.lock,
    )


def importing(settings: Settings, stored: Stored, inbox: FolderInbox, clock: Clock) -> Importing:
    """Return what takes in clips."""
    return Importing(
        inbox=inbox,
        clips=SqliteCaseFiles(stored.database, stored.ledger),
        accounts=stored.accounts,
        ledger=stored.ledger,
        clock=clock,
        every_s=settings.recordings.look_every_s,
    )


def press(settings: Settings, law: LawBook) -> Press:
    """Return what makes this station's documents.

    Raises:
        SettingsError: there are no forms of that region.
    """
    station, given = settings.station, settings.documents
    try:
        read = registry(given.region)
    except ValueError as exc:
        raise SettingsError(f"documents.region: {exc}", key="documents.region") from exc
    offices: dict[str, Address] = {
        name: Address(name=office.name, address=office.address, phone=office.phone)
        for name, office in given.offices.items()
    }
    place = Place(
        node=station.node,
        name=station.name,
        road=station.road,
        offices={**read.offices, **offices},
        pages=given.driver_pages,
    )
    return Press(read, place, law)
