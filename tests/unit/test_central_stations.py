from datetime import timedelta

import msgspec
import pytest

from central.application.stations import (
    LANE,
    MOST_SHARED_BYTES,
    OK,
    QUARANTINED,
    SILENT,
    Board,
    Stations,
    TakeState,
)
from central.application.views import NodeView, ProposalView
from central.domain.access import ALL, Scope
from station.contract.keyring import KeyRing, NodeKey
from station.contract.signature import Ed25519Signer
from station.contract.uplink import sign_state
from station.domain.errors import BadSignature, MalformedEntry, OtherNode
from tests.fakes import NOON, FakeClock
from tests.migration.central_kit import lane_state

KEY = bytes(range(32))
SECOND = timedelta(seconds=1)


def node(**changed):
    values = {
        "node": "linhe",
        "name": "临河",
        "road": "G6",
        "last_seq": 7,
        "last_entry_at": NOON,
        "quarantined_at": None,
    }
    return NodeView(**{**values, **changed})


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return Board(clock, ["linhe", "dashuncheng"])


def test_a_station_that_never_reported_is_silent_since_the_centre_started(board):
    view = board.view(node())

    assert (view.link, view.since, view.lane) == (SILENT, NOON, None)


@pytest.mark.parametrize(
    ("after", "silent"), [(timedelta(seconds=14.999), []), (15 * SECOND, ["linhe"])]
)
def test_a_station_is_silent_after_fifteen_seconds(board, clock, after, silent):
    board.note(lane_state())
    clock.move(after)

    assert board.fallen_silent() == silent
    assert board.view(node()).link == (SILENT if silent else OK)


def test_a_silent_station_shows_no_weight_and_is_told_once(board, clock):
    board.note(lane_state())
    clock.move(15 * SECOND)
    board.fallen_silent()

    view = board.view(node())
    assert (view.lane, view.since) == (None, clock.now())
    assert board.fallen_silent() == []


def test_a_link_is_up_since_its_first_report(board, clock):
    board.note(lane_state())
    clock.move(5 * SECOND)
    board.note(lane_state(clock.now()))

    assert board.view(node()).since == NOON


@pytest.mark.parametrize(
    ("at", "taken"), [(NOON - SECOND, False), (NOON, False), (NOON + SECOND, True)]
)
def test_a_state_that_is_not_newer_is_dropped(board, at, taken):
    board.note(lane_state(gross_kg=1))

    assert board.note(lane_state(at, gross_kg=2)) is taken
    assert board.view(node()).lane.gross_kg == (2 if taken else 1)


def test_a_station_whose_clock_was_set_back_is_heard_again_after_its_silence(board, clock):
    board.note(lane_state())
    clock.move(15 * SECOND)
    board.fallen_silent()

    assert board.note(lane_state(NOON - timedelta(hours=1)))
    assert board.view(node()).link == OK


def test_quarantine_is_shown_before_anything_else(board):
    board.note(lane_state())
    view = board.view(node(quarantined_at=NOON + SECOND))

    assert (view.link, view.since) == (QUARANTINED, NOON + SECOND)


@pytest.mark.parametrize(("hours", "shown"), [(23, True), (24, False)])
def test_a_proposal_is_shown_while_it_can_be_confirmed(board, clock, hours, shown):
    proposal = ProposalView(reason="x", proposed_by="HQ1", name="张三", proposed_at=NOON)
    clock.move(timedelta(hours=hours))

    view = board.view(node(quarantined_at=NOON, proposal=proposal))

    assert view.proposal == (proposal if shown else None)


class Told(list):
    def __call__(self, touched):
        self.extend(touched.nodes)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def shared():
    return []


@pytest.fixture
def take(board, told, shared):
    key = Ed25519Signer(KEY)
    known = KeyRing((NodeKey(key_id=key.key_id, public_key=key.public_key, from_seq=1),))

    async def ring_of(node):
        return known if node == "linhe" else None

    async def share(channel, what):
        shared.append((channel, what))

    return TakeState(ring_of=ring_of, board=board, announce=told, share=share)


async def test_a_signed_state_is_shown_and_told(take, board, told):
    await take(sign_state(lane_state(), Ed25519Signer(KEY)), "linhe")

    assert board.view(node()).lane.gross_kg == 61000
    assert told == ["linhe"]


async def test_a_replayed_state_is_not_told(take, told):
    data = sign_state(lane_state(), Ed25519Signer(KEY))
    await take(data, "linhe")
    await take(data, "linhe")

    assert told == ["linhe"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"{}", MalformedEntry),
        (sign_state(lane_state(), Ed25519Signer(KEY[::-1])), BadSignature),
        (sign_state(lane_state(node="unknown"), Ed25519Signer(KEY)), OtherNode),
        (
            sign_state(lane_state(at=NOON), Ed25519Signer(KEY)).replace(b'"sig":"', b'"sig":"*'),
            MalformedEntry,
        ),
        (
            sign_state(msgspec.structs.replace(lane_state(), at="noon"), Ed25519Signer(KEY)),
            MalformedEntry,
        ),
    ],
    ids=["no message", "another key", "another node", "no base64", "no time"],
)
async def test_a_state_that_is_not_the_nodes_is_refused(take, board, told, data, error):
    with pytest.raises(error):
        await take(data, "linhe")

    assert board.view(node()).lane is None
    assert told == []


async def test_other_processes_are_told_what_the_station_said(take, board, shared):
    await take(sign_state(lane_state(), Ed25519Signer(KEY)), "linhe")

    ((channel, said),) = shared
    other = Board(FakeClock(), ["linhe"])
    told = Told()
    there = TakeState(ring_of=None, board=other, announce=told, share=None)
    there.heard(said)
    there.heard(said)

    assert channel == LANE
    assert other.view(node()).lane == board.view(node()).lane
    assert told == ["linhe"]


async def test_a_replayed_state_is_not_passed_on(take, shared):
    for _ in range(2):
        await take(sign_state(lane_state(), Ed25519Signer(KEY)), "linhe")

    assert len(shared) == 1


async def test_what_another_process_says_of_a_station_unknown_here_is_nothing(take, told):
    take.heard(msgspec.json.encode(lane_state(node="elsewhere")).decode())

    assert told == []


@pytest.mark.parametrize(("longer", "taken"), [(0, True), (1, False)])
async def test_a_state_that_no_notification_could_carry_is_refused(take, shared, longer, taken):
    said = lane_state()
    room = MOST_SHARED_BYTES - len(msgspec.json.encode(said))
    device = msgspec.structs.replace(said.scale, detail="x" * (room + longer))
    data = sign_state(msgspec.structs.replace(said, scale=device), Ed25519Signer(KEY))
    if taken:
        await take(data, "linhe")
    else:
        with pytest.raises(MalformedEntry):
            await take(data, "linhe")

    assert len(shared) == (1 if taken else 0)


class MemoryReading:
    """The port, as far as the list of stations reads it."""

    async def nodes(self):
        return [node(), node(node="dashuncheng"), node(node="removed")]


@pytest.mark.parametrize(
    ("scope", "listed"),
    [
        (ALL, ["linhe", "dashuncheng"]),
        (Scope(frozenset({"dashuncheng", "removed"})), ["dashuncheng"]),
        (Scope(frozenset()), []),
    ],
    ids=["all", "one of them", "none"],
)
async def test_stations_are_listed_that_are_enrolled_and_may_be_seen(board, scope, listed):
    found = await Stations(reading=MemoryReading(), board=board).all(scope)

    assert [one.node.node for one in found] == listed
