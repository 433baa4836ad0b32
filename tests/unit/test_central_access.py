import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from central.application.news import Viewer
from central.application.ports import Account
from central.application.sign_in import Sessions, digest
from central.domain.access import ABSOLUTE, IDLE, SESSION, Scope
from station.admission.gate import MOST_TRIES_AT_ONCE, Gate
from station.domain import totp
from station.domain.access import FORGET_AFTER, LONGEST_WAIT_S, MOST_KNOWN, Codes, Throttle
from station.domain.errors import NotPermitted, NotSignedIn, SignInRefused
from station.domain.officers import Role
from tests.fakes import NO_CODES, NOON, FakeClock, officer

SECRET = bytes(20)
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

    async def codes(self, certificate_no):
        return Codes()

    async def put_account(self, account, *, replace):
        self.accounts[account.officer.certificate_no] = account
        return replace

    async def open_session(self, session):
        self.sessions[session.token_digest] = session

    async def session(self, token_digest):
        return self.sessions.get(token_digest)

    async def sessions_of(self, token_digests):
        return [self.sessions[one] for one in token_digests if one in self.sessions]

    async def touch(self, token_digest, at):
        self.sessions[token_digest] = replace(self.sessions[token_digest], seen_at=at)

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
        self.sessions = Sessions(
            self.accounts, PlainPasswords(), self.clock, self.pause, demanded=NO_CODES
        )

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
    assert SESSION.has_ended(began_at=NOON - IDLE, seen_at=NOON - seen, now=NOON) is ended


@pytest.mark.parametrize(("began", "ended"), [(ABSOLUTE - MOMENT, False), (ABSOLUTE, True)])
def test_a_session_ends_after_twelve_hours_however_busy(began, ended):
    assert SESSION.has_ended(began_at=NOON - began, seen_at=NOON, now=NOON) is ended


async def test_use_keeps_a_session_alive_and_looking_does_not(world):
    token, _ = await world.sessions.sign_in("H1", "执法员H1")
    world.clock.move(IDLE - MOMENT)
    session = await world.sessions.used(token)
    viewer = Viewer(session.token_digest, session.scope)
    world.clock.move(IDLE - MOMENT)
    assert await world.sessions.lasting({viewer}) == {viewer}
    world.clock.move(MOMENT)

    assert await world.sessions.lasting({viewer}) == set()
    with pytest.raises(NotSignedIn):
        await world.sessions.used(token)


async def viewer_of(world, number="H1"):
    token, _ = await world.sessions.sign_in(number, f"执法员{number}")
    session = await world.sessions.used(token)
    return token, Viewer(session.token_digest, session.scope)


async def test_of_many_viewers_those_remain_whose_session_does(world):
    token, gone = await viewer_of(world)
    _, stays = await viewer_of(world)
    await world.sessions.sign_out(token)

    assert await world.sessions.lasting({gone, stays}) == {stays}
    assert await world.sessions.lasting(set()) == set()


async def test_who_watches_stays_only_until_his_certificate_ends(world):
    world.clock.at = NOON.replace(hour=15, minute=59)  # 23:59 in Beijing, on the last day
    _, viewer = await viewer_of(world)
    assert await world.sessions.lasting({viewer}) == {viewer}

    world.clock.move(timedelta(minutes=1))

    assert await world.sessions.lasting({viewer}) == set()


async def test_who_may_see_less_than_when_he_came_must_come_again(world):
    _, viewer = await viewer_of(world)
    kept = world.accounts.sessions[viewer.session]
    less = Scope(frozenset({"linhe"}))
    world.accounts.sessions[viewer.session] = replace(kept, scope=less)

    assert await world.sessions.lasting({viewer}) == set()


async def test_a_role_that_may_not_watch_does_not_stay(world):
    _, viewer = await viewer_of(world)
    kept = world.accounts.sessions[viewer.session]
    moved = replace(kept, officer=replace(kept.officer, role=Role.TRANSPORT))
    world.accounts.sessions[viewer.session] = moved

    assert await world.sessions.lasting({viewer}) == set()


@pytest.mark.parametrize(
    ("nodes", "covers", "narrowed"),
    [
        (None, True, {"linhe"}),
        ({"linhe", "hailiutu"}, True, {"linhe"}),
        ({"hailiutu"}, False, set()),
        (set(), False, set()),
    ],
    ids=["all", "two", "another", "none"],
)
def test_a_scope_covers_its_stations_and_no_other(nodes, covers, narrowed):
    scope = Scope(None if nodes is None else frozenset(nodes))

    assert scope.covers("linhe") is covers
    assert scope.covers("") is (nodes is None)
    assert scope.narrowed("linhe") == Scope(frozenset(narrowed))
    if covers:
        scope.require("linhe")
    else:
        with pytest.raises(NotPermitted):
            scope.require("linhe")


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
        await world.sessions.used(token)


async def test_unknown_officer_and_wrong_password_are_refused_alike(world):
    for number in ("H1", "nobody"):
        with pytest.raises(SignInRefused) as refused:
            await world.sessions.sign_in(number, "wrong")
        assert refused.value.fields == {}
        assert refused.value.detail == ""


async def test_a_certificate_is_valid_on_its_last_day_and_not_on_the_next(world):
    await world.sessions.sign_in("H1", "执法员H1")
    with pytest.raises(SignInRefused):
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
    world.sessions._gate._pause = nested
    with pytest.raises(SignInRefused):
        await world.sessions.sign_in("H1", "wrong")

    assert len(seen) == MOST_TRIES_AT_ONCE


class CodedAccounts(MemoryAccounts):
    """One account with a secret: all have seen its codes before one counts, the right one last."""

    def __init__(self, everybody):
        super().__init__(officer("H1", Role.HQ, date(2026, 3, 1)))
        self.accounts["H1"] = replace(self.accounts["H1"], secret=SECRET)
        self.known, self.everybody = Codes(), asyncio.Barrier(everybody)

    async def codes(self, certificate_no):
        known = self.known
        await self.everybody.wait()
        return known

    async def wrong_code(self, certificate_no):
        self.known = replace(self.known, wrong=self.known.wrong + 1)

    async def take_step(self, certificate_no, step):
        for _ in range(3):
            await asyncio.sleep(0)
        if self.known.locked:
            return False
        self.known = Codes(last_step=step)
        return True


@pytest.mark.parametrize(("wrong", "comes_in"), [(9, True), (10, False), (40, False)])
async def test_of_codes_that_are_tried_at_once_no_more_than_ten_wrong_ones_go_before(
    wrong, comes_in
):
    """From as many addresses, each looked at while none was counted yet."""
    clock = FakeClock()
    gate = Gate(CodedAccounts(wrong + 1), PlainPasswords(), clock, asyncio.sleep)
    codes = ["12345x"] * wrong + [totp.code(SECRET, totp.step_at(clock.now()))]
    tries = (
        gate.enter("H1", "执法员H1", code, peer=str(number)) for number, code in enumerate(codes)
    )
    *refused, last = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(one) for one in refused} == {SignInRefused}
    assert isinstance(last, SignInRefused) is not comes_in


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
    for number in range(MOST_KNOWN):
        throttle.refused(f"other{number}", NOON)

    assert throttle.wait_s("first", NOON) == 0
