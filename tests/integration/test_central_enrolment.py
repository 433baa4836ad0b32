"""Stations are enrolled by tokens over real TLS, and known by certificates from then on."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from central.api.app import create_machines_app, machines_interface
from central.api.peers import joined_by
from central.application.admit import Peer
from central.application.enrol import MOST_AT_ONCE, TOKEN_LIFE, MakeToken
from central.application.revoke import RevokeCertificates
from central.bootstrap import compose
from central.bootstrap.own import enrolments
from central.settings import CentralSection, CentralSettings, StationSection
from central.store.authority import FileAuthority
from central.store.enrolment import SqlRegister
from central.store.ledgers import Enrolment, SqlArchive
from station.application.ports import Draft
from station.bootstrap.enrolling import RENEW_BEFORE, Renewer, enrol
from station.bootstrap.opening import open_store, signing_key
from station.contract.enrolling import EnrolRequest, RenewRequest, proof_message, token_digest
from station.contract.entries import Kind, Run
from station.contract.uplink import batch, sign_state
from station.domain.errors import (
    KeysNotProven,
    NotEnrolled,
    NotFound,
    SettingsError,
    SigningKeyGone,
    TokenExpired,
    TokenUnknown,
    TokenUsed,
    TooManyAttempts,
    UplinkError,
    WrongCentre,
)
from station.keys.centre import known_centre
from station.keys.tls import TlsFiles
from station.settings import read_settings
from tests.fakes import FakeClock, sealer
from tests.machines import STATION, identity_of, served
from tests.migration.central_kit import CENTRE, FakeStation, lane_state

pytest_plugins = ["tests.migration.central_database"]

NAMES = ("127.0.0.1", "localhost")
MOMENT = timedelta(microseconds=1)


class Site:
    """A centre with its machines' door open."""

    def __init__(self, database, folder):
        self.database, self.folder = database, folder
        self.clock = FakeClock(datetime.now(UTC))  # certificates meet the machine's own clock
        self.settings = CentralSettings(
            central=CentralSection(name="治超办", data_dir=folder),
            stations=[
                StationSection(node=node, name=node, road="G6") for node in ("linhe", "hailiutu")
            ],
        )
        self.authority = FileAuthority(folder / "ca", self.clock.now())
        self.centre = compose(
            self.settings,
            database,
            self.clock,
            key=CENTRE.signer,
            authority=self.authority,
            config=folder / "central.toml",
        )
        self.parts = self.centre.parts
        self.app = create_machines_app(self.parts)
        self.register = SqlRegister(database)
        self.url = ""

    async def prepare(self):
        own = Enrolment(
            node="centre", name="治超办", road="", public_key=CENTRE.signer.public_key, own=True
        )
        await SqlArchive(self.database).enrol([own, *enrolments(self.settings)])

    async def token(self, node="linhe"):
        make = MakeToken(
            stations=["linhe", "hailiutu"],
            register=self.register,
            authority=self.authority,
            clock=self.clock,
        )
        return str(await make(node))

    def station(self, node="linhe", folder=None, url=None):
        home = self.folder / (folder or node)
        home.mkdir(exist_ok=True)
        (home / "station.toml").write_text(STATION.format(node=node, url=url or self.url))
        return read_settings(home / "station.toml")

    async def enrolled(self, node="linhe", folder=None):
        settings = self.station(node, folder)
        await enrol(settings, await self.token(node))
        return settings

    async def rows(self, sql, *arguments):
        return [tuple(row) for row in await self.database.fetch(sql, *arguments)]

    async def alarms(self):
        return await self.rows("SELECT node, seq, code, detail FROM alarm ORDER BY alarm_id")


@pytest.fixture
async def site(database, tmp_path):
    made = Site(database, tmp_path)
    await made.prepare()
    async with served(made.app, made.authority.server_context(NAMES, made.clock.now())) as made.url:
        yield made


@contextlib.asynccontextmanager
async def line(settings, url):
    """A client with the station's certificate."""
    context = identity_of(TlsFiles(settings.station.data_dir)).context()
    async with httpx.AsyncClient(base_url=url, verify=context, trust_env=False) as client:
        yield client


def started(settings):
    """Return a batch of one entry, sealed by the station's own store."""
    stored = open_store(settings)
    try:
        write = stored.ledger.append_on
        stored.database.run_now(
            lambda connection: write(connection, [Draft(Kind.START, Run(program="p", detail=""))])
        )
        return stored.database.run_now(
            lambda connection: batch(
                settings.station.node,
                _entries(connection),
            )
        )
    finally:
        stored.close()


