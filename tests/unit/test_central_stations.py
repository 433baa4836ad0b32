from datetime import timedelta

import msgspec
import pytest

from central.application.announce import Announcer
from central.application.project import Touched
from central.application.stations import (
    OK,
    QUARANTINED,
    SILENT,
    Board,
    Stations,
    StationView,
    TakeState,
)
from central.application.views import AlarmView, NodeView
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


class Told(list):
    def __call__(self, touched):
        self.extend(touched.nodes)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def take(board, told):
    key = Ed25519Signer(KEY)
    known = KeyRing((NodeKey(key_id=key.key_id, public_key=key.public_key, from_seq=1),))

    async def ring_of(node):
        return known if node == "linhe" else None

    return TakeState(ring_of=ring_of, board=board, announce=told)


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


class MemoryReading:
    """The port, as far as the announcer reads it."""

    def __init__(self):
        self.asked = []

    async def nodes(self):
        return [node(), node(node="dashuncheng"), node(node="removed")]

    async def alarms_of(self, ids):
        self.asked.append(list(ids))
        return [AlarmView(alarm_id=one, node="linhe", code="ok", detail="", at=NOON) for one in ids]


async def test_a_station_that_is_no_longer_enrolled_is_not_listed(board):
    listed = await Stations(reading=MemoryReading(), board=board).all()

    assert [one.node.node for one in listed] == ["linhe", "dashuncheng"]


async def test_what_was_touched_is_told_alarms_first_then_its_stations(board):
    told = []
    announcer = Announcer(MemoryReading(), board, told.append, lambda: True)

    await announcer.tell(Touched(nodes={"linhe": None}, alarms={3: None, 5: None}))

    assert [type(one) for one in told] == [AlarmView, AlarmView, StationView]
    assert told[2].node.node == "linhe"


async def test_what_nobody_watches_is_not_read(board):
    reading = MemoryReading()
    announcer = Announcer(reading, board, [].append, lambda: False)

    announcer.note(Touched(alarms={1: None}))

    assert announcer._touched.alarms == {}
