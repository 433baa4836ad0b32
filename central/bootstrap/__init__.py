"""Composition root: makes the parts from the settings, joins them, and runs them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from central.api.app import create_app, create_machines_app
from central.api.parts import Parts
from central.api.server import Door, listening, serve
from central.application.audit_watch import AuditWatch
from central.application.checkpointing import Checkpointer
from central.application.project import Touched
from central.application.projecting import Projector
from central.application.publishing import Publish
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.application.register import Authority
from central.application.retaining import Retention
from central.application.signatures import SignatureCheck
from central.bootstrap.drivers import driver_pages, public_door
from central.bootstrap.law import keep_law
from central.bootstrap.missing import RECORDINGS, audit_watch
from central.bootstrap.opening import opened_as_it_is, place
from central.bootstrap.own import (
    enrolments,
    key_place,
    log_keys,
    own_authority,
    own_key,
    own_ledger,
)
from central.bootstrap.parts import Receiving, known_nodes, parts
from central.bootstrap.retaining import retention
from central.bootstrap.watching import Watching, watching
from central.live.wire import WireProtocol
from central.settings import CentralSettings, address
from central.store.authority import FileAuthority
from central.store.claim import working
from central.store.embedded import embedded
from central.store.ledgers import Enrolment, SqlArchive
from central.store.migrate import migrate
from central.store.pool import Pool, connection, pool
from central.store.recordings import FileRecordings
from station.contract.entries import Kind, Payload
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.rules.lawbook import lawbook

LOOK_AT_CERTIFICATE_S: Final = 3600.0
"""The folder of recordings."""

Claim = Callable[[Path], contextlib.AbstractContextManager[None]]


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some moment before."""
        return time.monotonic_ns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Everything that runs together."""

    parts: Parts
    projector: Projector
    signatures: SignatureCheck
    checkpointer: Checkpointer
    audit: AuditWatch
    retention: Retention
    watching: Watching

    def tasks(self, dsn: str) -> list[Coroutine[None, None, None]]:
        """Return what runs as long as the centre does; *dsn* names its database."""
        return [
            *self.watching.tasks(dsn),
            self.parts.access_log.run(),
            self.parts.due.run(),
            self.projector.run(self.parts.accept.traffic),
            self.signatures.run(self.parts.accept.traffic),
            self.checkpointer.run(),
            self.audit.run(),
            self.retention.run(),
        ]


def compose(
    settings: CentralSettings,
    database: Pool,
    clock: Clock,
    *,
    key: Ed25519Signer,
    authority: Authority,
    config: Path,
) -> Centre:
    """Make the parts on an open database.

    *key* and *authority* are the centre's own; *config* is the file that *settings* came from.
    """
    archive = SqlArchive(database)

    def announce(touched: Touched) -> None:
        seen.announcer.note(touched.nodes)
        if touched.alarms:
            projector.wake()

    seen = watching(
        database, known_nodes(settings), clock, announce, demanded=settings.access.totp_roles
    )
    own = own_ledger(settings, clock, key)
    projector = Projector(archive, Recheck(lawbook()), own, announce)
    receiving = Receiving(
        archive=archive, database=database, clock=clock, own=own, announce=announce, key=key
    )
    return Centre(
        parts=parts(settings, receiving, seen, projector, authority),
        projector=projector,
        signatures=SignatureCheck(archive, clock, announce),
        checkpointer=Checkpointer(
            archive=archive,
            origin=settings.central.origin,
            signer=key,
            clock=clock,
            every_s=settings.central.checkpoint_every_s,
        ),
        audit=audit_watch(
            settings,
            database,
            clock,
            log=log_keys(settings, key),
            announce=announce,
            config=config,
        ),
        retention=retention(
            settings,
            database,
            FileRecordings(settings.central.data_dir / RECORDINGS),
            clock,
            own,
        ),
        watching=seen,
    )


@contextlib.asynccontextmanager
async def opened(settings: CentralSettings, claim: Claim = working) -> AsyncIterator[Pool]:
    """Open the database for one command: the running one, else one that runs for that long.

    *claim*: on the centre's folder, beside other programs or alone.
    """
    with claim(settings.central.data_dir):
        async with opened_as_it_is(settings) as database:
            await _prepare(settings, database)
            yield database


async def rebuilt(settings: CentralSettings, report: Callable[[int], None]) -> int:
    """Make all projections again; return how many entries were folded."""
    async with opened(settings) as database:
        return await rebuild(SqlArchive(database), Recheck(lawbook()), report)


async def published(settings: CentralSettings, kind: Kind, payload: Payload) -> None:
    """Publish a list to every station."""
    async with opened(settings) as database:
        own = own_ledger(settings, SystemClock(), own_key(settings))
        await Publish(archive=SqlArchive(database), own=own)(kind, payload)


async def run(settings: CentralSettings, config: Path, ready: Callable[[str, str], None]) -> None:
    """Run until SIGTERM or SIGINT.

    Args:
        settings: as read from *config*, which the audit, a program of its own, reads again.
        config: the configuration file.
        ready: is told the addresses for people and for machines.
    """
    clock = SystemClock()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        here = stack.enter_context(listening("central", address(settings.central.listen)))
        there = stack.enter_context(listening("machines", address(settings.machines.listen)))
        outside = None
        if settings.public.listen:
            outside = stack.enter_context(listening("public", address(settings.public.listen)))
        stack.enter_context(working(settings.central.data_dir))
        tasks = []
        dsn = settings.database.dsn
        if not dsn:
            server = await stack.enter_async_context(embedded(place(settings)))
            dsn = server.dsn
            tasks.append(server.keep_running())
        database = await stack.enter_async_context(pool(dsn))
        await _prepare(settings, database)
        await asyncio.to_thread(keep_law, settings)
        authority = own_authority(settings, clock)
        centre = compose(
            settings,
            database,
            clock,
            key=own_key(settings),
            authority=authority,
            config=config,
        )
        tasks += [
            *centre.tasks(dsn),
            _keep_server_certificate(authority, settings.machines.names, clock),
        ]
        tls = authority.server_context(settings.machines.names, clock.now())
        people = Door(create_app(centre.parts), here, sockets=WireProtocol)
        machines = Door(create_machines_app(centre.parts), there, tls)
        doors = [people, machines]
        if outside is not None:
            own = own_ledger(settings, clock, own_key(settings))
            pages = driver_pages(settings, database, clock, own)
            tasks.append(pages.run())
            doors.append(public_door(settings, pages, outside, clock))
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(task) for task in tasks]
            await serve(
                doors,
                stop,
                ready=lambda: ready(people.url, machines.url),
                closing=centre.watching.close,
            )
            for task in background:
                task.cancel()


async def _keep_server_certificate(
    authority: FileAuthority, names: Sequence[str], clock: Clock
) -> None:
    while True:
        await asyncio.sleep(LOOK_AT_CERTIFICATE_S)
        authority.renew_server(names, clock.now())


async def _prepare(settings: CentralSettings, database: Pool) -> None:
    async with connection(database) as taken:
        await migrate(taken)
    if (ring := await SqlArchive(database).ring_of(settings.central.node)) is not None:
        key_place(settings).settle(ring)
    own = Enrolment(
        node=settings.central.node,
        name=settings.central.name,
        road="",
        public_key=own_key(settings).public_key,
        own=True,
    )
    await SqlArchive(database).enrol([own, *enrolments(settings)])
