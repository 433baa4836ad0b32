"""Opens connections to PostgreSQL. Its errors become ours here, and naive times are refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg

from station.domain.errors import StoreFailed, StoreFull

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = Pool = object

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CONNECTIONS: Final = 10
_ACQUIRE_S: Final = 10.0
_STATEMENT_S: Final = 60.0
_CLOSE_S: Final = 5.0
_SETTINGS: Final = {
    "application_name": "zhichao-central",
    "timezone": "UTC",
    # An acknowledgement is a promise: not even a server's own default may soften it.
    "synchronous_commit": "on",
}


_OTHERS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # A connection that the server is just ending: its farewell came, its end not yet.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@contextlib.asynccontextmanager
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """Open a pool while the block runs.

    Raises:
        StoreFailed: the database cannot be reached.
    """
    with wrapped():
        opened = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=_CONNECTIONS,
            init=_guard_times,
            server_settings=_SETTINGS,
            timeout=_ACQUIRE_S,
            command_timeout=_STATEMENT_S,
        )
    try:
        yield opened
    finally:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await opened.close()
        except TimeoutError:
            opened.terminate()


@contextlib.asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """Take a connection for the length of the block.

    Raises:
        StoreFull: the disk is full.
        StoreFailed: any other failure of the database.
    """
    with wrapped():
        async with pool.acquire(timeout=_ACQUIRE_S) as taken:
            yield taken


@contextlib.asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Take a connection with a transaction, committed when the block ends without an error."""
    async with connection(pool) as taken, taken.transaction():
        yield taken


@contextlib.contextmanager
def wrapped() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except asyncpg.DiskFullError as exc:
        raise StoreFull(str(exc)) from exc
    except _OTHERS as exc:
        raise StoreFailed(f"{type(exc).__name__}: {exc}") from exc


async def _guard_times(opened: Connection) -> None:
    """Refuse naive times: the driver itself would take them for UTC without a word."""
    await opened.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_encoded, decoder=_decoded, format="tuple"
    )


def _encoded(moment: datetime) -> tuple[int]:
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return ((moment - _EPOCH) // _MICROSECOND,)


def _decoded(value: tuple[int]) -> datetime:
    return _EPOCH + timedelta(microseconds=value[0])
