"""Keeps who looks through which camera, and the newest picture of each watch."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from central.application.camera import FRAME, CameraWatch
from central.store import pool as pools
from central.store.pool import Pool
from central.store.sqlfile import load

_SQL: Final = load("camera")


class SqlWatches:
    """Watches in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, watch: CameraWatch, at: datetime, most: int) -> bool:
        """Write a watch; False when there are *most* of that node already."""
        columns = (watch.watch_id, watch.node, watch.certificate_no, at, most)
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["begin"], *columns) is not None

    async def running(self, node: str) -> list[CameraWatch]:
        """Return the watches of a node that have not ended."""
        async with pools.connection(self._pool) as connection:
            return [CameraWatch(**row) for row in await connection.fetch(_SQL["running"], node)]

    async def end_gone(self, node: str, seen_before: datetime, at: datetime) -> None:
        """End the node's watches whose viewer was seen before a time and not since."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["end_gone"], node, seen_before, at)

    async def seen(self, watch_id: str, at: datetime) -> bool:
        """Note that the viewer is there; False when the watch has ended."""
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["seen"], watch_id, at) is not None

    async def end(self, watch_id: str, at: datetime) -> None:
        """End a watch and forget its picture; no error when it has ended."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["end"], watch_id, at)

    async def watch(self, watch_id: str) -> CameraWatch | None:
        """Return a watch that has not ended."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["watch"], watch_id)
        return None if row is None else CameraWatch(**row)

    async def put(self, watch_id: str, jpeg: bytes) -> None:
        """Write the newest picture, and tell every process of it."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["put"], watch_id, jpeg, FRAME)

    async def picture(self, watch_id: str, after: int) -> tuple[int, bytes] | None:
        """Return the newest picture and its number, if that is higher than *after*."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["picture"], watch_id, after)
        return None if row is None else (row["number"], row["jpeg"])
