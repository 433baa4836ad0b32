"""One peer of the ingest benchmark: ``python -m benchmarks.ingest_server NAME DSN CA_FOLDER``.

It says its address on standard output and serves until its standard input ends: behind the same
web server as headquarters, with the same TLS and certificates, and on the same event loop.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks.ingest_peers import PEERS
from central.api.server import Door, listening, serve
from central.settings import MachinesSection
from central.store.authority import FileAuthority


async def run(name: str, dsn: str, folder: Path) -> None:
    """Serve one peer until standard input ends."""
    now, stop = datetime.now(UTC), asyncio.Event()
    tls = FileAuthority(folder, now).server_context(MachinesSection().names, now)
    async with PEERS[name](dsn) as app:
        with listening("machines", ("127.0.0.1", 0)) as listener:
            door = Door(app, listener, tls)

            def ready() -> None:
                sys.stdout.write(f"{door.url}\n")
                sys.stdout.flush()

            waiting = asyncio.create_task(_until_input_ends(stop))
            await serve([door], stop, ready=ready, closing=lambda: None)
            await waiting


async def _until_input_ends(stop: asyncio.Event) -> None:
    await asyncio.to_thread(sys.stdin.read)
    stop.set()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
