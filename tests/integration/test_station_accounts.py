"""Officers' accounts at a station, as its store keeps them."""

from dataclasses import replace

import msgspec
import pytest

from station.application.ports import Account
from station.domain.officers import Officer, Role
from station.store.accounts import SqliteAccounts
from station.store.database import Database
from station.store.sealed import Sealed
from tests.fakes import officer


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "station.sqlite")
    yield made
    made.close()


async def test_an_officer_keeps_his_crew(database):
    accounts = SqliteAccounts(database)
    person = replace(officer("R1", Role.ROAD), crew="甲班")
    await accounts.put_account(Account(officer=person, password_hash="hash"))
    assert (await accounts.account("R1")).officer == person


def test_an_account_from_before_there_were_crews_is_of_none():
    tree = msgspec.to_builtins(Account(officer=officer("R1", Role.ROAD), password_hash="hash"))
    del tree["officer"]["crew"]
    read = Sealed(Account, "account").decode(Sealed(dict, "account").encode(tree))
    assert isinstance(read.officer, Officer)
    assert read.officer.crew is None


async def test_nobody_else_on_the_machine_reads_the_secrets(tmp_path):
    path = tmp_path / "old.sqlite"
    path.touch()
    path.chmod(0o644)
    opened = Database(path)
    await SqliteAccounts(opened).put_account(
        Account(officer=officer("R1", Role.ROAD), password_hash="hash", secret=bytes(20))
    )
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("old.sqlite*")}
    opened.close()
    assert modes == dict.fromkeys(modes, 0o600)
    assert "old.sqlite-wal" in modes
