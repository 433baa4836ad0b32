"""Joins the parts into one running station."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

import uvicorn

from station.admission.access_log import AccessLog
from station.api import shaping
from station.api.app import create_app
from station.api.feed import Feed
from station.api.schemas import StationOut
from station.api.services import Services
from station.application.administering import Administering
from station.application.allowed import Allowed
from station.application.answering import Answering
from station.application.casework import Casework
from station.application.claims import take_answers
from station.application.devices import CLOCK, CONNECTING
from station.application.devices import PROGRAM as PROGRAM_DEVICE
from station.application.duty import Duty
from station.application.evading import Evading
from station.application.filing import Filing
from station.application.findings import Judge
from station.application.importing import Importing
from station.application.issuing import Issuing
from station.application.lane import Lane, LastPassage
from station.application.live import Hub
from station.application.measuring import MeasuringRules
from station.application.mismatching import Mismatching
from station.application.permits import Permits
from station.application.ports import Draft, Views
from station.application.recording import Recorder, Scale
from station.application.reminding import Reminding
from station.application.retention import Retention
from station.application.reviewing import Reviewing
from station.application.runtime import Runtime
from station.application.terms import Terms
from station.application.views import moment
from station.bootstrap.documents import completeness, filing, importing, issuing, press
from station.bootstrap.opening import Stored, SystemClock, claimed, keep_law, open_store
from station.bootstrap.upkeep import retention
from station.bootstrap.uplink import TakeAnswers, Uplink
from station.contract.entries import Kind, Run
from station.contract.legal_id import legal_id
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import SettingsError
from station.domain.units import Kg
from station.plate_reader.reader import PlateReader
from station.plate_reader.watcher import CameraWatcher
from station.rules.clocks import Ahead
from station.rules.decide import decide_or_refer
from station.rules.drawings import DRAWINGS, Drawing
from station.rules.facts import Facts, Mode
from station.rules.lawbook import LawBook, lawbook
from station.scale_driver.driver import ScaleDriver
from station.settings import Settings
from station.store.access_log import SqliteRefusedAccesses
from station.store.case_files import SqliteCaseFiles
from station.store.inbox import FolderInbox
from station.store.register import FileRegister, Registers
from station.working_days import OfficialCalendar, typed_years

PROGRAM: Final = "station"
LINK_CODES: Final = {"connecting": CONNECTING, "silent": "device.silent"}
"""What the driver calls them, and the stable code of the same thing."""
SAME_VEHICLE_S: Final = 1800
"""After a restart, a vehicle recorded so long ago may still be the one on the platform."""
GRACEFUL_S: Final = 3


async def run(settings: Settings) -> None:
    """Run the station until cancelled.

    Raises:
        SettingsError: the configuration cannot be used.
        StorageError: the store failed; nothing further would be durable.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(claimed(settings))
        stored = open_store(settings)
        stack.callback(stored.close)
        uplink = Uplink(settings, stored)
        await uplink.prepare()
        station = await _assemble(settings, stored, uplink, stack)
        stored.database.keep_reserve()
        await stored.ledger.append(Draft(Kind.START, Run(program=PROGRAM, detail=legal_id())))
        await asyncio.to_thread(keep_law, settings)
        await station.run()


@dataclass(slots=True, kw_only=True)
class _Desk:
    """What officers work with."""

    hub: Hub
    feed: Feed
    judge: Judge
    permits: Permits
    register: Registers
    duty: Duty
    casework: Casework
    evading: Evading
    issuing: Issuing
    filing: Filing
    reviewing: Reviewing
    mismatching: Mismatching
    access_log: AccessLog
    reminding: Reminding
    answering: Answering


