"""The peers of the ingest benchmark: FastAPI, pydantic and asyncpg as their manuals show them.

They believe what they are sent: no chain, no signature, no receipt. One commit a request.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from pydantic import BaseModel

RECORDS: Final = "FastAPI, pydantic, executemany"
TEXT: Final = "FastAPI, pydantic, executemany: sealed text"


class Weighing(BaseModel):
    """See :class:`station.contract.station_entries.Weighing`."""

    scale_id: str
    protocol: str
    gross_kg: int
    frames: list[str]
    spread_kg: int
    settled_ms: int
    arrived_at: datetime
    settled_at: datetime
    certificate_no: str
    certificate_until: date
    evidence: bool


class Plate(BaseModel):
    """See :class:`station.contract.station_entries.PlateEvidence`."""

    text: str | None
    colour: str
    origin: str
    best_guess: str
    confidence_permille: int
    crop: str


class Picture(BaseModel):
    """See :class:`station.contract.station_entries.Picture`."""

    sha256: str
    role: str
    media_type: str
    size: int
    taken_at: datetime


class Passage(BaseModel):
    """See :class:`station.contract.station_entries.Passage`."""

    passage_id: UUID
    lane: str
    occurred_on: date
    mode: str
    weighing: Weighing
    tractor: Plate
    trailer: Plate | None
    pictures: list[Picture]
    vehicle: dict[str, Any] | None
    vehicle_origin: str
    verdict: dict[str, Any]
    explanation: str
    recheck_of: str | None


class Record(BaseModel):
    """The same record as a sealed entry holds, without what seals it."""

    node: str
    seq: int
    boot_id: str
    wall_utc: datetime
    mono_ns: int
    legal_id: str
    law_edition: str
    payload: Passage


class Records(BaseModel):
    """One request."""

    records: list[Record]


class Main(BaseModel):
    """The fields that headquarters' lists show. ``body`` and ``sig``: the sealed entry."""

    node: str
    seq: int
    passage_id: UUID
    lane: str
    at: datetime
    occurred_on: date
    plate: str | None
    plate_colour: str
    trailer_plate: str | None
    gross_kg: int
    configuration: str | None
    limit_kg: int | None
    excess_kg: int | None
    outcome: str
    body: str
    sig: str


class Mains(BaseModel):
    """One request."""

    records: list[Main]


class Stored(BaseModel):
    """The answer."""

    accepted: int


RECORD_TABLE: Final = """
CREATE TABLE IF NOT EXISTS record (
    node text, seq bigint, boot_id text, wall_utc timestamptz, mono_ns bigint, legal_id text,
    law_edition text, passage_id uuid, lane text, occurred_on date, mode text, scale_id text,
    protocol text, gross_kg integer, frames text[], spread_kg integer, settled_ms integer,
    arrived_at timestamptz, settled_at timestamptz, certificate_no text, certificate_until date,
    evidence boolean, tractor jsonb, trailer jsonb, pictures jsonb, vehicle jsonb,
    vehicle_origin text, verdict jsonb, explanation text, recheck_of text,
    PRIMARY KEY (node, seq)
)"""
MAIN_TABLE: Final = """
CREATE TABLE IF NOT EXISTS record (
    node text, seq bigint, passage_id uuid, lane text, at timestamptz, occurred_on date,
    plate text, plate_colour text, trailer_plate text, gross_kg integer, configuration text,
    limit_kg integer, excess_kg integer, outcome text, body text, sig text,
    PRIMARY KEY (node, seq)
)"""


def record_row(record: Record) -> tuple[object, ...]:
    """Return the columns of a record."""
    passage, weighing = record.payload, record.payload.weighing
    return (
        record.node,
        record.seq,
        record.boot_id,
        record.wall_utc,
        record.mono_ns,
        record.legal_id,
        record.law_edition,
        passage.passage_id,
        passage.lane,
        passage.occurred_on,
        passage.mode,
        weighing.scale_id,
        weighing.protocol,
        weighing.gross_kg,
        weighing.frames,
        weighing.spread_kg,
        weighing.settled_ms,
        weighing.arrived_at,
        weighing.settled_at,
        weighing.certificate_no,
        weighing.certificate_until,
        weighing.evidence,
        passage.tractor.model_dump_json(),
        passage.trailer.model_dump_json() if passage.trailer else None,
        json.dumps([picture.model_dump(mode="json") for picture in passage.pictures]),
        json.dumps(passage.vehicle) if passage.vehicle else None,
        passage.vehicle_origin,
        json.dumps(passage.verdict),
        passage.explanation,
        passage.recheck_of,
    )


def main_row(record: Main) -> tuple[object, ...]:
    """Return the columns of the main fields."""
    return tuple(record.model_dump().values())


def _insert(columns: int) -> str:
    places = ", ".join(f"${place}" for place in range(1, columns + 1))
    return f"INSERT INTO record VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608


class _Table:
    """One table and who writes it."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], columns: int) -> None:
        self._pool = pool
        self._insert = _insert(columns)

    async def write(self, rows: Sequence[tuple[object, ...]]) -> Stored:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.executemany(self._insert, rows)
        return Stored(accepted=len(rows))


@asynccontextmanager
async def whole(dsn: str) -> AsyncIterator[FastAPI]:
    """Serve a table of whole records: a typed column for a value, jsonb for a part."""
    async with asyncpg.create_pool(dsn) as pool:
        await pool.execute(RECORD_TABLE)
        app, table = FastAPI(), _Table(pool, 30)

        @app.post("/api/ingest")
        async def ingest(batch: Records) -> Stored:
            return await table.write([record_row(record) for record in batch.records])

        yield app


@asynccontextmanager
async def main(dsn: str) -> AsyncIterator[FastAPI]:
    """Serve a table of main fields."""
    async with asyncpg.create_pool(dsn) as pool:
        await pool.execute(MAIN_TABLE)
        app, table = FastAPI(), _Table(pool, 16)

        @app.post("/api/ingest")
        async def ingest(batch: Mains) -> Stored:
            return await table.write([main_row(record) for record in batch.records])

        yield app


PEERS: Final[dict[str, Callable[[str], AbstractAsyncContextManager[FastAPI]]]] = {
    RECORDS: whole,
    TEXT: main,
}
