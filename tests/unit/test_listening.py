"""No answer waits for the other side's delayed acknowledgement: 40 ms, at every request."""

import socket
from contextlib import closing

import pytest

from central.api.server import listening
from station.bootstrap.running import _listening
from station.settings import read_settings
from tests.machines import STATION


@pytest.fixture(params=["station", "centre"])
def listener(request, tmp_path):
    if request.param == "centre":
        with listening("machines", ("127.0.0.1", 0)) as found:
            yield found
        return
    config = tmp_path / "station.toml"
    text = STATION.format(node="linhe", url="https://127.0.0.1:1")
    config.write_text(text.replace("[scale]", 'listen = "127.0.0.1:0"\n[scale]'), "utf-8")
    with closing(_listening(read_settings(config))) as found:
        yield found


def test_what_is_accepted_sends_at_once(listener):
    with (
        socket.create_connection(listener.getsockname()),
        closing(listener.accept()[0]) as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
