"""Composition root: makes the parts from the settings, joins them, and runs them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from central.api.app import create_app, create_machines_app
from central.api.parts import Parts
from central.api.server import Door, listening, serve
from central.application.accept import Accept, TakeAhead
from central.application.administering import Administering
from central.application.admit import Admit
from central.application.appending import Writer
from central.application.asking_again import AskAgain
from central.application.audit_watch import Alarms, AuditWatch, Increments
from central.application.checkpointing import Checkpointer
from central.application.cosigning import Cosign
from central.application.driver_pages import DriverPages
from central.application.due import Due
from central.application.enrol import Enrol, Renew
from central.application.mismatching import CopyMismatches
from central.application.ports import Account
from central.application.project import Touched
from central.application.projecting import Projector
from central.application.publishing import OwnLedger, Publish
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.application.recordings import TakeRecordings
from central.application.refusing import Announce, Refuser
from central.application.register import Authority
from central.application.releasing import Release
from central.application.retaining import Retention
from central.application.serving import Serve
from central.application.signatures import SignatureCheck
from central.application.traffic import Traffic
from central.bootstrap.law import keep_law
from central.bootstrap.opening import opened_as_it_is, place
from central.bootstrap.retaining import retention
from central.bootstrap.watching import Watching, watching
from central.domain.auditing.claims import LogKeys
from central.export.mismatches import mismatches_csv, mismatches_file_name
from central.export.repeat_vehicles import file_name, repeat_vehicles_csv
from central.live.wire import WireProtocol
from central.public.app import Site, create_public_app
from central.public.page import Offices
from central.settings import CentralSettings, address
from central.store.access_log import SqlRefusedAccesses
from central.store.accounts import SqlAccounts
from central.store.audit_process import AuditProcess, FileDiary
from central.store.auditing import SqlAuditArchive
from central.store.authority import FileAuthority
from central.store.claim import working
from central.store.driver_pages import SqlDriverPages
from central.store.due import SqlCaseFiles
from central.store.embedded import embedded
from central.store.enrolment import SqlRegister
from central.store.ledgers import Enrolment, SqlArchive
from central.store.migrate import migrate
from central.store.own_key import OwnKey
from central.store.pool import Pool, connection, pool
from central.store.recordings import FileRecordings
from central.store.shelf import SqlShelf
from station.admission.access_log import AccessLog
from station.contract.enrolling import CentreIdentity
from station.contract.entries import Kind, Payload
from station.contract.legal_id import legal_id
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.rules.clocks import Ahead
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar, typed_years

LOOK_AT_CERTIFICATE_S: Final = 3600.0
RECORDINGS: Final = "recordings"
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
        database, _nodes(settings), clock, announce, demanded=settings.access.totp_roles
    )
    own = own_ledger(settings, clock, key)
    projector = Projector(archive, Recheck(lawbook()), own, announce)
    receiving = Receiving(
        archive=archive, database=database, clock=clock, own=own, announce=announce, key=key
    )
    return Centre(
        parts=_parts(settings, receiving, seen, projector, authority),
        projector=projector,
        signatures=SignatureCheck(archive, clock, announce),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What the use cases behind the interface share."""

    archive: SqlArchive
    database: Pool
    clock: Clock
    own: OwnLedger
    announce: Announce
    key: Ed25519Signer


def _parts(
    settings: CentralSettings,
    shared: Receiving,
    seen: Watching,
    projector: Projector,
    authority: Authority,
) -> Parts:
    archive, clock, key, announce = shared.archive, shared.clock, shared.key, shared.announce
    register, shelf = SqlRegister(shared.database), SqlShelf(shared.database)
    nodes, refuser = _nodes(settings), Refuser(announce)
    return Parts(
        admit=Admit(register=register, stations=nodes, clock=clock, announce=announce),
        authority=authority,
        enrol=Enrol(
            register=register,
            authority=authority,
            own=shared.own,
            stations=nodes,
            centre=centre_identity(settings, key),
            clock=clock,
            pause=asyncio.sleep,
            announce=announce,
        ),
        renew=Renew(register=register, authority=authority, clock=clock),
        accept=Accept(
            archive=archive,
            writer=Writer(archive, clock, refuser, projector.wake),
            refuser=refuser,
            clock=clock,
            signer=key,
            traffic=Traffic(),
        ),
        take_ahead=TakeAhead(archive=archive, clock=clock),
        take_state=seen.take_state,
        cameras=seen.cameras,
        serve=Serve(shelf=shelf, node=settings.central.node, clock=clock),
        cosign=Cosign(
            checkpoints=shelf,
            log=log_keys(settings, key),
            witnesses={one.name: bytes.fromhex(one.public_key) for one in settings.witnesses},
        ),
        release=Release(archive=archive, own=shared.own, clock=clock, announce=announce),
        recordings=TakeRecordings(
            files=FileRecordings(settings.central.data_dir / RECORDINGS),
            archive=archive,
            clock=clock,
            announce=announce,
        ),
        asking_again=_ask_again(settings, archive, clock),
        sessions=seen.sessions,
        stations=seen.stations,
        reading=seen.reading,
        due=_due(settings, shared.database, clock),
        copy_mismatches=CopyMismatches(
            archive=archive, own=shared.own, reading=seen.reading, clock=clock
        ),
        mismatch_csv=mismatches_csv,
        mismatch_file_name=mismatches_file_name,
        clock=clock,
        administering=Administering(
            accounts=SqlAccounts(shared.database),
            publish=Publish(archive=archive, own=shared.own),
            clock=clock,
        ),
        access_log=AccessLog(SqlRefusedAccesses(shared.database), clock),
        cookie=f"zhichao_{settings.central.node}",
        live=seen.live,
        repeat_csv=repeat_vehicles_csv,
        repeat_file_name=file_name,
    )


