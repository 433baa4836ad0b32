"""Officers' accounts and sessions. Not part of the ledger, which knows certificate numbers only."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from station.application.ports import Account, Session
from station.store.database import Database, Row
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("accounts")
_ACCOUNT: Final = Sealed(Account, "account")


class SqliteAccounts:
    """Implements :class:`~station.application.ports.Accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_account(self, account: Account) -> None:
        """Make or change an account."""
        certificate_no = account.officer.certificate_no
        await self._rows("put_account", certificate_no, _ACCOUNT.encode(account))

    async def account(self, certificate_no: str) -> Account | None:
        """See :class:`~station.application.ports.Accounts`."""
        rows = await self._rows("account", certificate_no)
        return _ACCOUNT.decode(rows[0][0]) if rows else None

    async def open_session(self, session: Session) -> None:
        """See :class:`~station.application.ports.Accounts`."""
        await self._rows(
            "open_session",
            session.token_digest,
            session.officer.certificate_no,
            session.began_at.isoformat(),
            session.seen_at.isoformat(),
        )

    async def session(self, token_digest: str) -> Session | None:
        """See :class:`~station.application.ports.Accounts`."""
        rows = await self._rows("session", token_digest)
        return _session(rows[0]) if rows else None

    async def touch(self, token_digest: str, at: datetime) -> None:
        """See :class:`~station.application.ports.Accounts`."""
        await self._rows("touch_session", token_digest, at.isoformat())

    async def close_session(self, token_digest: str) -> None:
        """See :class:`~station.application.ports.Accounts`."""
        await self._rows("close_session", token_digest)

    async def sessions(self) -> list[Session]:
        """See :class:`~station.application.ports.Accounts`."""
        return [_session(row) for row in await self._rows("sessions")]

    async def _rows(self, name: str, *values: str | bytes) -> list[Row]:
        return await self._database.rows(_SQL[name], *values)


def _session(row: Row) -> Session:
    digest, began, seen, view = row
    return Session(
        token_digest=digest,
        officer=_ACCOUNT.decode(view).officer,
        began_at=datetime.fromisoformat(began),
        seen_at=datetime.fromisoformat(seen),
    )