def _entries(connection):
    from station.domain.ledger import parse

    rows = connection.execute("SELECT body, signature FROM entry ORDER BY seq")
    return [parse(body, signature) for body, signature in rows]


def code(answer):
    return answer.status_code, answer.json()["code"]


async def test_an_enrolled_station_delivers_and_knows_its_centre(site):
    settings = await site.enrolled()
    async with line(settings, site.url) as client:
        answer = await client.post("/api/ingest", content=started(settings))

    folder = settings.station.data_dir
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    centre = known_centre(folder)
    assert (centre.node, centre.public_key) == ("centre", CENTRE.signer.public_key.hex())
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes["station.key"] == modes["station-tls.key"] == 0o600
    key = signing_key(settings)
    assert await site.rows("SELECT key_id, from_seq FROM node_key WHERE node = 'linhe'") == [
        (key.key_id, 1)
    ]
    assert await site.alarms() == []


async def test_the_centre_writes_the_enrolment_into_its_own_ledger(site):
    settings = await site.enrolled()

    ((kind, body),) = await site.rows("SELECT kind, body FROM entry WHERE node = 'centre'")
    said = msgspec.json.decode(body)["payload"]
    assert kind == "enrolment"
    assert said == {
        "node": "linhe",
        "alg": "ed25519",
        "key_id": signing_key(settings).key_id,
        "public_key": signing_key(settings).public_key.hex(),
        "from_seq": 1,
    }


async def test_the_centre_keeps_no_token(site):
    token = await site.token()
    secret, _, pin = token.partition(".")

    assert pin == site.authority.pin
    assert await site.rows("SELECT token_digest, node FROM enrolment_token") == [
        (token_digest(secret), "linhe")
    ]


async def test_a_token_serves_once(site):
    token = await site.token()
    await enrol(site.station(), token)

    with pytest.raises(TokenUsed):
        await enrol(site.station(folder="another"), token)

    assert len(await site.rows("SELECT * FROM node_key WHERE node = 'linhe'")) == 1
    assert await site.alarms() == [("linhe", None, "enrol.token_used", "127.0.0.1")]


async def test_of_many_who_use_one_token_at_once_one_succeeds(site):
    token = await site.token()
    stations = [site.station(folder=f"s{number}") for number in range(5)]

    found = await asyncio.gather(*(enrol(one, token) for one in stations), return_exceptions=True)

    refused = [one for one in found if isinstance(one, Exception)]
    assert [type(one) for one in refused] == [TokenUsed] * 4
    assert len(await site.rows("SELECT * FROM tls_certificate")) == 1


async def test_a_token_is_for_its_node_alone(site):
    token = await site.token("hailiutu")

    with pytest.raises(TokenUnknown):
        await enrol(site.station("linhe"), token)

    assert await site.rows("SELECT used_at FROM enrolment_token") == [(None,)]
    await enrol(site.station("hailiutu"), token)


@pytest.mark.parametrize("text", ["", "secret", "a" * 43 + "." + "0" * 63, "a.b" * 30])
async def test_half_a_token_is_none(site, text):
    with pytest.raises(TokenUnknown):
        await enrol(site.station(), text)


async def test_a_token_is_good_for_less_than_twenty_four_hours(site):
    early, late = await site.token(), await site.token("hailiutu")

    site.clock.move(TOKEN_LIFE - MOMENT)
    await enrol(site.station(), early)
    site.clock.move(MOMENT)
    with pytest.raises(TokenExpired):
        await enrol(site.station("hailiutu"), late)


async def test_a_station_that_is_not_in_the_configuration_gets_no_token_and_no_key(site):
    with pytest.raises(NotFound):
        await site.token("dashuncheng")
    with pytest.raises(NotFound):
        await site.token("centre")
    token = await site.token()

    for node in ("dashuncheng", "centre"):
        with pytest.raises(NotEnrolled):
            await enrol(site.station(node), token)


class Impostor:
    """Somebody in between: shows a certificate authority and notes all that he is told."""

    def __init__(self, shown):
        self.shown = shown.encode()
        self.heard = []

    async def __call__(self, scope, receive, send):
        body = (await receive()).get("body", b"")
        self.heard.append((scope["method"], scope["path"], body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.shown})


