"""Headquarters' interface over a database, without a network, for tests."""

from __future__ import annotations

import contextlib
from datetime import date

import httpx

from central.api.app import create_app, create_machines_app
from central.api.peers import joined_by
from central.application.admit import Peer
from central.application.ports import Account
from central.bootstrap import compose
from central.bootstrap.own import enrolments
from central.domain.access import ALL
from central.settings import AccessSection, CentralSection, CentralSettings, StationSection
from central.store.accounts import SqlAccounts
from central.store.authority import FileAuthority
from central.store.ledgers import SqlArchive
from tests.fakes import NO_CODES, FakeClock, officer
from tests.migration.central_kit import CENTRE, OWN, FakeStation

PASSWORD = "correct horse battery"
SITE = "http://hq.test"
LAST_DAY = date(2026, 3, 1)
PLACES = {"linhe": "临河", "hailiutu": "海流图", "dashuncheng": "大顺城"}


CERTIFICATE = (
    "INSERT INTO tls_certificate (serial, node, issued_at, ends_at) "
    "VALUES ($1, $2, now(), now() + interval '1 year')"
)
"""As an enrolment writes it: a certificate that the register does not know is nobody's."""


class Site:
    """Headquarters' whole interface, with stations of the kit."""

    def __init__(self, database, folder, *stations, totp_roles=NO_CODES):
        self.clock = FakeClock()
        self.stations = stations or (FakeStation(),)
        self.station = self.stations[0]
        self.accounts = SqlAccounts(database)
        settings = CentralSettings(
            central=CentralSection(name="治超办", data_dir=folder),
            access=AccessSection(totp_roles=totp_roles),
            stations=tuple(
                StationSection(node=one.node, name=PLACES.get(one.node, one.node), road="G6")
                for one in self.stations
            ),
        )
        self.database = database
        self.archive = SqlArchive(database)
        self.enrolments = [OWN, *enrolments(settings)]
        self.centre = compose(
            settings,
            database,
            self.clock,
            key=CENTRE.signer,
            authority=FileAuthority(folder / "ca", self.clock.now()),
            config=folder / "central.toml",
        )
        self.app = create_app(self.centre.parts, static=folder)
        self.machines = create_machines_app(self.centre.parts)

    async def projected(self):
        while await self.centre.projector.step():
            pass

    def client(self, **headers):
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers)

    def machine(self, node="linhe"):
        """A station's client, as its certificate would make it."""
        app = joined_by(self.machines, Peer(node=node, serial=f"1-{node}"))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=SITE)

    async def begin(self):
        await self.archive.enrol([*self.enrolments, *(one.enrolment for one in self.stations)])
        for one in self.stations:
            await self.database.execute(CERTIFICATE, f"1-{one.node}", one.node)
        return self

    async def add_officer(self, number, role, password_hash, scope=ALL):
        account = Account(
            officer=officer(number, role, LAST_DAY), password_hash=password_hash, scope=scope
        )
        assert await self.accounts.put_account(account, replace=False)

    async def deliver(self, station=None):
        station = station or self.station
        async with self.machine(station.node) as client:
            return await client.post("/api/ingest", content=station.batch())

    @contextlib.asynccontextmanager
    async def signed_in(self, number="HQ1"):
        who = {"certificate_no": number, "password": PASSWORD}
        async with self.client() as client:
            answer = await client.post("/api/session", json=who)
            assert answer.status_code == 200, answer.text
            yield client
