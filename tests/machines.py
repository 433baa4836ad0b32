"""The machines' side of the centre for tests: real TLS on the loopback, or none at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

import uvicorn

from central.api.peers import MachineProtocol
from station.keys.files import PUBLIC, write_durably
from station.keys.tls import TlsFiles
from station.uplink.identity import Identity


class _Server(uvicorn.Server):
    def __init__(self, config):
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self):
        yield


@contextlib.asynccontextmanager
async def served(app, context: ssl.SSLContext):
    """Serve *app* to machines on the loopback; yield the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(
        uvicorn.Config(
            app,
            http=MachineProtocol,
            ws="none",
            ssl_context_factory=lambda *_: context,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            await server.up.wait()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


def identity_of(files: TlsFiles) -> Identity:
    return Identity(key=files.key, certificate=files.certificate, authority=files.authority)


def enrolled_by(authority, folder: Path, at, node: str = "linhe") -> TlsFiles:
    """Give a station its files as enrolment would."""
    files = TlsFiles(folder / node)
    issued = authority.issue(node, files.request(node), at)
    files.keep(issued.certificate)
    write_durably(files.authority, authority.certificate.encode(), PUBLIC)
    return files
