"""Keeps tokens, certificates, and what becomes of keys."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from central.application.register import Issued, RegisteredKey, RegisteredNode
from central.store import pool as pools
from central.store.ledgers import SqlDesk
from central.store.pool import Pool
from central.store.sqlfile import load
from station.contract.keyring import NodeKey
from station.domain.errors import TokenExpired, TokenUnknown, TokenUsed

_SQL: Final = load("enrolment")


class SqlEnrolmentDesk(SqlDesk):
    """Implements :class:`~central.application.register.EnrolmentDesk`."""

    async def add_token(self, digest: bytes, node: str, at: datetime, expires_at: datetime) -> None:
        """See the port."""
        await self._connection.execute(_SQL["add_token"], digest, node, at, expires_at)

    async def use_token(self, digest: bytes, node: str, at: datetime) -> None:
        """See the port."""
        if await self._connection.fetchval(_SQL["use_token"], digest, node, at) is not None:
            return
        row = await self._connection.fetchrow(_SQL["token"], digest, node)
        if row is None:
            raise TokenUnknown(node=node)
        if row["used_at"] is not None:
            raise TokenUsed(node=node)
        raise TokenExpired(node=node)

    async def add_certificate(self, issued: Issued, at: datetime) -> None:
        """See the port."""
        await self._connection.execute(
            _SQL["add_certificate"], issued.serial, issued.node, at, issued.ends_at
        )

    async def revoke_certificates(
        self, node: str, serial: str | None, at: datetime, reason: str
    ) -> list[str]:
        """See the port."""
        rows = await self._connection.fetch(_SQL["revoke_certificates"], node, serial, at, reason)
        return [row["serial"] for row in rows]

    async def revoke_key(self, node: str, key_id: str, from_seq: int, reason: str) -> bool:
        """See the port."""
        row = await self._connection.fetchval(_SQL["revoke_key"], node, key_id, from_seq, reason)
        return row is not None


class SqlRegister:
    """Implements :class:`~central.application.register.Register`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def desk(self) -> AsyncIterator[SqlEnrolmentDesk]:
        """See the port."""
        async with pools.transaction(self._pool) as connection:
            yield SqlEnrolmentDesk(connection)

    async def revoked(self, serial: str) -> bool:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            return bool(await connection.fetchval(_SQL["revoked"], serial))

    async def nodes(self) -> list[RegisteredNode]:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["register"])
        found: dict[str, RegisteredNode] = {}
        for row in rows:
            columns = dict(row)
            node, name, road = (columns.pop(key) for key in ("node", "name", "road"))
            before = found[node].keys if node in found else ()
            keys = (*before, _key(columns)) if columns["key_id"] else before
            found[node] = RegisteredNode(node=node, name=name, road=road, keys=keys)
        return list(found.values())


def _key(columns: dict[str, Any]) -> RegisteredKey:
    reason = columns.pop("reason")
    return RegisteredKey(key=NodeKey(**columns), reason=reason)
