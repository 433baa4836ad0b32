"""Looking through the camera from headquarters: written down before the first picture leaves."""

import asyncio
from datetime import timedelta

import pytest

from station.application import remote_watching
from station.application.ports import Draft
from station.application.remote_watching import FORGOTTEN_NS, RemoteWatching
from station.contract.entries import CameraWatch, Kind
from station.contract.uplink import Wanted, Watch
from station.domain.errors import StoreFailed, StoreFull, UplinkError
from tests.fakes import NOON, FakeClock

SECOND = timedelta(seconds=1)


def wanted(*watches):
    return Wanted(watches=[Watch(watch_id=w, officer=o) for w, o in watches], at="")


class World:
    """A ledger, a camera and a line that remember in which order they were used."""

    def __init__(self):
        self.clock = FakeClock()
        self.happened = []
        self.refusals = []
        self.gone = set()
        self.picture = (b"jpeg", NOON)
        self.is_busy = False
        self.line_is_slow = False
        self.pauses = []
        self.watching = RemoteWatching(
            ledger=self,
            camera=self,
            line=self,
            busy=lambda: self.is_busy,
            clock=self.clock,
            sleep=self.sleep,
        )

    async def append(self, *drafts: Draft):
        if self.refusals:
            raise self.refusals.pop(0)
        for draft in drafts:
            assert draft.kind is Kind.CAMERA_WATCH
            payload = draft.payload
            assert isinstance(payload, CameraWatch)
            self.happened.append((payload.change, payload.watch_id, payload.officer))
        return ()

    async def preview(self, after):
        return None if self.picture is None or self.picture[1] == after else self.picture

    async def show(self, watch_id, jpeg):
        if self.line_is_slow:
            self.happened.append(("begun", watch_id))
            try:
                await asyncio.Event().wait()
            finally:
                self.happened.append(("given up", watch_id))
        self.happened.append(("shown", watch_id))
        if isinstance(self.gone, Exception):
            raise self.gone
        return watch_id not in self.gone

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def ticks(self, count, each=lambda: None):
        """Let the task that sends go on for so many pauses."""
        running = asyncio.create_task(self.watching.run())
        until = len(self.pauses) + count
        async with asyncio.timeout(10):
            while len(self.pauses) < until:
                each()
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def next_picture(self):
        self.picture = (b"jpeg", self.picture[1] + SECOND)

    def took(self):
        happened, self.happened = self.happened, []
        return happened


@pytest.fixture
def world():
    return World()


async def test_a_watch_is_written_down_before_its_first_picture_leaves(world):
    await world.watching.take(wanted(("w1", "HQ1")))
    assert world.watching.watchers == ("HQ1",)
    await world.ticks(2)

    assert world.took()[:2] == [("began", "w1", "HQ1"), ("shown", "w1")]


async def test_without_a_watch_no_picture_leaves(world):
    await world.watching.take(wanted())
    await world.ticks(5, world.next_picture)

    assert world.took() == []


async def test_a_watch_that_is_no_longer_named_has_ended_and_that_is_written(world):
    await world.watching.take(wanted(("w1", "HQ1"), ("w2", "HQ2")))
    await world.watching.take(wanted(("w2", "HQ2")))
    assert world.watching.watchers == ("HQ2",)
    await world.ticks(2)

    assert [one for one in world.took() if one[0] != "shown" or one[1] == "w1"] == [
        ("began", "w1", "HQ1"),
        ("began", "w2", "HQ2"),
        ("ended", "w1", "HQ1"),
    ]


async def test_a_watch_that_goes_on_is_written_once(world):
    for _ in range(3):
        await world.watching.take(wanted(("w1", "HQ1")))

    assert world.took() == [("began", "w1", "HQ1")]


async def test_what_cannot_be_written_down_is_not_shown(world):
    world.refusals = [StoreFull("full"), StoreFull("full")]
    await world.watching.take(wanted(("w1", "HQ1")))
    await world.ticks(3)
    assert (world.took(), world.watching.watchers) == ([], ())
    await world.watching.take(wanted(("w1", "HQ1")))
    await world.watching.take(wanted(("w1", "HQ1")))

    assert world.took() == [("began", "w1", "HQ1")]


