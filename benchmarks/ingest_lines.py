"""The stations of the ingest benchmark: their passages, their certificates, their lines."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from benchmarks.passages import Station, main_fields
from central.settings import CentralSettings
from central.store.authority import FileAuthority
from central.store.enrolment import SqlRegister
from central.store.ledgers import Enrolment, SqlArchive
from central.store.migrate import migrate
from central.store.pool import connection, pool
from station.domain.ledger import Entry
from station.keys.files import PUBLIC, write_durably
from station.keys.tls import TlsFiles
from station.uplink.identity import Identity

NODES: Final = (
    "linhe",
    "dashuncheng",
    "wuyuan",
    "dengkou",
    "qianqi",
    "houqi",
    "zhongqi",
    "hangjin",
)
_LONGEST_S: Final = 120.0

Batches = list[list[list[Entry]]]
"""By station, then by request."""

Way = Callable[[Sequence[Entry]], tuple[bytes, dict[str, str]]]
"""Makes a request of the passages: its body, and its headers."""


class Load:
    """The passages of each round, the same ones for all contenders."""

    def __init__(self, requests: int, in_a_request: int) -> None:
        self.stations = [Station(node) for node in NODES]
        self.in_a_request = in_a_request
        self.bodies = {node: hashlib.sha256() for node in NODES}
        self.main: list[tuple[str, ...]] = []
        self._requests = requests
        self._rounds = 0
        self._batches: Batches = []

    @property
    def count(self) -> int:
        """Number of entries in a round."""
        return len(NODES) * self._requests * self.in_a_request

    def batches(self, turn: int) -> Batches:
        """Return the batches of a round; a contender asks for the rounds in order."""
        if turn == self._rounds:
            self._batches = [
                [station.sealed(self.in_a_request) for _ in range(self._requests)]
                for station in self.stations
            ]
            self._hold()
            self._rounds += 1
        return self._batches

    def _hold(self) -> None:
        """Keep in mind what every database must hold in the end."""
        for batch in (batch for station in self._batches for batch in station):
            for entry in batch:
                self.bodies[entry.node].update(entry.body)
                self.main.append(tuple(str(value) for value in main_fields(entry).values()))


async def enrolled(settings: CentralSettings, load: Load, folder: Path) -> dict[str, Identity]:
    """Enrol the stations as their tokens would; their files are kept in *folder*."""
    at, identities = datetime.now(UTC), {}
    authority = FileAuthority(settings.central.data_dir / "ca", at)
    async with pool(settings.database.dsn) as database:
        async with connection(database) as taken:
            await migrate(taken)
        await SqlArchive(database).enrol(
            [
                Enrolment(node=one.node, name=one.node, road="G6", public_key=one.public_key)
                for one in load.stations
            ]
        )
        async with SqlRegister(database).desk() as desk:
            for node in NODES:
                files = TlsFiles(folder / node)
                issued = authority.issue(node, files.request(node), at)
                await desk.add_certificate(issued, at)
                files.keep(issued.certificate)
                write_durably(files.authority, authority.certificate.encode(), PUBLIC)
                identities[node] = Identity(
                    key=files.key, certificate=files.certificate, authority=files.authority
                )
    return identities


class Lines:
    """A connection for each station, a request after the other on each.

    The stations are spread over the processes at *urls* evenly.
    """

    def __init__(self, urls: Sequence[str], identities: dict[str, Identity], way: Way) -> None:
        self._addresses = dict(
            zip(NODES, cycle(urlsplit(url).netloc for url in urls), strict=False)
        )
        self._identities = identities
        self._way = way
        self._pool = ThreadPoolExecutor(len(NODES))

    def seconds(self, batches: Batches) -> float:
        """Return how long it took until everything was acknowledged, from the handshake on."""
        requests = [[self._way(batch) for batch in station] for station in batches]
        counts = [[len(batch) for batch in station] for station in batches]
        begun = time.perf_counter()
        list(self._pool.map(self._post_all, NODES, requests, counts))
        return time.perf_counter() - begun

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _post_all(
        self, node: str, requests: list[tuple[bytes, dict[str, str]]], counts: list[int]
    ) -> None:
        context = self._identities[node].context()
        line = http.client.HTTPSConnection(
            self._addresses[node], timeout=_LONGEST_S, context=context
        )
        for (body, headers), count in zip(requests, counts, strict=True):
            line.request("POST", "/api/ingest", body, headers)
            answer = json.loads(line.getresponse().read())
            if answer.get("accepted") != count:
                raise AssertionError(f"not accepted: {answer}")
        line.close()


def spoilt(load: Load, found: Sequence[asyncpg.Record]) -> bool:
    """Tell whether rows of node and body, in order, are other than those that were sent."""
    digests = {node: hashlib.sha256() for node in NODES}
    for node, body in found:
        digests[node].update(body)
    return any(digests[node].digest() != load.bodies[node].digest() for node in NODES)