async def test_whoever_shows_another_authority_hears_nothing_but_the_question(site):
    token = await site.token()
    other = FileAuthority(site.folder / "other", site.clock.now())
    impostor = Impostor(other.certificate)

    async with served(impostor, other.server_context(NAMES, site.clock.now())) as url:
        settings = site.station(url=url)
        with pytest.raises(WrongCentre):
            await enrol(settings, token)

    assert impostor.heard == [("GET", "/api/ca", b"")]
    assert not (settings.station.data_dir / "station.key").exists()
    await enrol(site.station(), token)  # and the token is as good as before


async def test_whoever_adds_an_authority_of_his_own_to_the_right_one_hears_no_more(site):
    """The pin is of one certificate: whatever stands after it is trusted by nobody."""
    token = await site.token()
    other = FileAuthority(site.folder / "other", site.clock.now())
    impostor = Impostor(site.authority.certificate + other.certificate)

    async with served(impostor, other.server_context(NAMES, site.clock.now())) as url:
        settings = site.station(url=url)
        with pytest.raises((UplinkError, WrongCentre)):
            await enrol(settings, token)

    assert impostor.heard == [("GET", "/api/ca", b"")]


async def test_whoever_shows_the_right_authority_without_its_key_hears_no_more(site):
    """The certificate of the authority is public: anybody can show it."""
    token = await site.token()
    other = FileAuthority(site.folder / "other", site.clock.now())
    impostor = Impostor(site.authority.certificate)

    async with served(impostor, other.server_context(NAMES, site.clock.now())) as url:
        with pytest.raises(UplinkError, match="CERTIFICATE_VERIFY_FAILED"):
            await enrol(site.station(url=url), token)

    assert impostor.heard == [("GET", "/api/ca", b"")]


@pytest.mark.parametrize("shown", ["", "rubbish", "x" * 70_000, "\N{SNOWMAN}"])
async def test_whoever_shows_no_certificate_is_no_centre(site, shown):
    token = await site.token()
    other = FileAuthority(site.folder / "other", site.clock.now())

    async with served(Impostor(shown), other.server_context(NAMES, site.clock.now())) as url:
        with pytest.raises(UplinkError):
            await enrol(site.station(url=url), token)


def request(site, token, signer, **changed):
    """Return an enrolment's request, made by hand."""
    secret = token.partition(".")[0]
    csr = changed.pop("csr", None) or TlsFiles(site.folder / "by-hand").request("linhe")
    proof = signer.sign(proof_message(token_digest(secret), "linhe", csr)).hex()
    values = {
        "token": secret,
        "node": "linhe",
        "alg": "ed25519",
        "public_key": signer.public_key.hex(),
        "after_seq": 0,
        "proof": proof,
        "csr": csr,
    }
    return EnrolRequest(**{**values, **changed})


def foreign_request(curve):
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "linhe")])
    asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    return asked.public_bytes(Encoding.PEM).decode()


async def test_keys_that_do_not_prove_themselves_are_not_enrolled(site):
    token = await site.token()
    signer, other = sealer(key=1).signer, sealer(key=2).signer
    good = request(site, token, signer)
    forged = [
        msgspec.structs.replace(good, public_key=other.public_key.hex()),
        msgspec.structs.replace(good, proof=other.sign(b"x").hex()),
        msgspec.structs.replace(good, proof="zz"),
        msgspec.structs.replace(good, public_key="00"),
        msgspec.structs.replace(good, alg="sm2"),
        msgspec.structs.replace(good, after_seq=-1),
        msgspec.structs.replace(good, csr=foreign_request(ec.SECP256R1())),
        request(site, token, signer, csr=foreign_request(ec.SECP384R1())),
        request(site, token, signer, csr="rubbish"),
    ]
    for one in forged:
        with pytest.raises(KeysNotProven):
            await site.parts.enrol(one, str(forged.index(one)))

    await site.parts.enrol(good, "x")  # the token was not used up


@pytest.mark.parametrize(
    "changed",
    [{"node": "lin\0he"}, {"node": "Linhe"}, {"after_seq": "0"}, {"more": 1}, {"token": 1}],
)
async def test_a_request_that_is_none_is_refused_in_the_one_shape(site, changed):
    good = msgspec.to_builtins(request(site, await site.token(), sealer().signer))
    context = ssl.create_default_context(cadata=site.authority.certificate)
    async with httpx.AsyncClient(base_url=site.url, verify=context, trust_env=False) as client:
        answer = await client.post("/api/enrol", json={**good, **changed})

    assert code(answer) == (422, "facts.invalid")


