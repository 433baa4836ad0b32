"""The real console application over a real store; the test plays scale, trucks and clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import cv2
import msgspec
from argon2 import PasswordHasher

from simulators.camera.plate_art import plate_art, usual_rows
from simulators.camera.truck_art import Scene, scene_art
from simulators.officers.body_camera import write_clip
from station.admission.access_log import AccessLog
from station.api import shaping
from station.api.app import Services, create_app
from station.api.feed import Feed
from station.api.schemas import StationOut
from station.application.administering import Administering
from station.application.answering import Answering
from station.application.casework import Casework
from station.application.duty import Duty
from station.application.evading import Evading
from station.application.findings import Judge
from station.application.live import Device, Hub, LaneView
from station.application.mismatching import Mismatching
from station.application.permits import Permits
from station.application.ports import Account, Draft
from station.application.reminding import Reminding
from station.application.reviewing import Reviewing
from station.application.terms import Terms
from station.contract.entries import (
    Kind,
    Passage,
    Picture,
    PlateEvidence,
    RecordedAct,
    RecordingImported,
)
from station.contract.sealing import local_day, stamp
from station.documents.registry import registry
from station.domain.clock import VERIFIED, Believed
from station.domain.closing import Need, Standing
from station.domain.forms import Office
from station.domain.officers import Officer, Role
from station.domain.plates import Plate, PlateColour, parse
from station.domain.procedure import Act
from station.domain.units import Kg
from station.rules.drawings import DRAWINGS
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.store.access_log import SqliteRefusedAccesses
from station.store.accounts import SqliteAccounts
from station.store.case_files import SqliteCaseFiles
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from station.store.driver_requests import SqliteDriverRequests
from station.store.media import FileMedia
from station.store.passwords import Argon2Passwords
from station.store.register import FileRegister
from station.working_days import OfficialCalendar
from tests.fakes import NO_CODES, FakeClock, passage, sealer, store_of
from tests.papers import VEHICLE, completeness, filing, issuing, made_press

PASSWORD = "correct horse battery"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # quick
ROAD, ROAD_2, POLICE, POLICE_2 = "NM-LZ-001", "NM-LZ-002", "NM-JJ-001", "NM-JJ-002"
PEOPLE = {
    ROAD: ("路政甲", Role.ROAD),
    ROAD_2: ("路政乙", Role.ROAD),
    POLICE: ("交警甲", Role.POLICE),
    POLICE_2: ("交警乙", Role.POLICE),
}


class Console:
    """The application with its parts within reach."""

    def __init__(self, folder: Path, *, certificate_days: int = 365) -> None:
        self.time = VERIFIED
        self.clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
        self.until = self.clock.now().date() + timedelta(days=certificate_days)
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer(self.clock))
        self.accounts = SqliteAccounts(self.database)
        self.centre = SqliteCentreLedger(self.database, "linhe")
        self.requests = SqliteDriverRequests(self.database, "linhe")
        self.media = FileMedia(folder / "media")
        self.feed = Feed()
        self.hub = Hub()
        self.hub.listen(self.feed.publish)
        self.judge = Judge(lawbook(), Mode.RESIDENT)
        self.duty = Duty(self.accounts, Argon2Passwords(), self.clock, demanded=NO_CODES)
        complete = completeness(self.database, self.store, self.clock)
        self.casework = Casework(
            prefix="LINHE",
            ledger=self.store,
            views=self.store,
            duty=self.duty,
            judge=self.judge,
            terms=Terms(self.judge.law, self.judge.mode, OfficialCalendar()),
            completeness=complete,
            requests=self.requests,
            clock=self.clock,
            time=lambda: Believed(self.clock.now(), self.time),
            publish=self.hub.publish,
        )
        self.issuing = issuing(self.database, self.store, self.media, self.clock)
        self.filing = filing(self.database, self.store, complete, self.casework, self.clock)
        ok = Device(code="ok", detail="", since=self.clock.now())
        self.lane = LaneView(
            at=self.clock.now(),
            gross_kg=0,
            stable=True,
            occupied=False,
            scale=ok,
            camera=ok,
            store=ok,
            uplink=ok,
            clock=ok,
            program=ok,
            waiting=0,
            media_waiting=0,
            pending=False,
        )
        self.app = create_app(self._services())

    def _services(self) -> Services:
        reviewing = Reviewing(
            ledger=self.store,
            views=self.store,
            register=FileRegister(None),
            facts=self.centre,
            permits=Permits(facts=self.centre, law=self.judge.law, node="linhe"),
            media=self.media,
            judge=self.judge,
            casework=self.casework,
            hub=self.hub,
            clock=self.clock,
        )
        today = date.fromisoformat(local_day(self.clock.now()))
        drawings = [
            shaping.drawing_out(
                drawing,
                self._limit(
                    self.judge.finding(Kg(1), drawing.vehicle, occurred_on=today, recheck=False)
                ),
            )
            for drawing in DRAWINGS.values()
        ]
        return Services(
            station=StationOut(
                node="linhe",
                name="临河超限检测站",
                road="G110 京青线 K1020+300",
                legal_id="sha256:6f1c2ad09e7b",
                law_edition="sha256:90ab12cd34ef",
                scale_certificate_no="力检字第2026-0415号",
                scale_certificate_until=self.until,
            ),
            drawings=drawings,
            views=self.store,
            facts=self.centre,
            law=lawbook(),
            media=self.media,
            duty=self.duty,
            casework=self.casework,
            evading=Evading(
                prefix="LINHE",
                ledger=self.store,
                views=self.store,
                evasions=self.store,
                files=SqliteCaseFiles(self.database, self.store),
                press=made_press(),
                casework=self.casework,
                terms=Terms(self.judge.law, self.judge.mode, OfficialCalendar()),
                clock=self.clock,
                publish=self.hub.publish,
            ),
            issuing=self.issuing,
            filing=self.filing,
            reviewing=reviewing,
            mismatching=Mismatching(
                ledger=self.store,
                views=self.store,
                casework=self.casework,
                hub=self.hub,
                clock=self.clock,
            ),
            answering=Answering(
                requests=self.requests,
                ledger=self.store,
                views=self.store,
                casework=self.casework,
                clock=self.clock,
            ),
            reminding=Reminding(
                views=self.store,
                requests=self.requests,
                law=self.judge.law,
                working=OfficialCalendar(),
                time=lambda: Believed(self.clock.now(), self.time),
            ),
            lane=lambda: self.lane,
            feed=self.feed,
            clock=self.clock,
            administering=Administering(accounts=self.accounts, ledger=self.store),
            access_log=AccessLog(SqliteRefusedAccesses(self.database), self.clock),
        )

    @staticmethod
    def _limit(finding) -> int | None:
        limit = finding.record["limit_kg"]
        return limit if isinstance(limit, int) else None

    async def enrol(self) -> None:
        for number, (name, role) in PEOPLE.items():
            officer = Officer(
                certificate_no=number,
                name=name,
                role=role,
                valid_until=date(self.clock.now().year + 1, 12, 31),
            )
            await self.accounts.put_account(Account(officer=officer, password_hash=HASHED))

    async def on_duty(self, *numbers: str) -> None:
        """Sign officers in from elsewhere, as colleagues of the one at the page."""
        for number in numbers:
            await self.duty.sign_in(number, PASSWORD)

    async def complete_file(self, case_no: str) -> None:
        """Fill its file as officers elsewhere do: documents, signatures, no recording and why."""
        while due := (await self.issuing.of_case(case_no)).due:
            officer, _ = await self._crew(due[0].issuer)
            await self.issuing.issue(case_no, due[0].form.kind, officer)
        case = await self.store.case(case_no)
        for item in await self.filing.checklist(case_no):
            if item.standing is not Standing.MISSING:
                continue
            if item.need is Need.SIGNATURE:
                office = registry("bayannur").forms[item.name].office
                officer, second = await self._crew(
                    Role.ROAD if office is Office.ROAD else Role.POLICE
                )
                await self.filing.signed(
                    item.number, "signed", "", officer=officer, second_no=second
                )
            if item.need is Need.RECORDING:
                role = next(one.role for one in case.history if one.act.value == item.name)
                officer, second = await self._crew(role)
                await self.filing.excused(
                    case_no, item.seq, "执法记录仪故障", officer=officer, second_no=second
                )

    async def record(self, case_no: str) -> None:
        """Take in a clip of each act that demands one, as the folder of the docked cameras does."""
        case = await self.store.case(case_no)
        for item in await self.filing.checklist(case_no):
            if item.need is not Need.RECORDING or item.standing is not Standing.MISSING:
                continue
            done = next(one for one in case.history if one.act.value == item.name)
            clip = RecordingImported(
                officer=done.officers[0],
                device="",
                began_at=stamp(done.at - timedelta(minutes=1)),
                ended_at=stamp(done.at + timedelta(minutes=1)),
                timed_by="name",
                source=f"{item.name}.mp4",
                sha256="ab" * 32,
                size=3,
                media_type="video/mp4",
                imported_at=stamp(self.clock.now()),
                acts=[RecordedAct(case_no=case_no, act=item.name, act_seq=item.seq)],
            )
            await self.store.append(Draft(Kind.RECORDING_IMPORTED, clip))

    async def _crew(self, role: Role) -> tuple[Officer, str]:
        first, second = {Role.ROAD: (ROAD, ROAD_2), Role.POLICE: (POLICE, POLICE_2)}[role]
        account = await self.accounts.account(first)
        assert account is not None
        return account.officer, second

    async def clip(self, path: Path, case_no: str, act: Act, seq: int) -> None:
        """Take in a clip of an act, as the import would."""
        ended = self.clock.now()
        began = ended - timedelta(seconds=10)
        write_clip(path, ROAD, began, ended)
        sha256, size = self.media.keep_file(path)
        payload = RecordingImported(
            officer=ROAD,
            device="",
            began_at=stamp(began),
            ended_at=stamp(ended),
            timed_by="name",
            source=path.name,
            sha256=sha256,
            size=size,
            media_type="video/mp4",
            imported_at=stamp(ended),
            acts=[RecordedAct(case_no=case_no, act=act.value, act_seq=seq)],
        )
        await self.store.append(Draft(Kind.RECORDING_IMPORTED, payload))

    def show(self, **changed) -> None:
        """Tell the watchers what the lane shows now."""
        self.lane = replace(self.lane, at=self.clock.now(), **changed)
        self.hub.publish(self.lane)

    async def truck(
        self,
        passage_id: str,
        gross_kg: int,
        *,
        plate: str | None = "蒙L38216",
        trailer: str | None = None,
        guess: str = "",
        drawing: str | None = "TR-06-A/6x4",
        registered: bool = False,
        recheck_of: str | None = None,
    ) -> None:
        """Let a truck be weighed and recorded, and its case opened, as the lane would.

        ``registered``: the register knows its masses too, and so bands and points follow.
        """
        self.clock.move(timedelta(seconds=90))
        known = VEHICLE if registered else None
        vehicle = known or (DRAWINGS[drawing].vehicle if drawing else None)
        day = local_day(self.clock.now())
        finding = self.judge.finding(
            Kg(gross_kg),
            vehicle,
            occurred_on=date.fromisoformat(day),
            recheck=recheck_of is not None,
        )
        seen = passage(
            passage_id,
            occurred_on=day,
            tractor=await self._plate(plate, guess),
            trailer=await self._plate(trailer, "") if trailer else None,
            pictures=[await self._picture(plate, trailer)],
            vehicle=vehicle_to_record(vehicle) if vehicle else None,
            vehicle_origin="register" if vehicle else "none",
            explanation=finding.explanation,
            recheck_of=recheck_of,
        )
        await self._record(
            msgspec.structs.replace(
                seen,
                verdict=finding.record,
                weighing=msgspec.structs.replace(
                    seen.weighing, gross_kg=gross_kg, settled_at=stamp(self.clock.now())
                ),
            )
        )

    async def _record(self, seen: Passage) -> None:
        drafts = [Draft(Kind.PASSAGE, seen)]
        async with self.casework.lock:
            opened = await self.casework.opening(
                seen.passage_id, seen.weighing, seen.tractor.text, seen.verdict, seen.recheck_of
            )
            if opened:
                drafts.append(Draft(Kind.CASE_OPENED, opened))
            await self.store.append(*drafts)
        self.hub.publish(await self.store.passage(seen.passage_id))
        case_no = opened.case_no if opened else seen.recheck_of
        if case_no:
            self.hub.publish(await self.casework.file(case_no))

    async def _plate(self, text: str | None, guess: str) -> PlateEvidence:
        shown = text or guess
        return PlateEvidence(
            text=text,
            colour="yellow",
            origin="camera" if text else "none",
            best_guess=shown,
            confidence_permille=967 if text else 412,
            crop=await self._kept(_plate_picture(shown)) if shown else "",
        )

    async def _picture(self, plate: str | None, trailer: str | None) -> Picture:
        scene = Scene(
            front=Plate(plate, PlateColour.YELLOW) if plate else None,
            rear=Plate(trailer, PlateColour.YELLOW) if trailer else None,
        )
        data = _jpeg(scene_art(scene))
        return Picture(
            sha256=await self.media.keep(data),
            role="overview",
            media_type="image/jpeg",
            size=len(data),
            taken_at=stamp(self.clock.now()),
        )

    async def _kept(self, data: bytes) -> str:
        return await self.media.keep(data)

    def close(self) -> None:
        self.media.close()
        self.database.close()


def _plate_picture(text: str) -> bytes:
    plate = parse(text, PlateColour.YELLOW)
    return _jpeg(plate_art(plate, usual_rows(plate))) if plate else b"\xff\xd8\xff\xd9"


def _jpeg(picture) -> bytes:
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return data.tobytes()
