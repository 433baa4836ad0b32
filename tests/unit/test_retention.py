"""Recordings are kept for their months, to the day, and go only after an entry says so."""

from datetime import date

import pytest

from station.application.retention import PAGE, Retention
from station.contract.entries import Kind
from station.domain.errors import StoreFull
from station.rules.retention import first_day_kept
from tests.fakes import FakeClock


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 9, 1), 6, date(2026, 3, 1)),
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2028, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 1, 15), 6, date(2025, 7, 15)),
        (date(2026, 3, 31), 12, date(2025, 3, 31)),
        (date(2026, 6, 30), 18, date(2024, 12, 30)),
    ],
)
def test_months_are_those_of_the_calendar(today, months, first):
    assert first_day_kept(today, months) == first


class Store:
    """What was recorded on which day; everything that happens, in order."""

    def __init__(self, recordings):
        self.recordings = dict(recordings)
        self.kept = set(recordings)
        self.newest = []
        self.happened = []
        self.full = False

    async def due(self, before, limit):
        return [sha for sha, day in self.recordings.items() if day < before][:limit]

    async def newest_erased(self):
        return self.newest

    async def append(self, draft):
        if self.full:
            raise StoreFull("full")
        assert draft.kind is Kind.MEDIA_ERASED
        self.happened.append(("entry", draft.payload.before, len(draft.payload.sha256)))
        for sha in draft.payload.sha256:
            del self.recordings[sha]
        self.newest = draft.payload.sha256

    async def erase(self, sha256):
        self.kept.discard(sha256)
        self.happened.append(("erased", sha256))


class Accesses:
    """Refused accesses; what was erased of them."""

    def __init__(self):
        self.before = []

    async def erase(self, before):
        self.before.append(before)


def retention(store, accesses=None):
    """It is noon of 1 March 2026 in China."""
    return Retention(
        ledger=store,
        recordings=store,
        media=store,
        accesses=accesses or Accesses(),
        clock=FakeClock(),
        months=lambda _: 6,
        access_months=lambda _: 12,
        dated=lambda: True,
    )


async def test_the_day_before_goes_and_the_day_itself_stays():
    store = Store({"a": date(2025, 8, 31), "b": date(2025, 9, 1)})
    assert await retention(store).erase() == 1
    assert store.kept == {"b"}
    assert store.happened == [("entry", "2025-09-01", 1), ("erased", "a")]


async def test_refused_accesses_are_kept_for_months_of_their_own():
    accesses = Accesses()
    await retention(Store({}), accesses).erase()
    assert accesses.before == [date(2025, 3, 1)]


async def test_without_the_entry_nothing_is_erased():
    store = Store({"a": date(2025, 1, 1)})
    store.full = True
    with pytest.raises(StoreFull):
        await retention(store).erase()
    assert store.kept == {"a"}


async def test_what_an_entry_said_before_a_power_cut_is_erased_first():
    store = Store({})
    store.kept, store.newest = {"a", "b"}, ["a"]
    assert await retention(store).erase() == 0
    assert store.kept == {"b"}


async def test_many_go_page_by_page_each_after_its_own_entry():
    store = Store({f"{number:04}": date(2025, 1, 1) for number in range(2 * PAGE + 1)})
    assert await retention(store).erase() == 2 * PAGE + 1
    assert store.kept == set()
    said = [event[2] for event in store.happened if event[0] == "entry"]
    assert said == [PAGE, PAGE, 1]


class Stop(Exception):
    pass


async def test_it_is_done_once_a_day_and_again_the_same_day_only_after_a_full_disk():
    store = Store({})
    asked = []

    async def newest():
        asked.append(clock.at)
        return []

    store.newest_erased = newest
    clock, days, dated = FakeClock(), [], [False]

    async def sleep(_seconds):
        days.append(clock.at)
        if len(days) == 2:
            assert asked == []  # the clock could not be relied on so far
            dated[0] = True
        if len(days) == 3:
            clock.at = clock.at.replace(day=2)
        if len(days) == 6:
            raise Stop

    with pytest.raises(Stop):
        await Retention(
            ledger=store,
            recordings=store,
            media=store,
            accesses=Accesses(),
            clock=clock,
            months=lambda _: 6,
            access_months=lambda _: 12,
            dated=lambda: dated[0],
            sleep=sleep,
        ).run()
    assert [at.day for at in asked] == [1, 2]
