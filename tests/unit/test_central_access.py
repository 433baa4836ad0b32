from datetime import date, timedelta

import pytest

from central.application.ports import Account, Session
from central.application.sign_in import MOST_TRIES_AT_ONCE, Sessions, digest
from central.domain.access import (
    ABSOLUTE,
    FORGET_AFTER,
    IDLE,
    LONGEST_WAIT_S,
    MOST_ACCOUNTS,
    Throttle,
    has_ended,
)
from station.domain.errors import NotPermitted, NotSignedIn, SignInRefused
from station.domain.officers import Role
from tests.fakes import NOON, FakeClock, officer

MOMENT = timedelta(microseconds=1)


class MemoryAccounts:
    """Implements the port in memory."""

    def __init__(self, *officers):
        self.accounts = {
            one.certificate_no: Account(officer=one, password_hash=f"hash of {one.name}")
            for one in officers
        }
        self.sessions = {}

    async def account(self, certificate_no):
        return self.accounts.get(certificate_no)

    async def put_account(self, account, *, replace):
        self.accounts[account.officer.certificate_no] = account
        return replace

    async def open_session(self, session):
        self.sessions[session.token_digest] = session

    async def session(self, token_digest):
        return self.sessions.get(token_digest)

    async def touch(self, token_digest, at):
        kept = self.sessions[token_digest]
        self.sessions[token_digest] = Session(
            token_digest=token_digest, officer=kept.officer, began_at=kept.began_at, seen_at=at
        )

    async def close_session(self, token_digest):
        self.sessions.pop(token_digest, None)


class PlainPasswords:
    async def verify(self, password, password_hash):
        return password_hash == f"hash of {password}"


class World:
    def __init__(self):
        self.clock = FakeClock()
        self.waited = []
        self.accounts = MemoryAccounts(
            officer("H1", Role.HQ, date(2026, 3, 1)), officer("OLD", Role.HQ, date(2026, 2, 28))
        )
        self.sessions = Sessions(self.accounts, PlainPasswords(), self.clock, self.pause)

    async def pause(self, seconds):
        self.waited.append(seconds)

    async def fail(self, times, number="H1"):
        for _ in range(times):
            with pytest.raises(SignInRefused):
                await self.sessions.sign_in(number, "wrong")


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize(
    ("seen", "ended"), [(IDLE - MOMENT, False), (IDLE, True), (IDLE + MOMENT, True)]
)
def test_a_session_ends_when_it_was_idle_for_thirty_minutes(seen, ended):
    assert has_ended(began_at=NOON - IDLE, seen_at=NOON - seen, now=NOON) is ended


@pytest.mark.parametrize(("began", "ended"), [(ABSOLUTE - MOMENT, False), (ABSOLUTE, True)])
def test_a_session_ends_after_twelve_hours_however_busy(began, ended):
    assert has_ended(began_at=NOON - began, seen_at=NOON, now=NOON) is ended


async def test_use_keeps_a_session_alive_and_looking_does_not(world):
    token, _ = await world.sessions.sign_in("H1", "执法员H1")
    world.clock.move(IDLE - MOMENT)
    await world.sessions.officer(token)
    world.clock.move(IDLE - MOMENT)
    assert await world.sessions.lasts(token)
    world.clock.move(MOMENT)

    assert not await world.sessions.lasts(token)
    with pytest.raises(NotSignedIn):
        await world.sessions.officer(token)


async def test_only_the_tokens_digest_is_kept(world):
    token, signed_in = await world.sessions.sign_in("H1", "执法员H1")

    assert signed_in.certificate_no == "H1"
    assert list(world.accounts.sessions) == [digest(token)]
    assert token not in repr(world.accounts.sessions)


async def test_after_signing_out_the_token_is_worth_nothing(world):
    token, _ = await world.sessions.sign_in("H1", "执法员H1")
    await world.sessions.sign_out(token)
    await world.sessions.sign_out(token)

    with pytest.raises(NotSignedIn):
        await world.sessions.officer(token)


async def test_unknown_officer_and_wrong_password_are_refused_alike(world):
    for number in ("H1", "nobody"):
        with pytest.raises(SignInRefused) as refused:
            await world.sessions.sign_in(number, "wrong")
        assert refused.value.fields == {}
        assert refused.value.detail == ""


async def test_a_certificate_is_valid_on_its_last_day_and_not_on_the_next(world):
    await world.sessions.sign_in("H1", "执法员H1")
    with pytest.raises(NotPermitted):
        await world.sessions.sign_in("OLD", "执法员OLD")


async def test_refused_tries_slow_down_and_never_lock_out(world):
    await world.fail(3)
    assert world.waited == []
    await world.fail(6)
    assert world.waited == [1, 2, 4, 8, 8, 8]

    await world.sessions.sign_in("H1", "执法员H1")
    assert world.waited[-1] == LONGEST_WAIT_S
    await world.fail(3)
    assert len(world.waited) == 7


async def test_one_accounts_refusals_do_not_slow_another(world):
    await world.fail(5)
    await world.fail(1, "H2")

    assert world.waited == [1, 2]


async def test_more_tries_at_once_than_can_be_held_up_are_refused(world):
    seen = []

    async def nested(seconds):
        seen.append(seconds)
        with pytest.raises(SignInRefused):
            await world.sessions.sign_in("H1", "wrong")

    await world.fail(3)
    world.sessions._pause = nested
    with pytest.raises(SignInRefused):
        await world.sessions.sign_in("H1", "wrong")

    assert len(seen) == MOST_TRIES_AT_ONCE


def test_refusals_are_forgotten_after_a_quarter_of_an_hour():
    throttle = Throttle()
    for _ in range(4):
        throttle.refused("H1", NOON)

    assert throttle.wait_s("H1", NOON + FORGET_AFTER - MOMENT) == 2
    assert throttle.wait_s("H1", NOON + FORGET_AFTER) == 0


def test_the_memory_of_refusals_is_bounded():
    throttle = Throttle()
    for _ in range(3):
        throttle.refused("first", NOON)
    for number in range(MOST_ACCOUNTS):
        throttle.refused(f"other{number}", NOON)

    assert throttle.wait_s("first", NOON) == 0
