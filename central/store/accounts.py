"""Keeps officers and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from central.application.ports import Account, Session
from central.domain.access import ABSOLUTE, Scope
from central.store import pool as pools
from central.store.pool import Pool
from central.store.sqlfile import load
from station.domain import totp
from station.domain.access import MOST_WRONG_CODES, Codes, Standing
from station.domain.officers import Officer, Role

_SQL: Final = load("accounts")


class SqlAccounts:
    """Officers and sessions in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def account(self, certificate_no: str) -> Account | None:
        """Return an account."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["account"], certificate_no.replace("\0", ""))
        if row is None:
            return None
        columns = dict(row)
        return Account(
            password_hash=columns.pop("password_hash"),
            secret=columns.pop("secret"),
            scope=_scope(columns),
            officer=_officer(columns),
        )

    async def put_account(
        self, account: Account, *, replace: bool, unconfirmed: bool = False
    ) -> bool:
        """Write an account, and end its sessions; False when it exists and is not to change."""
        officer = account.officer
        columns = (
            officer.certificate_no,
            officer.name,
            officer.role.value,
            officer.valid_until,
            account.password_hash,
            None if account.scope.nodes is None else sorted(account.scope.nodes),
            officer.crew,
            account.secret,
            unconfirmed,
        )
        async with pools.transaction(self._pool) as connection:
            added = await connection.fetchval(_SQL["add_account"], *columns)
            if added is None and not replace:
                return False
            if added is None:
                await connection.execute(_SQL["change_account"], *columns)
            await connection.execute(_SQL["end_sessions"], officer.certificate_no)
        return True

    async def codes(self, certificate_no: str) -> Codes:
        """Return what became of an account's one-time codes."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["codes"], certificate_no)
        return Codes() if row is None else Codes(last_step=row[0], wrong=row[1])

    async def take_step(self, certificate_no: str, step: int) -> bool:
        """Note that a step's code was taken, and forget wrong ones; False when it was before."""
        until = totp.newest_used(step)
        async with pools.connection(self._pool) as connection:
            taken = await connection.fetchval(
                _SQL["take_step"], certificate_no, step, until, MOST_WRONG_CODES
            )
        return taken is not None

    async def wrong_code(self, certificate_no: str) -> None:
        """Count a wrong code."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["wrong_code"], certificate_no)

    async def standings(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        async with pools.connection(self._pool) as connection:
            rows = [dict(row) for row in await connection.fetch(_SQL["standings"])]
        return [
            Standing(
                locked=Codes(wrong=row.pop("wrong_codes")).locked,
                revoked=row.pop("revoked"),
                unconfirmed=row.pop("unconfirmed"),
                officer=_officer(row),
            )
            for row in rows
        ]

    async def confirm(self, certificate_no: str) -> bool:
        """Let an account be good; False when none waits for that."""
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["confirm"], certificate_no) is not None

    async def revoke(self, certificate_no: str) -> bool:
        """Let an account be no more, and end its sessions; False when there is none."""
        async with pools.transaction(self._pool) as connection:
            revoked = await connection.fetchval(_SQL["revoke"], certificate_no)
            await connection.execute(_SQL["end_sessions"], certificate_no)
        return revoked is not None

    async def unlock(self, certificate_no: str) -> bool:
        """Forget its wrong codes; False when there is none."""
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["unlock"], certificate_no) is not None

    async def open_session(self, session: Session) -> None:
        """Remember a session, and forget those that have run out anyway."""
        async with pools.transaction(self._pool) as connection:
            await connection.execute(_SQL["end_old_sessions"], session.began_at - ABSOLUTE)
            await connection.execute(
                _SQL["open_session"],
                session.token_digest,
                session.officer.certificate_no,
                session.began_at,
                session.seen_at,
            )

    async def session(self, token_digest: bytes) -> Session | None:
        """Return a session."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["session"], token_digest)
        return None if row is None else _session(dict(row))

    async def sessions_of(self, token_digests: Sequence[bytes]) -> list[Session]:
        """Return those of the sessions that there are."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["sessions"], token_digests)
        return [_session(dict(row)) for row in rows]

    async def touch(self, token_digest: bytes, at: datetime) -> None:
        """Note that a session was used."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["touch"], token_digest, at)

    async def close_session(self, token_digest: bytes) -> None:
        """Forget a session."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["close_session"], token_digest)


def _session(columns: dict[str, Any]) -> Session:
    return Session(
        token_digest=columns.pop("token_digest"),
        began_at=columns.pop("began_at"),
        seen_at=columns.pop("seen_at"),
        scope=_scope(columns),
        officer=_officer(columns),
    )


def _scope(columns: dict[str, Any]) -> Scope:
    stations: list[str] | None = columns.pop("stations")
    return Scope(None if stations is None else frozenset(stations))


def _officer(columns: dict[str, Any]) -> Officer:
    role = Role(columns.pop("role"))
    return Officer(role=role, **columns)
