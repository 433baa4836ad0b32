"""Officers' accounts and sessions. Not part of the ledger, which knows certificate numbers only."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import apsw

from station.application.ports import Session
from station.domain import totp
from station.domain.access import MOST_WRONG_CODES, Account, Codes, Standing
from station.store.database import Database, Row
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("accounts")
_ACCOUNT: Final = Sealed(Account, "account")


class SqliteAccounts:
    """Implements :class:`~station.application.ports.Accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_account(self, account: Account, *, unconfirmed: bool = False) -> None:
        """See :class:`~station.application.administering.Standings`."""
        number, view = account.officer.certificate_no, _ACCOUNT.encode(account)

        def put(connection: apsw.Connection) -> None:
            with connection:
                connection.execute(_SQL["put_account"], (number, view))
                connection.execute(_SQL["fresh_state"], (number,))
                waiting = "wait_for_confirmation" if unconfirmed else "confirm"
                connection.execute(_SQL[waiting], (number,))
                connection.execute(_SQL["end_sessions"], (number,))

        await self._database.run(put)

    async def account(self, certificate_no: str) -> Account | None:
        """See :class:`~station.application.ports.Accounts`."""
        rows = await self._rows("account", certificate_no)
        return _ACCOUNT.decode(rows[0][0]) if rows else None

    async def codes(self, certificate_no: str) -> Codes:
        """See :class:`~station.application.ports.Accounts`."""
        rows = await self._rows("codes", certificate_no)
        return Codes(last_step=rows[0][0], wrong=rows[0][1]) if rows else Codes()

    async def take_step(self, certificate_no: str, step: int) -> bool:
        """See :class:`~station.application.ports.Accounts`."""
        until = totp.newest_used(step)
        return bool(await self._rows("take_step", certificate_no, step, until, MOST_WRONG_CODES))

    async def wrong_code(self, certificate_no: str) -> None:
        """See :class:`~station.application.ports.Accounts`."""
        await self._rows("wrong_code", certificate_no)

    async def standings(self) -> list[Standing]:
        """See :class:`~station.application.administering.Standings`."""
        return [
            Standing(
                officer=_ACCOUNT.decode(view).officer,
                locked=Codes(wrong=wrong).locked,
                revoked=bool(revoked),
                unconfirmed=bool(unconfirmed),
            )
            for view, wrong, revoked, unconfirmed in await self._rows("standings")
        ]

    async def confirm(self, certificate_no: str) -> bool:
        """See :class:`~station.application.administering.Standings`."""
        return bool(await self._rows("confirm", certificate_no))

    async def revoke(self, certificate_no: str) -> None:
        """See :class:`~station.application.administering.Standings`."""

        def revoke(connection: apsw.Connection) -> None:
            with connection:
                connection.execute(_SQL["revoke"], (certificate_no,))
                connection.execute(_SQL["end_sessions"], (certificate_no,))

        await self._database.run(revoke)

    async def unlock(self, certificate_no: str) -> None:
        """See :class:`~station.application.administering.Standings`."""
        await self._rows("unlock", certificate_no)

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

    async def _rows(self, name: str, *values: str | int | bytes) -> list[Row]:
        return await self._database.rows(_SQL[name], *values)


def _session(row: Row) -> Session:
    digest, began, seen, view = row
    return Session(
        token_digest=digest,
        officer=_ACCOUNT.decode(view).officer,
        began_at=datetime.fromisoformat(began),
        seen_at=datetime.fromisoformat(seen),
    )
