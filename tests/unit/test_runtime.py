"""The lane at work: what is shown, and what happens when nothing can be written."""

import asyncio
import logging

import pytest

from station.application import runtime as runtime_module
from station.application.lane import Lane, Unweighed
from station.application.live import Hub, LaneView
from station.application.measuring import MeasuringRules
from station.application.runtime import FULL_PAUSE_S, STALLED, STALLED_NS, Runtime
from station.application.views import Alarm
from station.contract.entries import Kind
from station.domain.errors import StoreCorrupt, StoreFailed, StoreFull
from station.domain.units import Kg
from station.domain.weighing import LineFault, Reading
from tests.fakes import FakeClock

PASSED = Unweighed(reason="not_weighed", began_ns=0, plate=None, highest=None, sightings=())


class FakeLedger:
    """Keeps the drafts."""

    def __init__(self):
        self.drafts = []

    async def append(self, *drafts):
        self.drafts += drafts
        return ()


class FakeRecorder:
    """Raises what it is told to, then records."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.recorded = []

    async def record(self, outcome):
        if self.answers:
            raise self.answers.pop(0)
        self.recorded.append(outcome)


class FakeReserve:
    """Counts; *rooms* are the answers to whether the disk has room again."""

    def __init__(self, rooms):
        self.rooms = list(rooms)
        self.used = 0

    def use_reserve(self):
        self.used += 1

    def keep_reserve(self):
        return self.rooms.pop(0)


class Bench:
    """A runtime on fakes."""

    def __init__(self, *answers, rooms=(True,)):
        self.clock = FakeClock()
        self.ledger, self.recorder = FakeLedger(), FakeRecorder(*answers)
        self.reserve = FakeReserve(rooms)
        self.pauses, self.told = [], []
        hub = Hub()
        hub.listen(self.told.append)
        self.runtime = Runtime(
            lane=Lane(MeasuringRules()),
            recorder=self.recorder,
            ledger=self.ledger,
            hub=hub,
            clock=self.clock,
            waiting=lambda: 7,
            media_waiting=lambda: 3,
            watched_by=lambda: ("HQ1",),
            reserve=self.reserve,
            sleep=self.sleep,
        )

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def show(self, gross):
        self.runtime.scale_event(Reading(b"", 0, gross=gross), self.clock.ns)

    async def work(self):
        """Write everything that waits."""
        job = asyncio.create_task(self.runtime.run())
        try:
            async with asyncio.timeout(5):
                await self.runtime.drain()
        finally:
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)

    def codes(self):
        return [event.code for event in self.told if isinstance(event, Alarm)]


def test_a_present_weight_is_shown():
    bench = Bench()
    bench.runtime.scale_link("ok", "")
    bench.show(Kg(48260))
    assert bench.runtime.view().gross_kg == 48260


def test_a_weight_older_than_a_second_and_a_half_is_not():
    bench = Bench()
    bench.runtime.scale_link("ok", "")
    bench.show(Kg(48260))
    bench.clock.ns += 1_499_999_999
    assert bench.runtime.view().gross_kg == 48260
    bench.clock.ns += 1
    assert bench.runtime.view().gross_kg is None


@pytest.mark.parametrize("code", ["device.port_lost", "device.silent", "device.garbage"])
def test_with_the_line_the_weight_is_gone_at_once(code):
    bench = Bench()
    bench.runtime.scale_link("ok", "")
    bench.show(Kg(48260))
    bench.runtime.scale_link(code, "")
    view = bench.runtime.view()
    assert (view.gross_kg, view.scale.code) == (None, code)


def test_over_range_shows_no_weight():
    bench = Bench()
    bench.runtime.scale_link("ok", "")
    bench.show(Kg(48260))
    bench.runtime.scale_event(Reading(b"", 0, over_range=True), bench.clock.ns)
    assert bench.runtime.view().gross_kg is None


def test_noise_is_no_weight():
    bench = Bench()
    bench.runtime.scale_event(LineFault(b"x", 0, "noise"), bench.clock.ns)
    assert bench.runtime.view().gross_kg is None


async def test_a_full_disk_is_told_and_the_record_is_kept_until_it_can_be_written():
    bench = Bench(StoreFull("full"), StoreFull("full"))
    bench.runtime._queue([PASSED])
    assert bench.runtime.view().pending
    await bench.work()
    assert bench.recorder.recorded == [PASSED]
    assert bench.pauses.count(FULL_PAUSE_S) == 2
    assert bench.reserve.used == 2
    assert bench.codes() == ["store.full", "ok"]
    assert [draft.kind for draft in bench.ledger.drafts] == [
        Kind.DEVICE_FAULT,
        Kind.DEVICE_RECOVERED,
    ]
    assert not bench.runtime.view().pending


async def test_while_it_lives_on_the_reserve_the_station_says_that_the_disk_is_full():
    bench = Bench(StoreFull("full"), rooms=[False, False, True])
    bench.runtime._queue([PASSED])
    await bench.work()  # PASSED, then the fault
    assert bench.codes() == ["store.full"]
    assert bench.runtime.view().store.code == "store.full"
    bench.runtime._queue([PASSED])
    await bench.work()
    assert bench.codes() == ["store.full", "ok"]


async def test_a_write_that_takes_longer_than_three_seconds_is_told_and_waited_for():
    bench = Bench()
    answers, began = asyncio.Event(), asyncio.Event()

    async def record(outcome):
        began.set()
        await answers.wait()
        bench.recorder.recorded.append(outcome)

    bench.recorder.record = record
    bench.runtime._queue([PASSED])
    job = asyncio.create_task(bench.runtime.run())
    await began.wait()
    for ns, codes in ((STALLED_NS, []), (1, [STALLED])):
        bench.clock.ns += ns
        for _ in range(5):
            await asyncio.sleep(0)
        assert bench.codes() == codes
    answers.set()
    await bench.runtime.drain()
    job.cancel()
    assert bench.recorder.recorded == [PASSED]
    assert bench.codes() == [STALLED, "ok"]


async def test_a_failed_store_ends_the_run():
    bench = Bench(StoreFailed("EIO"))
    bench.runtime._queue([PASSED])
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(5):
            await bench.runtime.run()
    assert caught.group_contains(StoreFailed)
    assert bench.recorder.recorded == []


async def test_with_a_corrupt_store_what_happened_waits_until_it_is_repaired():
    bench = Bench(StoreCorrupt("its digest is another", what="case"))
    bench.runtime._queue([PASSED])
    await bench.work()
    assert bench.recorder.recorded == [PASSED]
    assert FULL_PAUSE_S in bench.pauses
    assert bench.reserve.used == 0
    assert bench.codes() == ["store.corrupt", "ok"]


async def test_a_store_that_stays_corrupt_does_not_keep_the_program_from_ending(monkeypatch):
    monkeypatch.setattr(runtime_module, "DRAIN_S", 0.01)
    bench = Bench(*[StoreCorrupt("x", what="ledger")] * 10_000)
    bench.runtime.camera_state("device.camera_lost", "")
    assert await bench.runtime.drain() is False


async def test_faults_and_recoveries_are_entries_and_alarms_once_each():
    bench = Bench()
    for code in ["ok", "device.port_lost", "device.port_lost", "device.connecting", "ok", "ok"]:
        bench.runtime.scale_link(code, "")
    await bench.work()
    assert bench.codes() == ["device.port_lost", "ok"]
    assert [draft.kind for draft in bench.ledger.drafts] == [
        Kind.DEVICE_FAULT,
        Kind.DEVICE_RECOVERED,
    ]


async def test_a_port_that_is_tried_again_and_again_is_one_fault_and_one_recovery(caplog):
    bench = Bench()
    again = ["device.connecting", "device.port_missing"] * 5
    with caplog.at_level(logging.WARNING, "station.application.devices"):
        for code in ["ok", "device.port_lost", *again, "device.connecting", "ok"]:
            bench.runtime.scale_link(code, f"why {code}")
            shown = bench.runtime.view().scale
            assert (shown.code, shown.detail) == (code, f"why {code}")
    bench.runtime.scale_link("device.port_missing", "")
    await bench.work()
    assert bench.codes() == ["device.port_lost", "ok", "device.port_missing"]
    assert [draft.kind for draft in bench.ledger.drafts] == [
        Kind.DEVICE_FAULT,
        Kind.DEVICE_RECOVERED,
        Kind.DEVICE_FAULT,
    ]
    logged = [record.detail for record in caplog.records if record.detail]
    assert logged == ["why device.port_lost", *["why device.port_missing"] * 5]


async def test_another_fault_of_the_store_is_another_fault():
    bench = Bench(StoreFull("full"), StoreCorrupt("its digest is another", what="case"))
    bench.runtime._queue([PASSED])
    await bench.work()
    assert bench.codes() == ["store.full", "store.corrupt", "ok"]


async def test_an_outage_of_the_centre_is_its_own_kind_of_entry():
    bench = Bench()
    for code in ["ok", "uplink", "uplink", "ok"]:
        bench.runtime.uplink_state(code, "")
    await bench.work()
    assert [draft.kind for draft in bench.ledger.drafts] == [Kind.OUTAGE_BEGIN, Kind.OUTAGE_END]
    assert bench.ledger.drafts[0].payload.waiting == 7


async def test_watchers_hear_of_the_lane_though_nothing_changes():
    bench = Bench()
    job = asyncio.create_task(bench.runtime.run())
    while len(bench.pauses) < 35:  # noqa: ASYNC110 - the fake sleep sets no event
        await asyncio.sleep(0)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert sum(isinstance(event, LaneView) for event in bench.told) in (3, 4)