async def test_an_end_that_cannot_be_written_shows_nothing_more_and_is_written_later(world):
    await world.watching.take(wanted(("w1", "HQ1")))
    world.refusals = [StoreFull("full")]
    await world.watching.take(wanted())
    world.took()
    await world.ticks(3, world.next_picture)
    assert world.took() == []
    await world.watching.take(wanted())

    assert world.took() == [("ended", "w1", "HQ1")]


async def test_a_store_that_failed_is_not_swallowed(world):
    world.refusals = [StoreFailed("gone")]
    with pytest.raises(StoreFailed):
        await world.watching.take(wanted(("w1", "HQ1")))


async def test_each_picture_is_sent_once_to_each_watch_and_old_ones_never(world):
    await world.watching.take(wanted(("w1", "HQ1"), ("w2", "HQ2")))
    world.took()
    await world.ticks(4)
    assert world.took() == [("shown", "w1"), ("shown", "w2")]

    world.picture = None
    await world.ticks(2)
    assert world.took() == []


async def test_whom_the_centre_no_longer_knows_gets_no_more_pictures(world):
    await world.watching.take(wanted(("w1", "HQ1"), ("w2", "HQ2")))
    world.took()
    world.gone = {"w1"}
    await world.ticks(6, world.next_picture)

    shown = world.took()
    assert shown.count(("shown", "w1")) == 1
    assert shown.count(("shown", "w2")) > 1


async def test_a_watch_that_comes_again_after_its_end_is_shown_again(world):
    world.gone = {"w1"}
    await world.watching.take(wanted(("w1", "HQ1")))
    await world.ticks(2)
    await world.watching.take(wanted())
    world.gone = set()
    await world.watching.take(wanted(("w1", "HQ1")))
    world.took()
    await world.ticks(2, world.next_picture)

    assert ("shown", "w1") in world.took()


async def test_while_entries_are_on_their_way_no_picture_is_sent(world):
    await world.watching.take(wanted(("w1", "HQ1")))
    world.took()
    world.is_busy = True
    await world.ticks(4, world.next_picture)

    assert world.took() == []


async def test_a_picture_on_its_way_is_given_up_for_an_entry(world, monkeypatch):
    monkeypatch.setattr(remote_watching, "YIELD_S", 0)
    await world.watching.take(wanted(("w1", "HQ1")))
    world.took()
    world.line_is_slow = True

    def entry_comes():
        world.is_busy = world.happened == [("begun", "w1")]

    await world.ticks(2, entry_comes)

    assert world.took() == [("begun", "w1"), ("given up", "w1")]


async def test_a_line_that_fails_is_tried_again_after_a_pause(world):
    await world.watching.take(wanted(("w1", "HQ1")))
    world.gone = UplinkError("away")
    await world.ticks(3)
    world.gone = set()
    world.took()
    await world.ticks(2)

    assert 1.0 in world.pauses
    assert ("shown", "w1") in world.took()


@pytest.mark.parametrize(("after", "ended"), [(FORGOTTEN_NS, False), (FORGOTTEN_NS + 1, True)])
async def test_when_the_centre_is_not_heard_every_watch_ends(world, after, ended):
    await world.watching.take(wanted(("w1", "HQ1")))
    world.took()
    world.picture = None
    world.clock.ns += after
    await world.ticks(2)

    assert world.took() == ([("ended", "w1", "HQ1")] if ended else [])


async def test_at_the_end_of_the_program_every_watch_ends_and_none_begins(world):
    await world.watching.take(wanted(("w1", "HQ1")))
    await world.watching.close()
    await world.watching.take(wanted(("w2", "HQ2")))

    assert world.took() == [("began", "w1", "HQ1"), ("ended", "w1", "HQ1")]
    assert world.watching.watchers == ()
