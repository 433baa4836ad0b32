"""The committed description of the console's interface is the one that it has."""

import json
from pathlib import Path

from station.api.app import description

COMMITTED = Path(__file__).parents[2] / "docs/reference/station-api.openapi.json"


def test_the_committed_description_is_current():
    assert json.loads(COMMITTED.read_text("utf-8")) == description()


def test_live_messages_and_refusals_are_described():
    schemas = description()["components"]["schemas"]
    assert {"LiveOut", "ErrorOut", "LaneOut", "AlarmOut"} <= set(schemas)
