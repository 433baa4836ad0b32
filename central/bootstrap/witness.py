"""Composition root of the witness, a program of its own in another office."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable

from central.api.server import Door, listening, serve
from central.domain.auditing.claims import LogKeys
from central.settings import address
from central.witness.asking import HttpLog
from central.witness.book import Book
from central.witness.following import Follow, Witness
from central.witness.serving import create_app
from central.witness.settings import WitnessSettings
from station.domain.clock import Clock
from station.domain.errors import EvidenceError, SettingsError
from station.keys.signing import signer


async def run(
    settings: WitnessSettings,
    clock: Clock,
    ready: Callable[[str, str], None],
    alarm: Callable[[EvidenceError], None],
) -> None:
    """Run until SIGTERM or SIGINT.

    Args:
        settings: whom to follow, and where to write.
        clock: the witness's own.
        ready: gets the address and the public key (hex) once requests are answered.
        alarm: is told of each refusal.
    """
    witness = Witness(
        name=settings.witness.name,
        signer=signer(settings.witness.data_dir / "witness.key"),
        keys=LogKeys(
            origin=settings.log.origin,
            public_keys=tuple(bytes.fromhex(key) for key in settings.log.public_keys),
        ),
        clock=clock,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        here = stack.enter_context(listening("witness", address(settings.witness.listen)))
        book = stack.enter_context(contextlib.closing(Book(settings.witness.data_dir)))
        log = HttpLog(settings.log.url, _trusted(settings.log.authority))
        stack.push_async_callback(log.close)
        follow = Follow(witness, log, book, alarm)
        door = Door(create_app(witness, book, follow), here)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follow.run(settings.witness.every_s))

            def stop_following() -> None:
                following.cancel()

            await serve(
                [door],
                stop,
                ready=lambda: ready(door.url, witness.signer.public_key.hex()),
                closing=stop_following,
            )


def _trusted(authority: str) -> ssl.SSLContext | bool:
    if not authority:
        return True
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as exc:
        raise SettingsError(f"[log] authority {authority}: {exc}") from exc
