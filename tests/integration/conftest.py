"""A station's console with its officers, and a centre that tells it things."""

import pytest

from station.application.ports import Account
from tests.fakes import FakeCentre
from tests.integration.test_station_console import HASHED, PEOPLE, Console


@pytest.fixture
async def console(tmp_path):
    made = Console(tmp_path)
    for person in PEOPLE:
        await made.accounts.put_account(Account(officer=person, password_hash=HASHED))
    yield made
    made.close()


@pytest.fixture
def tell(console):
    """Let the centre write an entry, and the station pull it; return the entry's place."""
    centre = FakeCentre()

    async def tell(kind, payload, *openings):
        entry = centre.publish(kind, payload)
        await console.centre.append([entry], {entry.seq: openings})
        return entry.seq

    return tell
