"""The drivers' door on a real line: whose word counts for an address, and who dawdles."""

import asyncio
import contextlib

import httpx
import pytest

from central.api.patience import PatientProtocol
from central.api.server import Door, listening, serve
from central.public.app import EACH_A_MINUTE, Site, create_public_app
from central.public.page import Offices
from tests.fakes import FakeClock


async def nothing(*_):
    return None


@contextlib.asynccontextmanager
async def opened(*proxies, body_s=5.0):
    """A site that knows no code, at an address of this machine."""
    site = Site(find=nothing, ask=nothing, offices=Offices(), clock=FakeClock())
    stop, up = asyncio.Event(), asyncio.Event()
    with listening("public", ("127.0.0.1", 0)) as listener:
        door = Door(create_public_app(site, body_s=body_s), listener, proxies=proxies)
        serving = asyncio.create_task(serve([door], stop, ready=up.set, closing=lambda: None))
        async with asyncio.timeout(20):
            await up.wait()
            yield door.url, listener.getsockname()[:2]
            stop.set()
            await serving


@pytest.mark.parametrize(
    ("proxies", "last"), [((), 429), (("192.0.2.0/24",), 429), (("127.0.0.1/32",), 404)]
)
async def test_the_address_that_a_header_states_counts_from_a_named_proxy_only(proxies, last):
    async with opened(*proxies) as (url, _), httpx.AsyncClient(base_url=url) as client:
        answers = [
            await client.post(
                "/", data={"code": "x"}, headers={"x-forwarded-for": f"198.51.100.{n}"}
            )
            for n in range(EACH_A_MINUTE + 1)
        ]
    assert answers[0].status_code == 404
    assert answers[-1].status_code == last


async def test_a_body_that_does_not_come_is_not_waited_for():
    async with opened(body_s=0.05) as (_, place):
        reader, writer = await asyncio.open_connection(*place)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 30\r\n\r\ncode=")
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("begun", [b"", b"POST / HTTP/1.1\r\nhost: x\r\nx-a"])
async def test_a_line_without_a_whole_head_is_closed(monkeypatch, begun):
    monkeypatch.setattr(PatientProtocol, "head_s", 0.05)
    async with opened() as (_, place):
        reader, writer = await asyncio.open_connection(*place)
        writer.write(begun)
        assert await reader.read() == b""
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
