"""What officers do with keys and certificates, joined for one command each."""

from __future__ import annotations

from central.application.enrol import MakeToken
from central.application.revoke import Revocation, RevokeCertificates, RevokeKey
from central.application.rotating import RotateKey
from central.bootstrap import SystemClock, opened
from central.bootstrap.own import key_place, own_authority, own_key, own_ledger
from central.export.keys import KeyRegister
from central.settings import CentralSettings
from central.store.accounts import SqlAccounts
from central.store.claim import alone
from central.store.enrolment import SqlRegister
from central.store.ledgers import SqlArchive


async def enrolment_token(settings: CentralSettings, node: str) -> str:
    """Return a new token for a station of the configuration."""
    clock = SystemClock()
    async with opened(settings) as database:
        make = MakeToken(
            stations=[one.node for one in settings.stations],
            register=SqlRegister(database),
            authority=own_authority(settings, clock),
            clock=clock,
        )
        return str(await make(node))


async def key_revoked(settings: CentralSettings, revocation: Revocation) -> range:
    """Revoke a signing key; return the places of the entries that are held already."""
    clock = SystemClock()
    async with opened(settings) as database:
        revoke = RevokeKey(
            register=SqlRegister(database),
            accounts=SqlAccounts(database),
            own=own_ledger(settings, clock, own_key(settings)),
            clock=clock,
        )
        return await revoke(revocation)


async def key_rotated(settings: CentralSettings) -> str:
    """Let a new key sign for the centre; return its ``key_id``.

    Raises:
        SettingsError: a program of the centre runs, or a key cannot be used.
        StorageError: the entry is not durable; the old key stays in force.
    """
    clock, place = SystemClock(), key_place(settings)
    async with opened(settings, alone) as database:
        rotate = RotateKey(
            archive=SqlArchive(database),
            own=own_ledger(settings, clock, own_key(settings)),
            origin=settings.central.origin,
            clock=clock,
        )
        new = place.prepare()
        place.settle(await rotate(new))
    return new.key_id


async def certificates_revoked(
    settings: CentralSettings, node: str, serial: str | None, reason: str
) -> list[str]:
    """Revoke a station's certificate, or all of them; return their serials."""
    async with opened(settings) as database:
        revoke = RevokeCertificates(register=SqlRegister(database), clock=SystemClock())
        return await revoke(node, serial, reason)


async def key_register(settings: CentralSettings) -> KeyRegister:
    """Return the register of keys."""
    async with opened(settings) as database:
        nodes = await SqlRegister(database).nodes()
    return KeyRegister(
        origin=settings.central.origin,
        node=settings.central.node,
        nodes=nodes,
        witnesses=[(one.name, one.public_key) for one in settings.witnesses],
    )
