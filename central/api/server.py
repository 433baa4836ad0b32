"""Runs the web servers: one for people, one for machines."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.applications import Starlette

from central.api.patience import PatientProtocol
from central.api.peers import MachineProtocol
from station.domain.errors import SettingsError

GRACE_S: Final = 5
_BACKLOG: Final = 512


@dataclass(frozen=True, slots=True)
class Door:
    """An application at an address. ``tls`` None: for people, behind a proxy with TLS.

    ``sockets`` serves its WebSockets; None: it has none. ``proxies``: addresses and networks whose
    ``X-Forwarded-For`` says who asks; of anybody else it counts for nothing.
    """

    app: Starlette
    listener: socket.socket
    tls: ssl.SSLContext | None = None
    sockets: type[asyncio.Protocol] | None = None
    proxies: tuple[str, ...] = ("127.0.0.1",)

    @property
    def url(self) -> str:
        """Return where it is reached."""
        host, port = self.listener.getsockname()[:2]
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


@contextlib.contextmanager
def listening(section: str, address: tuple[str, int]) -> Iterator[socket.socket]:
    """Bind an address first: a port that is taken must be known before a database starts.

    Raises:
        SettingsError: it is taken, or not this machine's; names *section* of the configuration.
    """
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # As at a station: no answer of two pieces waits for a delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as exc:
            raise SettingsError(f"[{section}] listen {host}:{port}: {exc.strerror}") from exc
        yield listener


async def serve(
    doors: Sequence[Door],
    stop: asyncio.Event,
    *,
    ready: Callable[[], None],
    closing: Callable[[], None],
) -> None:
    """Answer requests until *stop* is set; call *ready* once all are, *closing* before the end."""
    servers = [_Server(_config(door)) for door in doors]
    serving = [
        asyncio.create_task(server.serve(sockets=[door.listener]))
        for server, door in zip(servers, doors, strict=True)
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        for server in servers:
            await server.up.wait()
        ready()
        await asyncio.wait((*serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        closing()
        for server in servers:
            server.should_exit = True
        stopping.cancel()
        await asyncio.gather(*serving)


class _Server(uvicorn.Server):
    """Leaves the signals to us: its own handling would end the process before the database."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(door: Door) -> uvicorn.Config:
    context = door.tls
    return uvicorn.Config(
        door.app,
        http=MachineProtocol if context else PatientProtocol,
        ws=door.sockets or "none",
        ws_per_message_deflate=False,
        ssl_context_factory=(lambda *_: context) if context else None,
        log_config=None,
        access_log=False,
        proxy_headers=bool(door.proxies),
        forwarded_allow_ips=list(door.proxies),
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
    )
