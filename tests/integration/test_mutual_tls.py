"""The line between station and centre, over real TLS: each side knows the other first."""

import json
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from central.api.peers import Peer, peer
from central.store.authority import RENEW_BEFORE, FileAuthority
from central.store.certificates import SERVER_LIFE, STATION_LIFE
from station.domain.errors import NotEnrolled, UplinkError
from station.keys.files import PUBLIC, write_durably
from station.keys.tls import TlsFiles
from station.uplink.http_centre import HttpCentre
from station.uplink.identity import trusting
from tests.fakes import FakeClock, sealer
from tests.integration.test_station_uplink import ENTRY, STATE, WANTED
from tests.machines import enrolled_by, identity_of, served

NAMES = ("127.0.0.1", "localhost")
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return datetime.now(UTC)  # certificates are judged by the machine's own clock


@pytest.fixture
def authority(tmp_path, now):
    return FileAuthority(tmp_path / "ca", now)


class Application:
    """Answers that nothing is wanted, and notes who came and what he sent."""

    def __init__(self):
        self.peers = []
        self.bodies = []

    async def __call__(self, scope, receive, send):
        self.peers.append(scope["state"]["peer"])
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(WANTED).encode()})


@pytest.fixture
def app():
    return Application()


def centre_at(url, files):
    context = identity_of(files).context
    clock, signer = FakeClock(), sealer().signer
    return HttpCentre(url, "linhe", signer, context, clock=clock, heard=lambda *_: None)


async def tell(url, files):
    centre = centre_at(url, files)
    try:
        await centre.tell(STATE)
    finally:
        await centre.close()


async def refused(url, context):
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(url)


async def test_the_centre_sees_the_node_that_the_certificate_names(authority, app, tmp_path, now):
    files = enrolled_by(authority, tmp_path, now)

    async with served(app, authority.server_context(NAMES, now)) as url:
        await tell(url, files)

    [peer] = app.peers
    assert (peer.node, len(peer.serial) > 30) == ("linhe", True)


async def test_without_a_certificate_nobody_is_seen(authority, app, now):
    async with served(app, authority.server_context(NAMES, now)) as url:
        context = trusting(authority.certificate)
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            await client.get(url)

    assert app.peers == [None]


async def test_a_station_without_files_says_so_and_goes_on_once_they_are_there(
    authority, app, tmp_path, now
):
    files = TlsFiles(tmp_path / "linhe")
    async with served(app, authority.server_context(NAMES, now)) as url:
        centre = centre_at(url, files)
        with pytest.raises(NotEnrolled):
            await centre.push([ENTRY], {})
        enrolled_by(authority, tmp_path, now)
        await centre.tell(STATE)
        await centre.close()

    assert [peer.node for peer in app.peers] == ["linhe"]


async def test_a_certificate_of_another_authority_is_refused(authority, app, tmp_path, now):
    other = FileAuthority(tmp_path / "other", now)
    files = enrolled_by(other, tmp_path, now)
    write_durably(files.authority, authority.certificate.encode(), PUBLIC)

    async with served(app, authority.server_context(NAMES, now)) as url:
        with pytest.raises(UplinkError):
            await tell(url, files)

    assert app.peers == []


async def test_a_server_of_another_authority_gets_nothing(authority, app, tmp_path, now):
    files = enrolled_by(authority, tmp_path, now)
    other = FileAuthority(tmp_path / "other", now)

    async with served(app, other.server_context(NAMES, now)) as url:
        with pytest.raises(UplinkError, match="CERTIFICATE_VERIFY_FAILED"):
            await tell(url, files)

    assert app.bodies == []


async def test_a_server_under_another_name_gets_nothing(authority, app, tmp_path, now):
    files = enrolled_by(authority, tmp_path, now)

    async with served(app, authority.server_context(("localhost",), now)) as url:
        with pytest.raises(UplinkError, match="IP address mismatch"):
            await tell(url, files)

    assert app.bodies == []


async def test_a_stations_certificate_opens_no_server(authority, app, tmp_path, now):
    files = enrolled_by(authority, tmp_path, now)
    impostor = authority.server_context(NAMES, now)
    impostor.load_cert_chain(files.certificate, files.key)

    async with served(app, impostor) as url:
        with pytest.raises(UplinkError, match="CERTIFICATE_VERIFY_FAILED"):
            await tell(url, files)

    assert app.bodies == []


async def test_the_servers_certificate_opens_no_line_as_a_station(authority, app, tmp_path, now):
    context = authority.server_context(NAMES, now)
    client = trusting(authority.certificate)
    client.load_cert_chain(tmp_path / "ca/server.crt", tmp_path / "ca/server.key")

    async with served(app, context) as url:
        await refused(url, client)

    assert app.peers == []


async def test_a_stations_certificate_that_has_ended_is_refused(authority, app, tmp_path, now):
    files = enrolled_by(authority, tmp_path, now - STATION_LIFE - DAY)

    async with served(app, authority.server_context(NAMES, now)) as url:
        with pytest.raises(UplinkError):
            await tell(url, files)

    assert app.peers == []


async def test_older_tls_is_refused(authority, app, now):
    client = trusting(authority.certificate)
    client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_2

    async with served(app, authority.server_context(NAMES, now)) as url:
        await refused(url, client)

    assert app.peers == []


async def test_a_servers_certificate_that_has_ended_is_renewed_while_it_serves(
    authority, app, tmp_path, now
):
    files = enrolled_by(authority, tmp_path, now)
    long_ago = now - SERVER_LIFE - DAY

    async with served(app, authority.server_context(NAMES, long_ago)) as url:
        with pytest.raises(UplinkError, match="certificate has expired"):
            await tell(url, files)
        assert authority.renew_server(NAMES, now)
        await tell(url, files)

    assert len(app.peers) == 1


def test_the_servers_certificate_is_renewed_a_year_before_its_end(authority, now):
    authority.server_context(NAMES, now)
    moment = timedelta(seconds=2)  # certificates know whole seconds

    assert not authority.renew_server(NAMES, now + SERVER_LIFE - RENEW_BEFORE - moment)
    assert authority.renew_server(NAMES, now + SERVER_LIFE - RENEW_BEFORE)


def test_the_servers_certificate_follows_its_names(authority, now):
    authority.server_context(NAMES, now)

    assert not authority.renew_server(tuple(reversed(NAMES)), now)
    assert authority.renew_server((*NAMES, "centre.example"), now)


def test_the_authority_is_made_once_and_its_keys_are_its_users_alone(tmp_path, now):
    first = FileAuthority(tmp_path / "ca", now)
    first.server_context(NAMES, now)

    again = FileAuthority(tmp_path / "ca", now + 365 * DAY)

    assert again.pin == first.pin
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "ca").iterdir()}
    assert modes["ca.key"] == modes["server.key"] == 0o600


def test_a_peer_is_nobody_without_a_certificate():
    assert peer(None) is None
    assert peer({}) is None
    shown = {"subject": ((("commonName", "linhe"),),), "serialNumber": "0A1B"}
    assert peer(shown) == Peer(node="linhe", serial="a1b")