async def test_refused_attempts_of_one_address_wait_ever_longer(site):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    site.parts.enrol._pause = pause
    wrong = request(site, "a" * 43 + ".x", sealer().signer)
    for _ in range(6):
        with pytest.raises(TokenUnknown):
            await site.parts.enrol(wrong, "192.0.2.1")
    with pytest.raises(TokenUnknown):
        await site.parts.enrol(wrong, "192.0.2.2")

    assert pauses == [1, 2, 4]
    assert await site.alarms() == [
        ("linhe", None, "enrol.token_unknown", "192.0.2.1"),
        ("linhe", None, "enrol.token_unknown", "192.0.2.2"),
    ]


async def test_an_address_holds_up_no_more_than_a_few_attempts(site):
    site.parts.enrol._trying["192.0.2.1"] = MOST_AT_ONCE

    with pytest.raises(TooManyAttempts):
        await site.parts.enrol(request(site, "a" * 43 + ".x", sealer().signer), "192.0.2.1")


OPEN = {("GET", "/api/ca"), ("POST", "/api/enrol")}
ROUTES = sorted(
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, methods in machines_interface().openapi()["paths"].items()
    for method in methods
)


def test_the_routes_are_those_that_are_meant():
    assert set(ROUTES) > OPEN
    assert {("POST", "/api/ingest"), ("POST", "/api/renew")} < set(ROUTES)


@pytest.mark.parametrize(("method", "path"), [one for one in ROUTES if one not in OPEN])
async def test_without_a_certificate_nothing_else_answers(site, method, path):
    context = ssl.create_default_context(cadata=site.authority.certificate)
    async with httpx.AsyncClient(base_url=site.url, verify=context, trust_env=False) as client:
        answer = await client.request(method, path, content=b"")

    assert code(answer) == (401, "access.no_certificate")


@pytest.mark.parametrize("path", ["/", "/api/openapi.json", "/docs", "/api/stations"])
async def test_the_machines_door_shows_no_page(site, path):
    settings = await site.enrolled()
    async with line(settings, site.url) as client:
        assert code(await client.get(path)) == (404, "not_found")


async def test_a_station_delivers_for_no_other(site):
    linhe, hailiutu = await site.enrolled(), await site.enrolled("hailiutu")
    theirs = started(hailiutu)
    state = sign_state(lane_state(node="hailiutu"), signing_key(hailiutu))
    async with line(linhe, site.url) as client:
        answers = [
            await client.post("/api/ingest", content=theirs),
            await client.post("/api/ingest", content=theirs),
            await client.post("/api/ahead", content=theirs),
            await client.post("/api/lane-state", content=state),
        ]

    assert [code(one) for one in answers] == [(403, "access.other_node")] * 4
    assert "linhe" in answers[0].json()["message"]
    assert "hailiutu" in answers[0].json()["message"]
    assert await site.rows("SELECT * FROM entry WHERE node <> 'centre'") == []
    assert await site.alarms() == [("linhe", 1, "access.other_node", "linhe: hailiutu")]


async def test_a_revoked_certificate_is_refused_on_lines_that_are_open_too(site):
    settings = await site.enrolled()
    revoke = RevokeCertificates(register=site.register, clock=site.clock)
    async with line(settings, site.url) as client:
        before = await client.post("/api/ingest", content=started(settings))
        ((serial,),) = await site.rows("SELECT serial FROM tls_certificate")
        assert await revoke("linhe", serial, "stolen") == [serial]
        after = await client.post("/api/ingest", content=started(settings))

    assert before.status_code == 200
    assert code(after) == (403, "access.certificate_revoked")
    assert after.headers["connection"] == "close"
    with pytest.raises(NotFound):
        await revoke("linhe", None, "again")


async def test_a_station_that_left_the_configuration_is_not_known(site):
    site.app = joined_by(site.app, Peer(node="dashuncheng", serial="1"))
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://x") as client:
        assert code(await client.get("/api/down")) == (404, "not_found")


async def test_enrolling_again_with_the_same_key_changes_the_certificate_alone(site):
    settings = await site.enrolled()
    first = TlsFiles(settings.station.data_dir).certificate.read_bytes()
    async with line(settings, site.url) as old:
        await old.post("/api/ingest", content=started(settings))
        await site.enrolled()
        refused = await old.get("/api/down")
        async with line(settings, site.url) as new:
            answer = await new.post("/api/ingest", content=started(settings))

    assert TlsFiles(settings.station.data_dir).certificate.read_bytes() != first
    assert code(refused) == (403, "access.certificate_revoked")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert len(await site.rows("SELECT * FROM node_key WHERE node = 'linhe'")) == 1
    assert await site.alarms() == []


