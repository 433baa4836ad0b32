"""What officers do with keys and certificates, joined for one command each."""

from __future__ import annotations

from central.application.enrol import MakeToken
from central.application.revoke import Revocation, RevokeCertificates, RevokeKey
from central.bootstrap import SystemClock, opened, own_authority, own_key, own_ledger
from central.export.keys import KeyRegister
from central.settings import CentralSettings
from central.store.accounts import SqlAccounts
from central.store.enrolment import SqlRegister


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
