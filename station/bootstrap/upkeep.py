"""What the command line does to a station's store beside running it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Final

import msgspec

from station.application.administering import Administering
from station.application.devices import OK
from station.application.ports import Draft
from station.application.retention import Retention
from station.bootstrap.opening import Stored, SystemClock, claimed, open_store
from station.bootstrap.signing import KeyPlace, rotate
from station.bootstrap.uplink import Uplink
from station.contract.entries import Kind, OfficerChange
from station.contract.sealing import local_day
from station.domain import totp
from station.domain.access import Account
from station.domain.errors import NotEnrolled, NotFound, SettingsError
from station.domain.officers import Officer
from station.keys.centre import known_centre
from station.rules.lawbook import lawbook
from station.rules.retention import ACCESSES, RECORDINGS, months_kept
from station.settings import Settings
from station.store.access_log import SqliteRefusedAccesses
from station.store.erasing import erase_openings

SHORTEST_PASSWORD: Final = 12


async def add_officer(settings: Settings, officer: Officer, password: str) -> tuple[str, bool]:
    """Make or change an account; the ledger keeps that it was done, without name and password.

    Returns:
        What the officer's authenticator scans, shown once and never again; and whether the
        security administrator has to confirm the account before it is good.

    Raises:
        SettingsError: the password is too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise SettingsError(f"a password has at least {SHORTEST_PASSWORD} characters")
    async with _writing(settings) as stored:
        secret = secrets.token_bytes(totp.SECRET_BYTES)
        account = Account(
            officer=officer, password_hash=stored.passwords.hash(password), secret=secret
        )
        made = Administering(accounts=stored.accounts, ledger=stored.ledger)
        waits = await made.make(account, date.fromisoformat(local_day(SystemClock().now())))
    return _authenticator(settings, officer.certificate_no, secret), waits


async def new_secret(settings: Settings, certificate_no: str) -> str:
    """Give an account another secret of one-time codes; its sessions end.

    Returns:
        What the officer's authenticator scans; it is shown once and cannot be asked for again.

    Raises:
        NotFound: no such account, or it is revoked.
    """
    async with _writing(settings) as stored:
        account = await stored.accounts.account(certificate_no)
        if account is None:
            raise NotFound("no such account", certificate_no=certificate_no)
        secret = secrets.token_bytes(totp.SECRET_BYTES)
        await stored.accounts.put_account(replace(account, secret=secret))
        officer = account.officer
        change = OfficerChange(
            certificate_no=certificate_no,
            role=officer.role.value,
            valid_until=officer.valid_until.isoformat(),
            change="changed",
        )
        await stored.ledger.append(Draft(Kind.OFFICER_CHANGE, change))
    return _authenticator(settings, certificate_no, secret)


async def revoke_officer(settings: Settings, certificate_no: str) -> None:
    """Revoke an account; the errors are those of :class:`Administering`."""
    async with _writing(settings) as stored:
        await Administering(accounts=stored.accounts, ledger=stored.ledger).revoke(certificate_no)


async def unlock_officer(settings: Settings, certificate_no: str) -> None:
    """Unlock an account; the errors are those of :class:`Administering`."""
    async with _writing(settings) as stored:
        await Administering(accounts=stored.accounts, ledger=stored.ledger).unlock(certificate_no)


def _authenticator(settings: Settings, certificate_no: str, secret: bytes) -> str:
    return totp.uri(secret, issuer=settings.station.name, account=certificate_no)


async def rebuild(settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Throw the views away and fold the ledgers anew; return how many entries they held.

    Raises:
        SettingsError: the station runs.
    """
    with claimed(settings):
        stored = open_store(settings)
        try:
            return await stored.branches.rebuild(progress)
        finally:
            stored.close()


async def rejoin(settings: Settings, reason: str) -> list[str]:
    """Set our branch aside and take up the centre's; return the digests of what was set aside.

    Raises:
        SettingsError: the station runs.
        UplinkError, EvidenceError: see :meth:`station.application.rejoining.Rejoining.rejoin`.
    """
    with claimed(settings):
        stored = open_store(settings)
        try:
            return await Uplink(settings, stored).rejoin(reason)
        finally:
            stored.close()


async def receipts(settings: Settings) -> list[str]:
    """Return every receipt as a line of JSON, in the order of the entries."""
    stored = open_store(settings)
    try:
        last = (await stored.ledger.head()).seq
        found = await stored.outbox.receipts(1, last)
    finally:
        stored.close()
    return [msgspec.json.encode(one).decode() for one in found]


async def retain(settings: Settings) -> int:
    """Erase the recordings whose time is over; return how many."""
    async with _writing(settings) as stored:
        return await retention(settings, stored).erase()


def retention(settings: Settings, stored: Stored) -> Retention:
    """Return what erases recordings and refused accesses when their time is over."""
    law, longer = lawbook(), settings.retention.recordings_months

    return Retention(
        ledger=stored.ledger,
        recordings=stored.recordings,
        media=stored.media,
        accesses=SqliteRefusedAccesses(stored.database),
        clock=SystemClock(),
        months=lambda on: months_kept(law, RECORDINGS, on, longer),
        access_months=lambda on: months_kept(law, ACCESSES, on),
        dated=lambda: stored.time.state()[0] == OK,
    )


async def rotated(settings: Settings) -> str:
    """Sign with a new key from the next entry on; return its ``key_id``.

    Raises:
        SettingsError: the station runs, or a key cannot be used.
        NotEnrolled: nobody knows the key yet that would have to vouch for the next one.
        StorageError: the entry is not durable; the old key stays in force.
    """
    folder = settings.station.data_dir
    if known_centre(folder) is None:
        raise NotEnrolled("rotate after the enrolment")
    with claimed(settings):
        stored = open_store(settings)
        try:
            # An old disk must be brought up first: its rotation would be a fork without a key.
            await Uplink(settings, stored).prepare()
            place = KeyPlace(folder, stored.database)
            return rotate(place, stored.ledger, settings.station.node, stored.signer)
        finally:
            stored.close()


async def erase_personal(settings: Settings, before: date, reason: str) -> int:
    """Erase the clear text of personal fields of acts before a local day, on closed cases."""
    async with _writing(settings) as stored:
        ledger, day = stored.ledger, before.isoformat()
        return await stored.database.run(lambda c: erase_openings(c, ledger, day, reason))


@asynccontextmanager
async def _writing(settings: Settings) -> AsyncIterator[Stored]:
    """Open the store to write an entry, brought up to what the centre holds first.

    While the station runs, that was done already, and only one program may do it.
    """
    with ExitStack() as stack:
        stored = open_store(settings)
        stack.callback(stored.close)
        try:
            stack.enter_context(claimed(settings))
        except SettingsError:
            pass
        else:
            await Uplink(settings, stored).prepare()
        yield stored