async def test_a_new_key_after_a_lost_disk_is_good_after_the_last_entry_and_alarmed(site):
    lost = await site.enrolled()
    old = signing_key(lost)
    async with line(lost, site.url) as client:
        for _ in range(3):
            await client.post("/api/ingest", content=started(lost))

    new = signing_key(await site.enrolled(folder="new-disk"))

    keys = "SELECT key_id, from_seq, until_seq FROM node_key WHERE node = 'linhe' ORDER BY from_seq"
    assert await site.rows(keys) == [(old.key_id, 1, 3), (new.key_id, 4, None)]
    assert await site.alarms() == [("linhe", 4, "key.replaced", new.key_id)]
    with pytest.raises(KeysNotProven, match="has ended"):
        await enrol(lost, await site.token())


async def test_a_key_whose_forerunners_entries_wait_is_good_after_those(site):
    """A rotation that was not delivered yet must not cost the entries before it."""
    settings = await site.enrolled()
    async with line(settings, site.url) as client:
        await client.post("/api/ingest", content=started(settings))
    new = sealer(key=9).signer
    answer = await site.parts.enrol(request(site, await site.token(), new, after_seq=5), "x")

    keys = "SELECT from_seq, until_seq FROM node_key WHERE node = 'linhe' ORDER BY from_seq"
    assert answer.from_seq == 6
    assert await site.rows(keys) == [(1, 5), (6, None)]


async def test_a_ledger_whose_key_is_gone_gets_no_other(site):
    settings = await site.enrolled()
    started(settings)
    (settings.station.data_dir / "station.key").unlink()

    with pytest.raises(SigningKeyGone):
        await site.enrolled()


async def test_a_certificate_near_its_end_is_renewed_over_its_own_line(site):
    settings = await site.enrolled()
    files = TlsFiles(settings.station.data_dir)
    first = files.ends_at()
    clock = FakeClock(first - RENEW_BEFORE - MOMENT)
    renewer = Renewer(site.url, "linhe", files, identity_of(files), clock)

    assert not await renewer.renew_when_due()
    clock.move(MOMENT)
    site.clock.move(timedelta(hours=2))
    assert await renewer.renew_when_due()

    assert files.ends_at() > first
    async with line(settings, site.url) as client:
        assert (await client.get("/api/down")).status_code == 200
    assert await site.rows("SELECT count(*), count(revoked_at) FROM tls_certificate") == [(2, 0)]


async def test_a_certificate_for_another_key_is_not_kept(site):
    settings = await site.enrolled()
    files = TlsFiles(settings.station.data_dir)
    before = files.certificate.read_bytes()
    foreign = site.authority.issue("linhe", foreign_request(ec.SECP256R1()), site.clock.now())

    with pytest.raises(UplinkError, match="another key"):
        files.keep(foreign.certificate)

    assert files.certificate.read_bytes() == before


async def test_a_renewal_names_the_node_of_the_line_whatever_it_asks_for(site):
    settings = await site.enrolled()
    asked = RenewRequest(csr=TlsFiles(site.folder / "x").request("hailiutu"))
    async with line(settings, site.url) as client:
        answer = await client.post("/api/renew", content=msgspec.json.encode(asked))

    made = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
    (name,) = made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert name.value == "linhe"
    assert await site.rows("SELECT DISTINCT node FROM tls_certificate") == [("linhe",)]


async def test_a_station_without_a_centre_cannot_be_enrolled(site):
    settings = site.station(url="https://127.0.0.1:1")
    alone = settings.model_copy(update={"uplink": settings.uplink.model_copy(update={"url": ""})})

    with pytest.raises(SettingsError, match="no centre"):
        await enrol(alone, await site.token())
    with pytest.raises(UplinkError):
        await enrol(settings, await site.token())


async def test_a_fake_station_of_the_kit_needs_no_token(site):
    made = FakeStation("linhe", key=3)
    await SqlArchive(site.database).enrol(
        [Enrolment(node="linhe", name="x", road="y", public_key=made.public_key)]
    )

    assert await site.rows("SELECT from_seq FROM node_key WHERE node = 'linhe'") == [(1,)]
