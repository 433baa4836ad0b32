"""The delivery benchmark is honest: real programs, everything is held in the end, one JSON line."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks import audit, commit, delivery, fanout, ingest
from benchmarks.__main__ import app
from benchmarks.ingest_lines import Load


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(ingest, "IN_A_REQUEST", 3)
    monkeypatch.setattr(ingest, "REQUESTS", 2)
    monkeypatch.setattr(ingest, "ROUNDS", 1)
    monkeypatch.setattr(commit, "ROUNDS", 2)
    monkeypatch.setattr(audit, "OF_A_STATION", 3)
    monkeypatch.setattr(audit, "ROUNDS", 1)
    monkeypatch.setattr(fanout, "SIZES", (3,))
    monkeypatch.setattr(fanout, "ROUNDS", 1)
    monkeypatch.setattr(fanout, "DELIVERIES", 120)
    monkeypatch.setattr(fanout, "RATE", 300)
    monkeypatch.setattr(fanout, "PACED_ROUNDS", 1)
    monkeypatch.setattr(fanout, "PACED_S", 0.1)


def test_the_json_has_the_promised_keys_and_nothing_else_is_printed(short):
    done = CliRunner().invoke(app, ["delivery", "--json"], catch_exceptions=False)

    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert set(found) == {"ratios", "rows"}
    assert set(found["ratios"]) == set(delivery.RATIOS)
    assert set(delivery.RATIOS) >= {
        "ingest_vs_peer",
        "ingest_vs_copy",
        "fanout_vs_c",
        "fanout_p99_vs_c",
        "commit_vs_bare",
        "audit_vs_hashlib",
    }
    assert all(value > 0 for value in found["ratios"].values())
    engines = {one["engine"] for one in found["rows"]}
    assert engines >= {ingest.OURS, ingest.FOLLOWED, ingest.RECORDS, ingest.COPY, commit.BARE}


class Database:
    """What a contender's database answers."""

    def __init__(self, load):
        self.entries = [
            (node.node, entry.body)
            for node, batches in zip(load.stations, load.batches(0), strict=True)
            for batch in batches
            for entry in batch
        ]


def test_an_entry_that_is_not_held_or_is_another_is_found():
    load = Load(requests=1, in_a_request=2)
    held = Database(load).entries
    node, body = held[-1]

    assert not ingest.spoilt(load, held)
    assert ingest.spoilt(load, held[:-1])
    assert ingest.spoilt(load, [*held[:-1], (node, body + b" ")])


def test_stations_seal_the_same_passages_each_time():
    assert Load(1, 2).batches(0) == Load(1, 2).batches(0)
