"""Composition root: makes the parts from the settings, joins them, and runs them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import uvicorn

from central.api.app import create_app
from central.api.parts import Parts
from central.api.shaping import frame
from central.application.accept import Accept, TakeAhead
from central.application.announce import Announcer
from central.application.appending import Writer
from central.application.audit_watch import Alarms, AuditWatch, Increments
from central.application.checkpointing import Checkpointer
from central.application.project import Touched
from central.application.projecting import Projector
from central.application.publishing import OwnLedger, Publish
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.application.refusing import Refuser
from central.application.releasing import Release
from central.application.serving import Serve
from central.application.sign_in import Sessions
from central.application.signatures import SignatureCheck
from central.application.stations import Board, Stations, TakeState
from central.domain.auditing.claims import LogKeys
from central.export.repeat_vehicles import file_name, repeat_vehicles_csv
from central.live.hub import Hub
from central.live.socket import Live
from central.settings import CentralSettings, address
from central.store.accounts import SqlAccounts
from central.store.audit_process import AuditProcess, FileDiary
from central.store.auditing import SqlAuditArchive
from central.store.embedded import Place, embedded, running
from central.store.ledgers import Enrolment, SqlArchive
from central.store.migrate import migrate
from central.store.passwords import Argon2Passwords
from central.store.pool import Pool, connection, pool
from central.store.reading import SqlReading
from central.store.recordings import FileRecordings
from central.store.shelf import SqlShelf
from station.contract.entries import Kind, Payload
from station.contract.legal_id import legal_id
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.domain.errors import SettingsError
from station.keys.signing import signer
from station.rules.lawbook import lawbook

GRACE_S: Final = 5
_BACKLOG: Final = 512


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
    announcer: Announcer
    projector: Projector
    signatures: SignatureCheck
    checkpointer: Checkpointer
    audit: AuditWatch
    hub: Hub


def compose(
    settings: CentralSettings, database: Pool, clock: Clock, key: Ed25519Signer, config: Path
) -> Centre:
    """Make the parts on an open database. *key*: the centre's own; *config*: of this program."""
    reading, archive, law = SqlReading(database), SqlArchive(database), lawbook()
    board = Board(clock, [one.node for one in settings.stations])
    stations = Stations(reading=reading, board=board)
    hub = Hub()
    announcer = Announcer(
        reading, board, lambda news: hub.publish(frame(news)), lambda: hub.watched
    )
    refuser = Refuser(announcer.note)
    own = OwnLedger(node=settings.central.node, sealer=_sealer(settings, clock, key), clock=clock)
    projector = Projector(archive, Recheck(law), own, announcer.note)

    async def greeting() -> list[str]:
        return [frame(station) for station in await stations.all()]

    parts = Parts(
        accept=Accept(
            archive=archive,
            writer=Writer(archive, clock, refuser, projector.wake),
            refuser=refuser,
            clock=clock,
            signer=key,
        ),
        take_ahead=TakeAhead(archive=archive, clock=clock),
        take_state=TakeState(ring_of=archive.ring_of, board=board, announce=announcer.note),
        serve=Serve(shelf=SqlShelf(database), node=settings.central.node, clock=clock),
        release=Release(archive=archive, own=own, clock=clock, announce=announcer.note),
        recordings=FileRecordings(settings.central.data_dir / "recordings"),
        sessions=Sessions(SqlAccounts(database), Argon2Passwords(), clock, asyncio.sleep),
        stations=stations,
        reading=reading,
        clock=clock,
        live=Live(hub, greeting),
        repeat_csv=repeat_vehicles_csv,
        repeat_file_name=file_name,
    )
    return Centre(
        parts=parts,
        announcer=announcer,
        projector=projector,
        signatures=SignatureCheck(archive, clock, announcer.note),
        checkpointer=Checkpointer(
            archive=archive,
            origin=settings.central.origin,
            signer=key,
            clock=clock,
            every_s=settings.central.checkpoint_every_s,
        ),
        audit=_audit_watch(
            settings,
            database,
            clock,
            log=log_keys(settings, key),
            announce=announcer.note,
            config=config,
        ),
        hub=hub,
    )


def log_keys(settings: CentralSettings, key: Ed25519Signer) -> LogKeys:
    """Return whose signature the centre's checkpoints and receipts bear."""
    return LogKeys(origin=settings.central.origin, public_keys=(key.public_key,))


