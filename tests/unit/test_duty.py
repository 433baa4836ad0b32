"""Who is signed in, when the clock of the station was wrong."""

from datetime import timedelta

import pytest

from station.application.duty import ABSOLUTE, IDLE, Duty
from station.application.ports import Account
from station.domain.access import Codes
from station.domain.errors import NotSignedIn, SignInRefused
from station.domain.officers import Role
from tests.fakes import NO_CODES, FakeClock, officer


class FakeAccounts:
    """One account, and sessions in memory."""

    def __init__(self):
        self.held = {}

    async def account(self, certificate_no):
        return Account(officer=officer(certificate_no, Role.ROAD), password_hash="right")

    async def open_session(self, session):
        self.held[session.token_digest] = session

    async def session(self, token_digest):
        return self.held.get(token_digest)

    async def touch(self, token_digest, at):
        pass

    async def codes(self, certificate_no):
        return Codes()


class FakePasswords:
    """Right when it is the hash."""

    async def verify(self, password, password_hash):
        return password == password_hash


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def waited():
    return []


@pytest.fixture
def duty(clock, waited):
    async def pause(seconds):
        waited.append(seconds)

    return Duty(FakeAccounts(), FakePasswords(), clock, pause, demanded=NO_CODES)


@pytest.mark.parametrize("limit", [IDLE, ABSOLUTE])
@pytest.mark.parametrize("way", [1, -1])
async def test_a_session_ends_whichever_way_the_clock_goes(duty, clock, limit, way):
    token, _ = await duty.sign_in("R1", "right")
    clock.at += way * (IDLE - timedelta(seconds=1))
    assert await duty.is_alive(token)
    clock.at += way * limit
    assert not await duty.is_alive(token)
    with pytest.raises(NotSignedIn):
        await duty.officer(token)


async def test_refusals_noted_while_the_clock_was_ahead_hold_nobody_up(duty, clock, waited):
    for _ in range(3):
        with pytest.raises(SignInRefused):
            await duty.sign_in("R1", "wrong")
    clock.at -= timedelta(hours=1)
    await duty.sign_in("R1", "right")
    assert waited == []


async def test_whoever_tries_from_elsewhere_holds_the_officer_not_up(duty, waited):
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await duty.sign_in("R1", "wrong", peer="10.0.0.66")
    assert waited == [1, 2]
    await duty.sign_in("R1", "right", peer="10.0.0.1")
    assert waited == [1, 2]
