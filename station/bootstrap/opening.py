"""Opens the station's store, and makes its key and accounts. Reads the clock."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid4

from station.application.timekeeping import TimeKeeper, Tolerance
from station.bootstrap.signing import NAME, KeyPlace
from station.contract.law_edition import keep_edition
from station.contract.legal_id import legal_id
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer
from station.domain.errors import SettingsError, StorageError
from station.keys.files import PUBLIC, write_durably
from station.keys.signing import existing_signer
from station.rules.lawbook import lawbook
from station.settings import Settings
from station.store.accounts import SqliteAccounts
from station.store.branches import SqliteBranches
from station.store.centre_ledger import SqliteCentreLedger
from station.store.checking import Check, Progress
from station.store.database import Database
from station.store.driver_requests import SqliteDriverRequests
from station.store.ledger_rows import newest_at
from station.store.media import FileMedia
from station.store.outbox import SqliteOutbox
from station.store.passwords import Argon2Passwords
from station.store.recordings import SqliteRecordings
from station.store.sqlite_store import SqliteStore

log = logging.getLogger(__name__)

LEDGER: Final = "station.sqlite"
LAW: Final = "law"
"""The folder of law editions by which this station ever worked."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """Return monotonic nanoseconds."""
        return time.monotonic_ns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The station's store, open. ``time``: what the entries' clock is known by."""

    database: Database
    ledger: SqliteStore
    outbox: SqliteOutbox
    centre: SqliteCentreLedger
    requests: SqliteDriverRequests
    recordings: SqliteRecordings
    branches: SqliteBranches
    time: TimeKeeper
    accounts: SqliteAccounts
    passwords: Argon2Passwords
    media: FileMedia
    signer: Ed25519Signer

    def close(self) -> None:
        """Close files and threads."""
        self.media.close()
        self.database.close()


def open_store(settings: Settings) -> Stored:
    """Open the store; makes folder, key and tables at the first call.

    Raises:
        SettingsError: the key cannot be used.
        StorageError: the store cannot be opened.
    """
    database = Database(settings.station.data_dir / LEDGER)
    return _stored(settings, database, KeyPlace(settings.station.data_dir, database).signer)


def open_to_read(settings: Settings) -> Stored:
    """Open the store as it is at this moment, beside a running station; nothing is changed.

    Raises:
        SettingsError: there is no ledger, or the key cannot be used.
        StorageError: the store cannot be read.
    """
    path = settings.station.data_dir / LEDGER
    if not path.exists():
        raise SettingsError(f"{path}: there is no ledger yet", key="station.data_dir")
    database = Database(path, reading=True)
    return _stored(settings, database, KeyPlace(settings.station.data_dir, database).present)


def _stored(settings: Settings, database: Database, signer: Callable[[], Ed25519Signer]) -> Stored:
    try:
        key = signer()
        newest = database.run_now(newest_at)
    except (SettingsError, StorageError):
        database.close()
        raise
    clock = SystemClock()
    keeper = TimeKeeper(
        clock,
        newest,
        Tolerance(
            most_off=timedelta(seconds=settings.clock.most_off_s),
            longest_alone=timedelta(hours=settings.clock.longest_alone_h),
        ),
    )
    sealer = Sealer(
        node=settings.station.node,
        signer=key,
        clock=clock,
        boot_id=str(uuid4()),
        legal_id=legal_id(),
        law_edition=lawbook().edition,
        witnessed=keeper.witnessed,
    )
    ledger = SqliteStore(database, sealer, keeper)
    return Stored(
        database=database,
        ledger=ledger,
        outbox=SqliteOutbox(database, ledger),
        centre=SqliteCentreLedger(database, settings.station.node),
        requests=SqliteDriverRequests(database, settings.station.node),
        recordings=SqliteRecordings(database),
        branches=SqliteBranches(database, ledger),
        time=keeper,
        accounts=SqliteAccounts(database),
        passwords=Argon2Passwords(),
        media=FileMedia(settings.station.data_dir / "media"),
        signer=key,
    )


def keep_law(settings: Settings) -> None:
    """Keep the law edition of this program: bundles of old cases need it after an update.

    A disk that does not take it holds nobody up.
    """
    try:
        keep_edition(settings.station.data_dir / LAW, partial(write_durably, mode=PUBLIC))
    except SettingsError as exc:
        log.warning("the law edition is not kept", extra={"detail": exc.detail})


def signing_key(settings: Settings) -> Ed25519Signer:
    """Return the key that signs the next entry, making the first one.

    Raises:
        SettingsError: it cannot be used.
        StorageError: the store cannot be opened.
    """
    stored = open_store(settings)
    stored.close()
    return stored.signer


def check_of(settings: Settings, progress: Progress) -> Check:
    """Return a check of the whole store; nothing is made or changed.

    Raises:
        SettingsError: there is no key, or it cannot be used.
    """
    folder = settings.station.data_dir
    key = existing_signer(folder / NAME)
    return Check(
        database=folder / LEDGER,
        media=FileMedia(folder / "media"),
        keys={key.key_id: key},
        progress=progress,
    )


@contextmanager
def claimed(settings: Settings) -> Iterator[None]:
    """Hold the station's folder: two programs at one ledger would record each vehicle twice.

    The lock ends with the process, however that ends.

    Raises:
        SettingsError: another program works there.
    """
    folder = settings.station.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "running.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            where = f"{folder}: another program of this station runs"
            raise SettingsError(where, key="station.data_dir") from exc
        yield
