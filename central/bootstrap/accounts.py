"""What the command line does to accounts of headquarters."""

from __future__ import annotations

from central.application.administering import Administering
from central.application.ports import Account
from central.application.publishing import Publish
from central.bootstrap import SystemClock, opened
from central.bootstrap.own import own_key, own_ledger
from central.settings import CentralSettings
from central.store.accounts import SqlAccounts
from central.store.ledgers import SqlArchive
from central.store.pool import Pool


async def made(settings: CentralSettings, account: Account, *, replace: bool) -> bool:
    """Make an account of headquarters; tell whether it has to be confirmed."""
    async with opened(settings) as database:
        return await _administering(settings, database).make(account, replace=replace)


async def revoked(settings: CentralSettings, certificate_no: str) -> None:
    """Revoke an officer here and at every station."""
    async with opened(settings) as database:
        await _administering(settings, database).revoke(certificate_no)


async def unlocked(settings: CentralSettings, certificate_no: str) -> None:
    """Let an account of headquarters try again that wrong codes have locked."""
    async with opened(settings) as database:
        await _administering(settings, database).unlock(certificate_no)


def _administering(settings: CentralSettings, database: Pool) -> Administering:
    clock = SystemClock()
    own = own_ledger(settings, clock, own_key(settings))
    publish = Publish(archive=SqlArchive(database), own=own)
    return Administering(accounts=SqlAccounts(database), publish=publish, clock=clock)