class _Server(uvicorn.Server):
    """A server that leaves signals to the station, which has more to finish than requests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


@dataclass(slots=True, kw_only=True)
class _Station:
    runtime: Runtime
    scale: ScaleDriver
    camera: CameraWatcher
    uplink: Uplink
    answers: TakeAnswers
    allowed: Allowed
    access_log: AccessLog
    retention: Retention
    importing: Importing | None
    stored: Stored
    server: uvicorn.Server
    listening: socket.socket

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM, or until a part fails for good."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, setattr, self.server, "should_exit", True)
        board, stored = self.runtime.board, self.stored
        workers = [part.run() for part in (self.runtime, self.scale, self.camera)]
        workers += [
            self.uplink.run(self.runtime, self.camera, self.answers),
            self.allowed.run(),
            self.access_log.run(),
            self.retention.run(),
        ]
        if self.importing is not None:
            workers.append(self.importing.run())
        workers += [stored.time.run(stored.ledger, partial(board.report, CLOCK))]
        workers += [stored.database.watch()]
        async with asyncio.TaskGroup() as tasks:
            jobs = [tasks.create_task(worker) for worker in workers]
            await self.server.serve([self.listening])
            await self.runtime.drain()
            await self.uplink.close()
            for job in jobs:
                job.cancel()
        await stored.ledger.append(Draft(Kind.STOP, Run(program=PROGRAM, detail="")))


async def _assemble(
    settings: Settings, stored: Stored, uplink: Uplink, stack: AsyncExitStack
) -> _Station:
    clock: Clock = SystemClock()
    desk = _desk(settings, stored, clock)
    runtime = Runtime(
        lane=Lane(_measuring(settings), await _last_passage(stored.ledger, clock)),
        recorder=_recorder(settings, stored, desk, clock),
        ledger=stored.ledger,
        hub=desk.hub,
        clock=clock,
        waiting=lambda: uplink.waiting,
        media_waiting=lambda: uplink.media_waiting,
        watched_by=lambda: uplink.watched_by,
        reserve=stored.database,
    )
    return _Station(
        runtime=runtime,
        scale=ScaleDriver(
            settings.scale.url,
            settings.scale.protocol,
            settings.scale.baud,
            runtime.scale_event,
            lambda link: runtime.scale_link(LINK_CODES.get(link.code, link.code), link.detail),
            clock=clock,
        ),
        camera=CameraWatcher(
            settings.camera.url,
            PlateReader(),
            on_sighting=runtime.sighting,
            on_state=runtime.camera_state,
            clock=clock,
        ),
        uplink=uplink,
        answers=partial(take_answers, stored.ledger, stored.centre, desk.casework.answered),
        allowed=Allowed(
            legal_id=legal_id(),
            facts=stored.centre,
            clock=clock,
            report=partial(runtime.board.report, PROGRAM_DEVICE),
        ),
        access_log=desk.access_log,
        retention=retention(settings, stored),
        importing=_importing(settings, stored, stack, clock),
        stored=stored,
        server=_server(_services(settings, stored, desk, runtime, clock)),
        listening=stack.enter_context(_listening(settings)),
    )


def _desk(settings: Settings, stored: Stored, clock: Clock) -> _Desk:
    ledger = stored.ledger
    hub, feed = Hub(), Feed()
    hub.listen(feed.publish)
    judge = Judge(law=lawbook(), mode=_mode(settings))
    register = Registers(FileRegister(settings.vehicles.file), stored.centre)
    permits = Permits(facts=stored.centre, law=judge.law, node=settings.station.node)
    duty = Duty(stored.accounts, stored.passwords, clock, demanded=settings.access.totp_roles)
    terms = Terms(judge.law, judge.mode, OfficialCalendar(typed_years(settings.calendar.file)))
    complete = completeness(settings, stored, clock)
    casework = Casework(
        prefix=_prefix(settings),
        ledger=ledger,
        views=ledger,
        duty=duty,
        judge=judge,
        terms=terms,
        completeness=complete,
        requests=stored.requests,
        clock=clock,
        time=stored.time.believed,
        publish=hub.publish,
    )
    reviewing = Reviewing(
        ledger=ledger,
        views=ledger,
        register=register,
        facts=stored.centre,
        permits=permits,
        media=stored.media,
        judge=judge,
        casework=casework,
        hub=hub,
        clock=clock,
    )
    return _Desk(
        hub=hub,
        feed=feed,
        judge=judge,
        permits=permits,
        register=register,
        duty=duty,
        casework=casework,
        evading=_evading(settings, stored, casework, terms, hub=hub, clock=clock),
        issuing=issuing(settings, stored, casework, clock),
        filing=filing(settings, stored, casework, complete, clock),
        reviewing=reviewing,
        mismatching=Mismatching(
            ledger=ledger, views=ledger, casework=casework, hub=hub, clock=clock
        ),
        access_log=AccessLog(SqliteRefusedAccesses(stored.database), clock),
        answering=Answering(
            requests=stored.requests,
            ledger=ledger,
            views=ledger,
            casework=casework,
            clock=clock,
        ),
        reminding=_reminding(settings, stored, terms),
    )


def _evading(
    settings: Settings, stored: Stored, casework: Casework, terms: Terms, *, hub: Hub, clock: Clock
) -> Evading:
    return Evading(
        prefix=_prefix(settings),
        ledger=stored.ledger,
        views=stored.ledger,
        evasions=stored.ledger,
        files=SqliteCaseFiles(stored.database, stored.ledger),
        press=press(settings, terms.law),
        casework=casework,
        terms=terms,
        clock=clock,
        publish=hub.publish,
    )


def _reminding(settings: Settings, stored: Stored, terms: Terms) -> Reminding:
    return Reminding(
        views=stored.ledger,
        requests=stored.requests,
        law=terms.law,
        working=terms.working,
        time=stored.time.believed,
        ahead=Ahead(hours=timedelta(hours=settings.reminders.hours), days=settings.reminders.days),
    )


def _prefix(settings: Settings) -> str:
    """Return what the numbers of the station's cases begin with."""
    return settings.station.case_prefix or settings.station.node.upper()


