"""Reads what a station and the centre really hold, past their own interfaces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import apsw
import asyncpg

from central.store.embedded import Place, running
from simulators.demo.children import Broken
from station.domain.ledger import digest

_HEADER: Final = re.compile(r"^-- name: ([a-z_]+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Held:
    """One entry as it lies on a disk. ``sound``: its digest is that of its bytes."""

    seq: int
    kind: str
    digest: str
    body: bytes
    signature: bytes

    @property
    def sound(self) -> bool:
        """Tell whether the digest kept beside the bytes is theirs."""
        return digest(self.body) == self.digest


def station_entries(store: Path) -> list[Held]:
    """Return the ledger in a station's SQLite file, opened for reading only."""
    connection = apsw.Connection(str(store), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        rows = list(connection.execute(_statements()["station_entries"]))
    finally:
        connection.close()
    return [
        Held(int(str(seq)), str(kind), str(sha), _bytes(body), _bytes(signature))
        for seq, kind, sha, body, signature in rows
    ]


class CentralLedger:
    """The centre's ledger, read from its own database."""

    def __init__(self, data_dir: Path) -> None:
        self._place = Place(data_dir=data_dir)

    async def entries(self, node: str) -> list[Held]:
        """Return the entries of *node*.

        Raises:
            Broken: the database does not run.
        """
        dsn = await running(self._place)
        if dsn is None:
            raise Broken(f"no database runs at {self._place.data_dir}")
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            rows = await connection.fetch(_statements()["central_entries"], node)
        finally:
            await connection.close()
        return [
            Held(row["seq"], row["kind"], row["digest"].hex(), row["body"], row["signature"])
            for row in rows
        ]


def _statements() -> dict[str, str]:
    text = (files("simulators.demo") / "sql" / "audit.sql").read_text("utf-8")
    _, *parts = _HEADER.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("a body or a signature is bytes")
    return value