def _audit_watch(
    settings: CentralSettings,
    database: Pool,
    clock: Clock,
    *,
    log: LogKeys,
    announce: Callable[[Touched], None],
    config: Path,
) -> AuditWatch:
    archive = SqlAuditArchive(database)
    return AuditWatch(
        turn=archive,
        increments=lambda: Increments(archive, log),
        alarms=Alarms(SqlArchive(database), settings.central.node, clock, announce),
        full=AuditProcess(config),
        diary=FileDiary(settings.central.data_dir / "audited"),
        clock=clock,
        every_s=settings.audit.every_s,
        look_every_s=settings.central.checkpoint_every_s,
    )


def _sealer(settings: CentralSettings, clock: Clock, key: Ed25519Signer) -> Sealer:
    law = lawbook()
    return Sealer(
        node=settings.central.node,
        signer=key,
        clock=clock,
        boot_id=str(uuid4()),
        legal_id=legal_id(),
        law_edition=law.edition,
    )


def enrolments(settings: CentralSettings) -> list[Enrolment]:
    """Return the register of stations' keys as the configuration states it."""
    return [
        Enrolment(
            node=one.node,
            name=one.name,
            road=one.road,
            public_key=bytes.fromhex(one.public_key),
        )
        for one in settings.stations
    ]


@contextlib.asynccontextmanager
async def opened(settings: CentralSettings) -> AsyncIterator[Pool]:
    """Open the database for one command: the running one, else one that runs for that long."""
    place = _place(settings)
    async with contextlib.AsyncExitStack() as stack:
        dsn = settings.database.dsn or await running(place)
        if not dsn:
            dsn = (await stack.enter_async_context(embedded(place))).dsn
        database = await stack.enter_async_context(pool(dsn))
        await _prepare(settings, database)
        yield database


async def rebuilt(settings: CentralSettings, report: Callable[[int], None]) -> int:
    """Make all projections again; return how many entries were folded."""
    async with opened(settings) as database:
        return await rebuild(SqlArchive(database), Recheck(lawbook()), report)


async def published(settings: CentralSettings, kind: Kind, payload: Payload) -> None:
    """Publish a list to every station."""
    async with opened(settings) as database:
        key, clock = own_key(settings), SystemClock()
        own = OwnLedger(
            node=settings.central.node, sealer=_sealer(settings, clock, key), clock=clock
        )
        await Publish(archive=SqlArchive(database), own=own)(kind, payload)


async def run(settings: CentralSettings, config: Path, ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; *ready* gets the address once requests are answered.

    Args:
        settings: as read from *config*, which the audit, a program of its own, reads again.
        config: the configuration file.
        ready: is told the address.
    """
    with _listening(settings) as listener:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with contextlib.AsyncExitStack() as stack:
            tasks = []
            dsn = settings.database.dsn
            if not dsn:
                server = await stack.enter_async_context(embedded(_place(settings)))
                dsn = server.dsn
                tasks.append(server.keep_running())
            database = await stack.enter_async_context(pool(dsn))
            await _prepare(settings, database)
            centre = compose(settings, database, SystemClock(), own_key(settings), config)
            tasks += [
                centre.announcer.run(),
                centre.projector.run(),
                centre.signatures.run(),
                centre.checkpointer.run(),
                centre.audit.run(),
            ]
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(task) for task in tasks]
                await _serve(centre, listener, stop, ready)
                for task in background:
                    task.cancel()


async def _serve(
    centre: Centre, listener: socket.socket, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    server = _Server(
        uvicorn.Config(
            create_app(centre.parts),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await server.up.wait()
        host, port = listener.getsockname()[:2]
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        centre.hub.close()
        server.should_exit = True
        stopping.cancel()
        await serving


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


async def _prepare(settings: CentralSettings, database: Pool) -> None:
    async with connection(database) as taken:
        await migrate(taken)
    own = Enrolment(
        node=settings.central.node,
        name=settings.central.name,
        road="",
        public_key=own_key(settings).public_key,
        own=True,
    )
    await SqlArchive(database).enrol([own, *enrolments(settings)])


def own_key(settings: CentralSettings) -> Ed25519Signer:
    """Return the centre's own key, made at the first call."""
    return signer(settings.central.data_dir / "centre.key")


def _place(settings: CentralSettings) -> Place:
    return Place(data_dir=settings.central.data_dir, binaries=settings.database.binaries)


@contextlib.contextmanager
def _listening(settings: CentralSettings) -> Iterator[socket.socket]:
    """Bind the address first: a port that is taken must be known before a database starts."""
    host, port = address(settings.central.listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as exc:
            raise SettingsError(f"[central] listen {host}:{port}: {exc.strerror}") from exc
        yield listener