def _importing(
    settings: Settings, stored: Stored, stack: AsyncExitStack, clock: Clock
) -> Importing | None:
    """Return what takes in clips, None where no folder is named for them."""
    folder = settings.recordings.import_dir
    if folder is None:
        return None
    inbox = FolderInbox(folder, stored.media)
    stack.callback(inbox.close)
    return importing(settings, stored, inbox, clock)


def _recorder(settings: Settings, stored: Stored, desk: _Desk, clock: Clock) -> Recorder:
    scale = Scale(
        lane="1",
        scale_id=settings.scale.scale_id,
        protocol=settings.scale.protocol,
        certificate_no=settings.scale.certificate_no,
        certificate_until=settings.scale.certificate_until,
    )
    return Recorder(
        scale=scale,
        ledger=stored.ledger,
        views=stored.ledger,
        media=stored.media,
        register=desk.register,
        facts=stored.centre,
        permits=desk.permits,
        judge=desk.judge,
        casework=desk.casework,
        hub=desk.hub,
        clock=clock,
    )


def _services(
    settings: Settings, stored: Stored, desk: _Desk, runtime: Runtime, clock: Clock
) -> Services:
    law = desk.judge.law
    return Services(
        station=StationOut(
            node=settings.station.node,
            name=settings.station.name,
            road=settings.station.road,
            legal_id=legal_id(),
            law_edition=law.edition,
            scale_certificate_no=settings.scale.certificate_no,
            scale_certificate_until=settings.scale.certificate_until,
        ),
        drawings=[shaping.drawing_out(d, _limit(d, law, clock)) for d in DRAWINGS.values()],
        views=stored.ledger,
        facts=stored.centre,
        law=law,
        media=stored.media,
        duty=desk.duty,
        casework=desk.casework,
        evading=desk.evading,
        issuing=desk.issuing,
        filing=desk.filing,
        reviewing=desk.reviewing,
        mismatching=desk.mismatching,
        reminding=desk.reminding,
        answering=desk.answering,
        lane=runtime.view,
        feed=desk.feed,
        clock=clock,
        administering=Administering(accounts=stored.accounts, ledger=stored.ledger),
        access_log=desk.access_log,
    )


def _limit(drawing: Drawing, law: LawBook, clock: Clock) -> int | None:
    """Return the limit that the drawing has today, for the officer's list."""
    today = date.fromisoformat(local_day(clock.now()))
    facts = Facts(occurred_on=today, vehicle=drawing.vehicle, gross=Kg(1))
    return decide_or_refer(facts, law).limit


def _mode(settings: Settings) -> Mode:
    try:
        return Mode(settings.station.mode)
    except ValueError as exc:
        known = ", ".join(mode.value for mode in Mode)
        raise SettingsError(f"station.mode: one of {known}", key="station.mode") from exc


def _measuring(settings: Settings) -> MeasuringRules:
    scale = settings.scale
    return MeasuringRules(
        presence=Kg(scale.presence_kg), division=Kg(scale.division_kg), settle_ms=scale.settle_ms
    )


async def _last_passage(ledger: Views, clock: Clock) -> LastPassage | None:
    newest = await ledger.passages(1)
    if not newest:
        return None
    weighing = newest[0].passage.weighing
    if (clock.now() - moment(weighing.settled_at)).total_seconds() > SAME_VEHICLE_S:
        return None
    return LastPassage(plate=newest[0].plate, gross=Kg(weighing.gross_kg))


def _listening(settings: Settings) -> socket.socket:
    """Take the console's address before anything else starts.

    Raises:
        SettingsError: another program holds it, or it is none of this machine's.
    """
    host, _, port = settings.station.listen.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)), reuse_port=False)
        # asyncio does so only with sockets that it made itself; without, an answer of two pieces
        # waits for the other side's delayed acknowledgement, 40 ms. Connections inherit it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, OverflowError) as exc:
        where = settings.station.listen
        raise SettingsError(f"station.listen {where}: {exc}", key="station.listen") from exc


def _server(services: Services) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            create_app(services), log_level="warning", timeout_graceful_shutdown=GRACEFUL_S
        )
    )
