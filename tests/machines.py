"""The machines' side of the centre for tests: real TLS on the loopback, or none at all."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

from central.api.server import Door, listening, serve
from station.keys.files import PUBLIC, write_durably
from station.keys.tls import TlsFiles
from station.uplink.identity import Identity

STATION = """
[station]
node = "{node}"
name = "站"
road = "G6"
data_dir = "data"
[scale]
url = "/dev/null"
protocol = "yaohua-continuous"
scale_id = "S"
certificate_no = "C"
certificate_until = 2099-12-31
[camera]
url = "x"
[uplink]
url = "{url}"
"""


@contextlib.asynccontextmanager
async def served(app, context: ssl.SSLContext):
    """Serve *app* to machines on the loopback; yield the address."""
    stop, up = asyncio.Event(), asyncio.Event()
    with listening("machines", ("127.0.0.1", 0)) as listener:
        door = Door(app, listener, context)
        serving = asyncio.create_task(serve([door], stop, ready=up.set, closing=lambda: None))
        try:
            async with asyncio.timeout(10):
                await up.wait()
            yield door.url
        finally:
            stop.set()
            await serving


def identity_of(files: TlsFiles) -> Identity:
    return Identity(key=files.key, certificate=files.certificate, authority=files.authority)


def enrolled_by(authority, folder: Path, at, node: str = "linhe") -> TlsFiles:
    """Give a station its files as enrolment would."""
    files = TlsFiles(folder / node)
    issued = authority.issue(node, files.request(node), at)
    files.keep(issued.certificate)
    write_durably(files.authority, authority.certificate.encode(), PUBLIC)
    return files