def _due(settings: CentralSettings, database: Pool, clock: Clock) -> Due:
    ahead = settings.reminders
    return Due(
        files=SqlCaseFiles(database),
        law=lawbook(),
        working=OfficialCalendar(typed_years(settings.calendar.file)),
        clock=clock,
        ahead=Ahead(hours=timedelta(hours=ahead.hours), days=ahead.days),
    )


def _ask_again(settings: CentralSettings, archive: SqlArchive, clock: Clock) -> AskAgain:
    return AskAgain(archive, FileRecordings(settings.central.data_dir / RECORDINGS), clock)


def _nodes(settings: CentralSettings) -> frozenset[str]:
    return frozenset(one.node for one in settings.stations)


def log_keys(settings: CentralSettings, key: Ed25519Signer) -> LogKeys:
    """Return whose signature the centre's checkpoints and receipts bear: *key*, and older ones."""
    keys = (*key_place(settings).former(), key.public_key)
    return LogKeys(origin=settings.central.origin, public_keys=keys)


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
        again=_ask_again(settings, SqlArchive(database), clock).of,
        full=AuditProcess(config),
        diary=FileDiary(settings.central.data_dir / "audited"),
        clock=clock,
        every_s=settings.audit.every_s,
        look_every_s=settings.central.checkpoint_every_s,
    )


def own_ledger(settings: CentralSettings, clock: Clock, key: Ed25519Signer) -> OwnLedger:
    """Return the centre's own ledger."""
    sealer = Sealer(
        node=settings.central.node,
        signer=key,
        clock=clock,
        boot_id=str(uuid4()),
        legal_id=legal_id(),
        law_edition=lawbook().edition,
    )
    return OwnLedger(node=settings.central.node, sealer=sealer, clock=clock)


def enrolments(settings: CentralSettings) -> list[Enrolment]:
    """Return the stations of the configuration; tokens bring their keys."""
    return [Enrolment(node=one.node, name=one.name, road=one.road) for one in settings.stations]


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


async def made(settings: CentralSettings, account: Account, *, replace: bool) -> bool:
    """Make an account of headquarters; tell whether it has to be confirmed."""
    async with opened(settings) as database:
        return await _administering(settings, database).make(account, replace=replace)


async def revoked(settings: CentralSettings, certificate_no: str) -> None:
    """Revoke an officer here and at every station."""
    async with opened(settings) as database:
        await _administering(settings, database).revoke(certificate_no)


async def unlocked(settings: CentralSettings, certificate_no: str) -> None:
    """Let an account of headquarters try again that wrong codes have locked."""
    async with opened(settings) as database:
        await _administering(settings, database).unlock(certificate_no)


def _administering(settings: CentralSettings, database: Pool) -> Administering:
    clock = SystemClock()
    own = own_ledger(settings, clock, own_key(settings))
    publish = Publish(archive=SqlArchive(database), own=own)
    return Administering(accounts=SqlAccounts(database), publish=publish, clock=clock)


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
            *centre.watching.tasks(dsn),
            centre.parts.access_log.run(),
            centre.parts.due.run(),
            centre.projector.run(centre.parts.accept.traffic),
            centre.signatures.run(centre.parts.accept.traffic),
            centre.checkpointer.run(),
            centre.audit.run(),
            centre.retention.run(),
            _keep_server_certificate(authority, settings.machines.names, clock),
        ]
        tls = authority.server_context(settings.machines.names, clock.now())
        people = Door(create_app(centre.parts), here, sockets=WireProtocol)
        machines = Door(create_machines_app(centre.parts), there, tls)
        doors = [people, machines]
        if outside is not None:
            pages = driver_pages(settings, database, clock)
            tasks.append(pages.run())
            doors.append(
                Door(
                    create_public_app(
                        Site(
                            find=pages,
                            ask=pages.ask,
                            offices=Offices(
                                reconsideration=settings.public.reconsideration,
                                court=settings.public.court,
                            ),
                            clock=clock,
                        )
                    ),
                    outside,
                    proxies=tuple(str(one) for one in settings.public.proxies),
                )
            )
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


def driver_pages(settings: CentralSettings, database: Pool, clock: Clock) -> DriverPages:
    """Return what finds drivers' pages."""
    return DriverPages(
        book=SqlDriverPages(database),
        pictures=FileRecordings(settings.central.data_dir / "recordings"),
        law=lawbook(),
        working=OfficialCalendar(typed_years(settings.calendar.file)),
        clock=clock,
        archive=SqlArchive(database),
        own=own_ledger(settings, clock, own_key(settings)),
    )


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


def own_key(settings: CentralSettings) -> Ed25519Signer:
    """Return the centre's own key, made at the first call."""
    return key_place(settings).signer()


def key_place(settings: CentralSettings) -> OwnKey:
    """Return where the centre's own key stands."""
    return OwnKey(settings.central.data_dir)


def own_authority(settings: CentralSettings, clock: Clock) -> FileAuthority:
    """Return the centre's certificate authority, made at the first call."""
    return FileAuthority(settings.central.data_dir / "ca", clock.now())


def centre_identity(settings: CentralSettings, key: Ed25519Signer) -> CentreIdentity:
    """Return what an enrolled station knows of its centre."""
    return CentreIdentity(
        node=settings.central.node,
        alg=key.alg,
        key_id=key.key_id,
        public_key=key.public_key.hex(),
        origin=settings.central.origin,
    )
