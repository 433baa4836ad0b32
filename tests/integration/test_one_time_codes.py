"""Signing in with a one-time code (动态口令), at a station and at headquarters alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from central.application.ports import Account as CentralAccount
from station.domain.access import EVERY_ROLE, MOST_WRONG_CODES, Account
from station.domain.officers import Role
from station.domain.totp import STEP_S, code, step_at
from tests.central_site import LAST_DAY, Site
from tests.fakes import officer
from tests.integration.test_station_console import HASHED, PASSWORD, Console

pytest_plugins = ["tests.migration.central_database"]

SECRET = b"12345678901234567890"
STEP = timedelta(seconds=STEP_S)


class Door:
    """One of the two, as whoever signs in sees it."""

    def __init__(self, site):
        self.site = site
        self.clock = site.clock

    def code(self, later=timedelta()):
        return code(SECRET, step_at(self.clock.now() + later))

    async def try_with(self, given, password=PASSWORD, number="A1"):
        asked = {"certificate_no": number, "password": password, "code": given}
        async with self.site.client() as client:
            answer = await client.post("/api/session", json=asked)
        assert answer.status_code in (200, 401)
        if answer.status_code == 401:
            assert answer.json()["code"] == "access.sign_in_refused"
            assert answer.json()["fields"] == {}
        return answer.status_code == 200


async def _not_at_all(_seconds):
    pass


@pytest.fixture
async def at_station(tmp_path):
    console = Console(tmp_path, totp_roles=EVERY_ROLE)
    account = Account(officer=officer("A1", Role.ROAD), password_hash=HASHED, secret=SECRET)
    await console.accounts.put_account(account)
    without = Account(officer=officer("A2", Role.ROAD), password_hash=HASHED)
    await console.accounts.put_account(without)
    yield Door(console)
    console.close()


@pytest.fixture
async def at_centre(database, tmp_path):
    site = await Site(database, tmp_path, totp_roles=EVERY_ROLE).begin()
    site.centre.watching.sessions._gate._pause = _not_at_all
    person = officer("A1", Role.HQ, LAST_DAY)
    account = CentralAccount(officer=person, password_hash=HASHED, secret=SECRET)
    await site.accounts.put_account(account, replace=False)
    without = replace(account, officer=officer("A2", Role.HQ, LAST_DAY), secret=None)
    await site.accounts.put_account(without, replace=False)
    return Door(site)


@pytest.fixture(params=["at_station", "at_centre"])
def door(request):
    return request.getfixturevalue(request.param)


async def test_password_and_code_let_in_and_each_alone_does_not(door):
    assert not await door.try_with("")
    assert not await door.try_with(door.code(), password="wrong horse battery")
    assert await door.try_with(f" {door.code()} ")


async def test_a_code_is_taken_once(door):
    used = door.code()
    assert await door.try_with(used)
    assert not await door.try_with(used)
    door.clock.move(STEP)
    assert not await door.try_with(used)
    assert await door.try_with(door.code())


async def test_after_a_code_no_earlier_one_is_taken(door):
    assert await door.try_with(door.code(STEP))
    assert not await door.try_with(door.code())


async def test_a_code_taken_while_the_clock_was_ahead_keeps_nobody_out(door):
    door.clock.move(timedelta(hours=2))
    assert await door.try_with(door.code())
    door.clock.move(-timedelta(hours=2))
    assert await door.try_with(door.code())


async def test_who_has_no_secret_does_not_come_in_by_password_alone(door):
    assert not await door.try_with("", number="A2")
    assert not await door.try_with(door.code(), number="A2")


async def test_wrong_codes_after_the_right_password_lock_and_wrong_passwords_never(door):
    for _ in range(MOST_WRONG_CODES + 5):
        assert not await door.try_with("000000", password="wrong horse battery")
    for _ in range(MOST_WRONG_CODES - 1):
        assert not await door.try_with("12345x")
    assert await door.try_with(door.code())  # which forgets the wrong ones

    door.clock.move(2 * STEP)
    for _ in range(MOST_WRONG_CODES):
        assert not await door.try_with("12345x")
    assert not await door.try_with(door.code())
    door.clock.move(timedelta(days=0, hours=1))
    assert not await door.try_with(door.code())


async def test_a_right_code_among_wrong_ones_at_the_same_moment_does_not_unlock(door):
    """It was looked at before the tenth wrong one was counted, and is taken after."""
    accounts, step = door.site.accounts, step_at(door.clock.now())
    for _ in range(MOST_WRONG_CODES - 1):
        await accounts.wrong_code("A1")
    assert await accounts.take_step("A1", step)
    for _ in range(MOST_WRONG_CODES):
        await accounts.wrong_code("A1")
    assert not await accounts.take_step("A1", step + 1)
    assert not await door.try_with(door.code(STEP))


async def test_another_secret_unlocks(door):
    for _ in range(MOST_WRONG_CODES):
        await door.try_with("12345x")
    account = await door.site.accounts.account("A1")
    await (
        door.site.accounts.put_account(account)
        if isinstance(door.site, Console)
        else door.site.accounts.put_account(account, replace=True)
    )
    assert await door.try_with(door.code())
