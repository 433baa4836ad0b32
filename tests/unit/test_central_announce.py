"""The announcer: each row once in a tick, never out of its turn, and never faster than it pays."""

import asyncio
import json
from dataclasses import replace

import pytest

from central.api import schemas
from central.api.shaping import alarm_out, case_out, news_json, passage_out, station_out
from central.application import announce
from central.application.announce import (
    CREDIT_S,
    LONGEST_PAUSE_S,
    MOST_ROWS,
    SHARE,
    Announcer,
    Greeting,
    Pace,
)
from central.application.news import Item, reload_text, tick_text
from central.application.rebuild import REBUILT
from central.application.stations import Board, Stations
from central.application.views import AlarmView, CaseView, NodeView, PassageView
from central.domain.access import ALL, Scope
from station.domain.errors import StoreFailed
from tests.fakes import NOON, FakeClock
from tests.migration.central_kit import lane_state

LINHE = Scope(frozenset({"linhe"}))
PASSAGE = PassageView(
    node="linhe",
    passage_id="p1",
    receipt="linhe-1-0123456789",
    lane="1",
    at=NOON,
    occurred_on=NOON.date(),
    plate="蒙L12345",
    plate_colour="yellow",
    trailer_plate=None,
    gross_kg=61000,
    configuration="TR-06-A",
    limit_kg=49000,
    excess_kg=12000,
    outcome="violation",
    reviewed=False,
    recheck_of=None,
    case_no=None,
    touched=1,
)
CASE = CaseView(
    node="hailiutu",
    case_no="C1",
    plate="蒙L12345",
    opened_at=NOON,
    gross_kg=61000,
    limit_kg=49000,
    excess_kg=12000,
    removal="measured",
    penalty="open",
    custody="held",
    released_at=None,
    fine_fen=None,
    points=None,
    closed=False,
    touched=2,
)
ALARM = AlarmView(alarm_id=1, node="linhe", seq=None, code="station.silent", detail="", at=NOON)
TOUCHED = {1: PASSAGE, 2: CASE, 3: ALARM}


def node(name):
    return NodeView(
        node=name, name=name, road="G6", last_seq=1, last_entry_at=NOON, quarantined_at=None
    )


class MemoryReading:
    """The port, as far as it is read here; a row for each turn of TOUCHED."""

    def __init__(self):
        self.now = 0
        self.fails = False
        self.asked = []
        self.early = [replace(PASSAGE, passage_id="early", touched=0, ahead=True)]

    async def turn(self):
        return self.now

    async def nodes(self):
        return [node("hailiutu"), node("linhe")]

    async def ahead(self, scope, limit, first_seq=0):
        self.asked.append(("ahead", scope, limit, first_seq))
        return self.early

    async def touched(self, scope, after, upto, most):
        if self.fails:
            raise StoreFailed("away")
        self.asked.append(("touched", scope, after, upto))
        turns = range(after + 1, upto + 1)
        if len(turns) > most:
            return None
        return [TOUCHED[turn] for turn in turns if scope.covers(TOUCHED[turn].node)]


class Outlet:
    """Watchers who remember."""

    def __init__(self, watched=True):
        self.token = 0
        self.watched = watched
        self.told = []

    def tick(self, token, items):
        self.told.append((token, [name_of(item) for item in items]))
        self.token = token

    def reload(self, token):
        self.told.append((token, "reload"))
        self.token = token


def name_of(item: Item):
    news = json.loads(item.body)
    assert news["data"]["node"] == item.node
    return news["kind"], news["data"].get("passage_id", item.node)


class World:
    def __init__(self, watched=True):
        self.clock = FakeClock()
        self.reading = MemoryReading()
        self.board = Board(self.clock, ["linhe", "hailiutu"])
        self.outlet = Outlet(watched)
        self.announcer = Announcer(
            self.reading, self.board, self.outlet, news_json, clock=self.clock
        )

    async def tell(self, turn=None):
        if turn is not None:
            self.reading.now = turn
        await self.announcer.tell()
        told, self.outlet.told = self.outlet.told, []
        return told


@pytest.fixture
async def world():
    made = World()
    assert await made.tell(0) == [(0, "reload"), (0, [])]
    return made


async def test_rows_are_told_in_order_of_their_turns_each_once_then_their_stations(world):
    assert await world.tell(1) == [(1, [("passage", "p1"), ("station", "linhe")])]
    ((_, told),) = await world.tell(3)

    assert told == [
        ("case", "hailiutu"),
        ("alarm", "linhe"),
        ("station", "hailiutu"),
        ("station", "linhe"),
    ]
    assert await world.tell() == [(3, [])]


async def test_before_the_first_look_nobody_knows_what_was_told():
    assert await World().tell(2) == [(2, "reload"), (2, [])]


async def test_what_nobody_watches_is_not_read():
    world = World(watched=False)
    assert await world.tell(3) == [(3, [])]

    assert world.reading.asked == []


async def test_after_more_than_can_be_told_pages_load_anew(world):
    told = await world.tell(MOST_ROWS + 1)

    assert told == [(MOST_ROWS + 1, "reload"), (MOST_ROWS + 1, [])]


