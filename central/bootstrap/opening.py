"""Opens the database: the one that runs, else one that runs for that long."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from central.settings import CentralSettings
from central.store.embedded import Place, embedded, running
from central.store.pool import Pool, pool


@contextlib.asynccontextmanager
async def opened_as_it_is(settings: CentralSettings) -> AsyncIterator[Pool]:
    """Open the database for one command that reads: nothing is migrated or enrolled."""
    where = place(settings)
    async with contextlib.AsyncExitStack() as stack:
        dsn = settings.database.dsn or await running(where)
        if not dsn:
            dsn = (await stack.enter_async_context(embedded(where))).dsn
        yield await stack.enter_async_context(pool(dsn))


def place(settings: CentralSettings) -> Place:
    """Return where the embedded database lives."""
    return Place(data_dir=settings.central.data_dir, binaries=settings.database.binaries)
