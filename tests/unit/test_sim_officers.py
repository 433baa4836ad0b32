"""The simulated officers: what they decide, what they see, and that they stop when told to."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from simulators.officers.console import Account, Console
from simulators.officers.police import penalty
from simulators.officers.post import Drawings, Post
from simulators.officers.watch import Watch
from simulators.traffic.fleet import FleetMaker
from simulators.traffic.limits import load_limits
from simulators.traffic.records import load_records
from simulators.traffic.scenario import load_scenario
from simulators.traffic.world import World
from station.api.schemas import CaseOut, DoneOut, DrawingOut
from station.rules.drawings import DRAWINGS
from station.rules.records import vehicle_to_record


@pytest.fixture
def console() -> Console:
    return Console("http://127.0.0.1:9", Account("A", "b"))


@pytest.fixture
def post(console: Console) -> Post:
    return Post(
        world=World(),
        watch=Watch(console, "ws://127.0.0.1:9/api/live"),
        now=lambda: 0.0,
        moment=datetime.timestamp,
        pauses_s={},
        speed=1.0,
    )


async def test_a_nap_ends_with_news(post: Post) -> None:
    news = asyncio.Event()
    news.set()
    await post.nap(news)
    assert not news.is_set()


async def test_an_officer_stops_though_news_come_at_the_same_moment(post: Post) -> None:
    news = asyncio.Event()

    async def work() -> None:
        while True:
            await post.nap(news)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    news.set()
    await asyncio.sleep(0)  # the news wake the nap, and the officer has not yet gone on
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=2.0)
    task.cancel()
    assert done
    assert task.cancelled()


@pytest.mark.parametrize(
    ("band", "fine"),
    [
        ((20_000, 50_000), 35_000),
        ((50_000, 200_000), 125_000),
        ((20_000, 20_000), 20_000),
        ((None, None), 110_000),
        ((20_000, None), 110_000),
    ],
)
def test_a_fine_lies_in_the_band_or_in_the_whole_range(
    band: tuple[int | None, int | None], fine: int
) -> None:
    least, most = band
    suggestion = {"fine_min_fen": least, "fine_max_fen": most, "points": None}
    assert penalty(suggestion)["fine_fen"] == fine


def test_points_are_those_suggested() -> None:
    assert penalty({"points": 3})["points"] == 3
    assert penalty({"points": None})["points"] == 0


async def test_every_truck_that_is_not_registered_has_its_drawing(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = [
        DrawingOut(
            id=drawing.id,
            title=drawing.title,
            configuration=drawing.configuration.value,
            limit_kg=None,
            vehicle=vehicle_to_record(drawing.vehicle),
        )
        for drawing in DRAWINGS.values()
    ]

    async def drawings(path: str) -> bytes:
        assert path == "/api/drawings"
        return ("[" + ",".join(one.model_dump_json() for one in offered) + "]").encode()

    monkeypatch.setattr(console, "get", drawings)
    officer = Drawings(console)
    fleet = FleetMaker(load_scenario(), load_limits(), load_records()).fleet(7)
    for truck in fleet:
        if truck.in_register:
            continue
        chosen = await officer.like(truck)
        assert chosen is not None, truck.drawing
        assert DRAWINGS[chosen].configuration.value == truck.configuration
        assert DRAWINGS[chosen].drive_axles == sum(axle.driven for axle in truck.axles)


def case(acts: int) -> CaseOut:
    done = DoneOut(
        act="release",
        at=datetime.now(UTC),
        authority="road",
        officers=["A", "B"],
        details={},
        personal={},
    )
    return CaseOut(
        case_no="1",
        violation_id="v",
        passage_id="p",
        plate="蒙L12345",
        opened_at=datetime.now(UTC),
        gross_kg=60_000,
        limit_kg=49_000,
        excess_kg=11_000,
        removal="measured",
        penalty="open",
        custody="held",
        remedy="none",
        penal="police",
        paid_fen=0,
        released_at=None,
        fine_fen=None,
        points=None,
        closed=False,
        next_acts=[],
        history=[done] * acts,
        recheck_passages=[],
        suggestion={},
    )


async def test_an_answer_overtaken_by_an_act_does_not_undo_it(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(console, "ws://127.0.0.1:9/api/live")
    answers = iter([case(1), case(2), case(1)])

    async def get(_: str) -> bytes:
        return next(answers).model_dump_json().encode()

    monkeypatch.setattr(console, "get", get)
    seen = [len((await watch.fetch_case("1")).history) for _ in range(3)]
    assert seen == [1, 2, 2]