async def test_after_a_rebuild_pages_load_anew(world):
    world.announcer.note_turn("5")
    assert (await world.tell(1))[0][1] != "reload"
    world.announcer.note_turn(REBUILT)

    assert (await world.tell(2))[0] == (2, "reload")


async def test_a_failure_of_the_database_loses_no_news(world):
    world.announcer.note(["linhe"])
    world.announcer.note_ahead("hailiutu 4")
    world.reading.fails = True
    with pytest.raises(StoreFailed):
        await world.tell(1)
    world.reading.fails = False

    assert await world.tell(1) == [
        (1, [("passage", "early"), ("passage", "p1"), ("station", "linhe")])
    ]


async def test_passages_before_their_order_are_read_from_the_first_that_came(world):
    world.announcer.note_ahead("linhe 7")
    world.announcer.note_ahead("linhe 9")

    await world.tell()

    assert ("ahead", LINHE, announce.MOST_AHEAD, 7) in world.reading.asked


async def test_a_greeting_tells_the_stations_and_what_was_missed(world):
    world.board.note(lane_state())
    greeting = Greeting(
        reading=world.reading,
        stations=Stations(reading=world.reading, board=world.board),
        encode=news_json,
    )

    async def told(scope, after, upto):
        frames = [json.loads(text) for text in await greeting(scope, after, upto)]
        kinds = [[news["kind"] for news in frame.get("news", [])] for frame in frames]
        return [
            (frame["type"], frame["token"], kind) for frame, kind in zip(frames, kinds, strict=True)
        ]

    assert await told(ALL, None, 3) == [("tick", "3", ["station", "station"])]
    assert await told(LINHE, 1, 3) == [("tick", "3", ["station", "passage", "alarm"])]
    assert await told(LINHE, 3, 3) == [("tick", "3", ["station", "passage"])]
    many = announce.MOST_MISSED + 1
    assert await told(ALL, 0, many) == [
        ("reload", str(many), []),
        ("tick", str(many), ["station", "station"]),
    ]


async def test_a_long_greeting_comes_in_pieces_and_only_the_last_carries_the_new_token(
    world, monkeypatch
):
    monkeypatch.setattr(announce, "PIECE", 2)
    greeting = Greeting(
        reading=world.reading,
        stations=Stations(reading=world.reading, board=world.board),
        encode=news_json,
    )

    frames = [json.loads(text) for text in await greeting(ALL, 1, 3)]

    assert [(frame["token"], len(frame["news"])) for frame in frames] == [
        ("1", 2),
        ("1", 2),
        ("3", 1),
    ]


def test_while_little_happens_there_is_no_pause():
    pace, at = Pace(), 100.0
    for _ in range(50):
        assert pace.pause(at, at + 0.01) == 0.0
        at += 0.01 * SHARE


def test_what_costs_too_much_is_told_less_often_up_to_a_bound():
    pace, at, pauses = Pace(), 100.0, []
    for _ in range(200):
        pauses.append(pace.pause(at, at + 0.01))
        at += 0.01 + pauses[-1]

    assert pauses[0] == 0.0
    assert sum(pauses[100:]) == pytest.approx(100 * 0.01 * (SHARE - 1))
    assert pace.pause(at, at + 10) == LONGEST_PAUSE_S


def test_credit_is_not_saved_up_beyond_its_bound():
    pace = Pace()
    pace.pause(0.0, 0.01)

    spent = CREDIT_S / (SHARE - 1)
    assert pace.pause(1000.0, 1000.0 + spent) == 0.0
    assert pace.pause(1000.0 + spent, 1000.0 + spent + 0.01) == pytest.approx(0.01 * (SHARE - 1))


async def test_it_looks_again_though_nobody_wakes_it(world):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkey = Announcer(
        world.reading, world.board, world.outlet, news_json, clock=world.clock, sleep=sleep
    )
    world.reading.now = 1
    running = asyncio.create_task(monkey.run())
    async with asyncio.timeout(10):
        while world.outlet.token != 1:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        world.reading.now = 2
        monkey.note_turn("2")
        while world.outlet.token != 2:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_what_is_encoded_quickly_has_the_shape_that_is_described(world):
    for news, shaped in ((PASSAGE, passage_out(PASSAGE)), (CASE, case_out(CASE))):
        quick = json.loads(news_json(news))["data"]
        assert type(shaped).model_validate(quick) == shaped
        assert quick.keys() == type(shaped).model_fields.keys()
    station = world.board.view(node("linhe"))
    for news in (PASSAGE, CASE, ALARM, station):
        schemas.NewsOut.model_validate_json(news_json(news))
    assert json.loads(news_json(ALARM))["data"] == alarm_out(ALARM).model_dump(mode="json")
    assert json.loads(news_json(station))["data"] == station_out(station).model_dump(mode="json")


def test_frames_have_the_shape_that_is_described():
    tick = tick_text(7, [news_json(PASSAGE), news_json(ALARM)])

    assert schemas.LiveOut.model_validate_json(tick).token == "7"
    assert schemas.LiveOut.model_validate_json(reload_text(7)).type == "reload"
    assert schemas.LiveOut.model_validate_json(tick_text(7, [])).news == []
