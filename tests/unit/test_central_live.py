"""The hub: each sees his own stations, nobody waits for the slow, nothing is lost in between."""

import asyncio
import json

import pytest

from central.application.news import Item, Viewer
from central.domain.access import ALL, Scope
from central.live import hub as hubs
from central.live.hub import GOING_AWAY, POLICY_VIOLATION, Hub
from central.live.wire import close_frame, text_frame

LINHE = Scope(frozenset({"linhe"}))
NOBODY = Scope(frozenset())


class FakeWire:
    """A transport whose other side reads when it is told to."""

    def __init__(self):
        self.written = []
        self.waiting = 0
        self.closed = False
        self.aborted = False

    def write(self, data):
        self.written.append(data)

    def get_write_buffer_size(self):
        return self.waiting

    def close(self):
        self.closed = True

    def abort(self):
        self.aborted = True


def items(*nodes):
    return [Item(node, b'{"of":"%b"}' % node.encode()) for node in nodes]


def told(wire):
    """Return what was told: (type, token, whose news)."""
    frames = []
    for data in wire.written:
        size = data[1] if data[1] < 126 else int.from_bytes(data[2:4], "big")
        text = json.loads(data[-size:])
        frames.append((text["type"], text["token"], [one["of"] for one in text.get("news", [])]))
    return frames


class Watching:
    """A hub with watchers by name."""

    def __init__(self, hub, **scopes):
        self.wires = {name: FakeWire() for name in scopes}
        self.watchers = {}
        self._entered = [
            (name, hub.watcher(self.wires[name], Viewer(name.encode(), scope)))
            for name, scope in scopes.items()
        ]
        for name, entered in self._entered:
            self.watchers[name] = entered.__enter__()

    def go_live(self):
        for watcher in self.watchers.values():
            watcher.go_live()
        return self

    def leave(self, name):
        dict(self._entered)[name].__exit__(None, None, None)


def test_each_scope_is_told_of_its_own_stations_and_of_nothing_else():
    hub = Hub()
    who = Watching(hub, chief=ALL, local=LINHE, nobody=NOBODY).go_live()

    hub.tick(7, items("linhe", "hailiutu", ""))
    hub.tick(8, items("hailiutu"))

    assert told(who.wires["chief"]) == [
        ("tick", "7", ["linhe", "hailiutu", ""]),
        ("tick", "8", ["hailiutu"]),
    ]
    assert told(who.wires["local"]) == [("tick", "7", ["linhe"])]
    assert told(who.wires["nobody"]) == []


def test_a_frame_is_encoded_once_for_all_of_a_scope():
    hub = Hub()
    who = Watching(hub, one=LINHE, two=Scope(frozenset({"linhe"}))).go_live()

    hub.tick(1, items("linhe"))

    (first,), (second,) = who.wires["one"].written, who.wires["two"].written
    assert first is second


def test_what_happens_while_a_watcher_is_greeted_comes_after_the_greeting_in_order():
    hub = Hub()
    hub.tick(4, ())
    who = Watching(hub, chief=ALL)
    assert who.watchers["chief"].since == 4

    hub.tick(5, items("linhe"))
    hub.tick(6, items("linhe"))
    assert who.wires["chief"].written == []
    who.go_live()
    hub.tick(7, items("linhe"))

    assert [token for _, token, _ in told(who.wires["chief"])] == ["5", "6", "7"]


@pytest.mark.parametrize(("waiting", "dropped"), [(0, False), (1, True)])
def test_a_watcher_is_dropped_when_more_than_so_much_waits_and_others_get_everything(
    waiting, dropped
):
    hub = Hub()
    who = Watching(hub, slow=ALL, quick=ALL).go_live()
    who.wires["slow"].waiting = hubs.BEHIND_BYTES + waiting

    hub.tick(1, items("linhe"))
    who.wires["slow"].waiting = 0
    hub.tick(2, items("linhe"))

    assert who.wires["slow"].aborted is dropped
    assert len(who.wires["slow"].written) == (0 if dropped else 2)
    assert len(who.wires["quick"].written) == 2


def test_a_watcher_whose_greeting_takes_too_long_is_dropped(monkeypatch):
    hub = Hub()
    who = Watching(hub, slow=ALL)
    monkeypatch.setattr(hubs, "BEHIND_BYTES", 100)
    for token in range(4):
        hub.tick(token, items("linhe"))
    who.go_live()

    assert who.wires["slow"].aborted
    assert who.wires["slow"].written == []


def test_when_too_much_has_happened_every_page_loads_anew():
    hub = Hub()
    who = Watching(hub, chief=ALL, nobody=NOBODY).go_live()

    hub.reload(9)

    assert told(who.wires["chief"]) == told(who.wires["nobody"]) == [("reload", "9", [])]
    assert hub.token == 9


def test_who_has_left_is_told_nothing_and_nobody_watches_then():
    hub = Hub()
    who = Watching(hub, chief=ALL).go_live()
    assert hub.watched
    who.leave("chief")

    hub.tick(1, items("linhe"))

    assert who.wires["chief"].written == []
    assert not hub.watched


async def test_who_may_no_longer_watch_is_told_why_and_cut_off_if_he_stays(monkeypatch):
    hub = Hub()
    who = Watching(hub, gone=ALL, stays=ALL).go_live()
    cut = []
    monkeypatch.setattr(
        asyncio.get_running_loop(), "call_later", lambda after, cb: cut.append((after, cb))
    )

    hub.end({Viewer(b"gone", ALL)}, POLICY_VIOLATION)
    hub.tick(1, items("linhe"))

    wire = who.wires["gone"]
    assert wire.written == [close_frame(1008)]
    assert (wire.closed, wire.aborted) == (True, False)
    ((after, abort),) = cut
    abort()
    assert (after, wire.aborted) == (hubs.CLOSE_S, True)
    assert len(who.wires["stays"].written) == 1


async def test_at_the_end_of_the_program_every_watcher_is_let_go():
    hub = Hub()
    who = Watching(hub, chief=ALL, local=LINHE).go_live()

    hub.close()

    assert all(wire.written == [close_frame(GOING_AWAY)] for wire in who.wires.values())


async def test_a_token_of_another_process_is_waited_for():
    hub = Hub()
    waiting = asyncio.create_task(hub.reached(5, 10))
    await asyncio.sleep(0)
    hub.tick(4, ())
    await asyncio.sleep(0)
    assert not waiting.done()
    hub.tick(6, ())

    assert await waiting
    assert await hub.reached(6, 0)
    assert not await hub.reached(7, 0)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_frame_is_what_the_standard_says(size):
    frame = text_frame(b"x" * size)

    head = {0: b"\x81\x00", 125: b"\x81\x7d", 126: b"\x81\x7e\x00\x7e", 65535: b"\x81\x7e\xff\xff"}
    assert frame == head.get(size, b"\x81\x7f" + (65536).to_bytes(8, "big")) + b"x" * size
