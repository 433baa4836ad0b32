"""Each layer of the audit at its edges."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from central.domain.auditing.claims import LogKeys, good_receipts
from central.domain.auditing.signing import check_signatures
from central.domain.auditing.times import Tolerances, moment_ms
from central.domain.auditing.values import (
    Claim,
    Discrepancy,
    Findings,
    Layer,
    StoredHead,
)
from central.domain.auditing.walking import Audit, Start
from station.contract.keyring import KeyRing
from station.contract.sealing import stamp
from station.contract.uplink import Receipt, sign_receipt
from tests.fakes import NOON, FakeClock, sealer
from tests.migration.central_kit import FakeStation
from tests.unit.audit_world import World, key_of

MS = timedelta(milliseconds=1)
TOLERANCES = Tolerances(back_ms=2_000, apart_ms=60_000)
ANCHOR = {"log_size": 0, "root": "", "at": stamp(NOON)}


def times(*moments, kinds=(), **changed):
    """Return the codes of the time layer for entries sealed at *moments* (ms after noon)."""
    station, world = FakeStation(clock=FakeClock()), World()
    for at, moment in enumerate(moments):
        kind = dict(kinds).get(at, "passage")
        wall = NOON + moment * MS
        world.accept(station.write_raw(kind=kind, wall_utc=stamp(wall), **changed))
    return [
        (one.code, one.seq)
        for one in world.audit(frozenset({Layer.TIME_ORDER}), tolerances=TOLERANCES)
    ]


def test_a_clock_may_go_back_by_the_tolerance_and_no_millisecond_more():
    assert times(10_000, 8_000) == []
    assert times(10_000, 7_999) == [("back", 2)]


def test_going_back_in_small_steps_is_going_back():
    assert times(10_000, 9_000, 8_000, 7_000) == [("back", 4)]


def test_a_clock_that_was_set_back_and_says_so_is_no_alarm():
    assert times(10_000, 2_000, 3_000, kinds=[(1, "clock_change")]) == []
    assert times(10_000, 10_001, 3_000, kinds=[(1, "clock_change")]) == []
    assert times(10_000, 10_001, 10_002, 3_000, kinds=[(1, "clock_change")]) == [("back", 4)]


def test_what_comes_after_a_back_dated_entry_is_not_blamed_for_it():
    assert times(10_000, 1_000, 1_500, 20_000) == [("back", 2)]


def test_two_nodes_have_two_clocks():
    world = World()
    for node, moment in (("linhe", 10_000), ("dongsheng", 1_000), ("linhe", 11_000)):
        station = FakeStation(node=node)
        station.entries = [world.entry(1, node)] if node in world.heads else []
        world.accept(station.write_raw(wall_utc=stamp(NOON + moment * MS)))

    assert world.audit(frozenset({Layer.TIME_ORDER})) == []


@pytest.mark.parametrize(("ahead_ms", "alarms"), [(60_000, 0), (60_001, 1)])
def test_an_entry_is_not_newer_than_its_arrival(ahead_ms, alarms):
    station, world = FakeStation(), World()
    world.accept(station.write_raw(wall_utc=stamp(NOON)), moment_ms(stamp(NOON)) - ahead_ms)

    found = world.audit(frozenset({Layer.TIME_ORDER}))

    assert [one.code for one in found] == ["ahead"] * alarms


def test_an_entry_is_not_older_than_the_checkpoint_it_names():
    assert times(-60_000, anchor=ANCHOR) == []
    assert times(-60_001, anchor=ANCHOR) == [("before_anchor", 1)]


def test_an_entry_cannot_name_a_log_that_holds_itself():
    assert times(0, 1, anchor={**ANCHOR, "log_size": 1}) == [("anchor", 1)]


@pytest.mark.parametrize("anchor", [5, {}, {**ANCHOR, "log_size": True}, {**ANCHOR, "at": "noon"}])
def test_an_anchor_that_is_no_checkpoint_is_said(anchor):
    assert times(0, anchor=anchor) == [("anchor", 1)]


@pytest.mark.parametrize("wall", [None, 5, "noon", "2026-03-01T04:00:00"])
def test_an_entry_without_a_time_is_left_to_the_other_layers(wall):
    station, world = FakeStation(), World()
    world.accept(station.write_raw(wall_utc=wall), 0)

    assert world.audit(frozenset({Layer.TIME_ORDER})) == []


# The tree


def test_an_anchor_must_be_a_checkpoint_that_the_log_had():
    station, world = FakeStation(), World()
    world.accept(station.weigh("p1"))
    world.sign_checkpoint()
    root = world.checkpoints[0].root.hex()
    kept = {"log_size": 1, "root": root, "at": stamp(NOON)}
    world.accept(station.write_raw(wall_utc=stamp(NOON), anchor=kept))
    world.accept(station.write_raw(wall_utc=stamp(NOON), anchor={**kept, "root": "00" * 32}))
    world.accept(station.write_raw(wall_utc=stamp(NOON), anchor={**kept, "log_size": 2}))

    found = world.audit(frozenset({Layer.TREE}))

    assert [(one.code, one.seq) for one in found] == [("anchor", 3), ("anchor", 4)]


def test_a_checkpoint_that_is_signed_when_its_last_leaf_was_seen_already_is_known_to_anchors():
    station, world, audit = FakeStation(), World(), Audit(Start(), layers=frozenset({Layer.TREE}))
    world.accept(station.weigh("p1"))
    assert audit.feed(world.rows) == []
    world.sign_checkpoint()
    root = world.checkpoints[0].root.hex()
    anchor = {"log_size": 1, "root": root, "at": stamp(NOON)}
    world.accept(station.write_raw(wall_utc=stamp(NOON), anchor=anchor))

    assert audit.expect(world.checkpoints) == []
    assert audit.feed(world.rows[1:]) == []


def test_a_wrong_checkpoint_of_the_tree_as_it_stands_is_said_at_once():
    station, world = FakeStation(), World()
    world.accept(station.weigh("p1"))
    wrong = Claim(layer=Layer.TREE, by="log", size=1, root=b"1" * 32)
    walked, begun = Audit(Start()), Audit(Start(heads=tuple(world.heads.values()), log=world.log))
    walked.feed(world.rows)

    assert [(one.code, one.place) for one in walked.expect([wrong])] == [("root", "linhe#1")]
    assert [(one.code, one.place) for one in begun.expect([wrong])] == [("root", "")]


def two_stations():
    """Give a log in which two stations take turns; every tenth size was signed and witnessed."""
    stations = [FakeStation("linhe"), FakeStation("dongsheng", key=1)]
    world = World(*stations)
    for number in range(60):
        world.accept(stations[number % 2].weigh(f"p{number}"))
        if number % 10 == 9:
            world.sign_checkpoint(witnessed=True)
    return world


def test_a_wrong_root_blames_all_places_since_the_last_right_one_and_no_others():
    world = two_stations()
    at = world.at(18, "linhe")
    world.rows[at] = world.rows[at]._replace(received_ms=0)

    found = world.audit(frozenset({Layer.WITNESS}))

    assert [one.place for one in found] == ["linhe#16-20", "dongsheng#16-20"]
    assert [one.index for one in found] == [38, 39]


def test_checkpoints_that_an_insider_signed_anew_do_not_move_the_blame():
    world = two_stations()
    at = world.at(18, "linhe")
    world.rows[at] = world.rows[at]._replace(received_ms=0)
    world.settle()
    frontiers = [(size, world.frontier_at(size)) for size in range(10, 61, 10)]
    world.checkpoints = [
        Claim(layer=Layer.TREE, by="log", size=size, root=frontier.root)
        for size, frontier in frontiers
    ]

    found = world.audit(frozenset({Layer.TREE, Layer.WITNESS}))

    assert {one.layer for one in found} == {Layer.WITNESS}
    assert found[0].place == "linhe#16-20"


def test_a_log_that_is_shorter_than_what_was_witnessed_is_said():
    world = two_stations()
    world.receipts = [one for one in world.receipts if one.log_size == 60]
    del world.rows[-3:]
    world.settle()

    found = world.audit(frozenset({Layer.WITNESS, Layer.RECEIPTS}))

    assert {(one.layer, one.code, one.node, one.seq) for one in found} == {
        (Layer.WITNESS, "short", "", None),
        (Layer.RECEIPTS, "short", "dongsheng", 30),
        (Layer.RECEIPTS, "missing", "dongsheng", 29),
    }


@pytest.mark.parametrize("size", [0, 59, 61])
def test_the_head_of_the_log_must_fit(size):
    world = two_stations()
    world.log = replace(world.log, size=size, peaks=())

    found = world.audit(frozenset({Layer.TREE, Layer.HIGH_WATER}))

    assert {(one.layer, one.code) for one in found} == {
        (Layer.TREE, "head"),
        (Layer.HIGH_WATER, "log_size"),
    }


# The chain and the heads


def chain(world):
    return [(one.code, one.place) for one in world.audit(frozenset({Layer.CHAIN}))]


@pytest.mark.parametrize(
    ("column", "value"),
    [("node", "dongsheng"), ("seq", 900), ("kind", "start"), ("digest", b"\1" * 32)],
)
def test_a_column_that_says_otherwise_than_the_bytes_is_named(column, value):
    world = two_stations()
    at = world.at(18, "linhe")
    world.rows[at] = world.rows[at]._replace(**{column: value})

    assert chain(world) == [("columns", "linhe#18")]


def test_a_body_that_is_no_entry_is_named_by_its_columns():
    world = two_stations()
    at = world.at(18, "linhe")
    world.rows[at] = world.rows[at]._replace(body=b"[" * 100_000)

    assert chain(world) == [("malformed", "linhe#18"), ("link", "linhe#18-19")]


def test_an_entry_that_comes_twice_is_named():
    world = two_stations()
    world.rows.append(world.rows[world.at(30, "linhe")])

    assert chain(world) == [("again", "linhe#30")]


def test_the_first_entry_must_name_nothing():
    station, world = FakeStation(), World()
    world.accept(station.write_raw(prev="11" * 32), 0)

    assert chain(world) == [("link", "linhe#1")]


def heads(world):
    return [(one.code, one.place) for one in world.audit(frozenset({Layer.HIGH_WATER}))]


def test_an_old_head_beside_the_right_one_is_said():
    world = two_stations()
    old = replace(world.heads["linhe"], seq=29, digest="11" * 32)
    audit = Audit(Start(), layers=frozenset({Layer.HIGH_WATER}))
    audit.feed(world.rows)
    for heads_stated in ([old, *world.heads.values()], [*world.heads.values(), old]):
        found = audit.standing(heads_stated, world.log)
        assert [(one.code, one.place) for one in found] == [("head", "linhe#30")]


def test_a_head_that_names_another_digest_or_position_is_said():
    world = two_stations()
    world.heads["linhe"] = replace(world.heads["linhe"], digest="11" * 32)
    world.heads["dongsheng"] = replace(world.heads["dongsheng"], position=59)

    assert heads(world) == [("head", "dongsheng#30"), ("head", "linhe#30")]


def test_a_node_that_is_in_no_register_is_said_and_one_without_entries_is_not():
    world = two_stations()
    del world.heads["linhe"]
    world.heads["new"] = StoredHead(node="new")

    assert heads(world) == [("head", "linhe#30")]


# Signatures


def signatures(world, *keys, node="linhe"):
    found = check_signatures(world.rows, 0, {node: KeyRing(keys)})
    return [(one.code, one.place) for one in found]


def test_a_key_is_good_from_its_first_place_to_its_last():
    station, world = FakeStation(), World()
    for number in range(4):
        world.accept(station.weigh(f"p{number}"))
    key = key_of(station)

    assert signatures(world, replace(key, from_seq=1, until_seq=4)) == []
    assert signatures(world, replace(key, from_seq=2, until_seq=3)) == [
        ("key", "linhe#1"),
        ("key", "linhe#4"),
    ]
    assert signatures(world, replace(key, revoked_from_seq=4)) == [("key", "linhe#4")]


def test_a_key_of_another_node_or_none_at_all_is_unknown():
    station, world = FakeStation(), World()
    world.accept(station.weigh("p1"))
    key = key_of(station)
    cut = replace(key, public_key=b"")

    assert signatures(world) == [("key", "linhe#1")]
    assert signatures(world, cut) == [("key", "linhe#1")]
    assert signatures(world, key, node="dongsheng") == [("key", "linhe#1")]


def test_a_key_that_was_put_under_anothers_name_has_not_signed():
    station, world = FakeStation(), World()
    world.accept(station.weigh("p1"))
    changed = replace(key_of(station), public_key=FakeStation(key=5).public_key)

    assert signatures(world, changed) == [("bad", "linhe#1")]


def test_bytes_that_are_not_canonical_are_no_entry_though_they_are_signed():
    station, world = FakeStation(), World()
    world.accept(station.weigh("p1"))
    body = b" " + world.rows[0].body
    world.rows[0] = world.rows[0]._replace(body=body)

    assert signatures(world, key_of(station)) == [("malformed", "linhe#1")]


# Receipts


def receipt(**changed):
    unsigned = Receipt(
        node="linhe",
        seq=1,
        digest="11" * 32,
        leaf_index=0,
        log_size=1,
        root="22" * 32,
        at=stamp(NOON),
        key_id="",
        sig="",
    )
    return sign_receipt(msgspec.structs.replace(unsigned, **changed), sealer(key=7).signer)


def test_only_receipts_that_the_centre_signed_count():
    centre = LogKeys(origin="log", public_keys=(sealer(key=7).signer.public_key,))
    good = receipt()
    forged = msgspec.structs.replace(receipt(seq=2), digest="33" * 32)
    strange = msgspec.structs.replace(receipt(seq=3), key_id="another")
    no_root = receipt(seq=4, root="no")

    kept, found = good_receipts([good, forged, strange, no_root], centre)

    assert kept == [good]
    assert [(one.code, one.seq) for one in found] == [("not_ours", n) for n in (2, 3, 4)]


def test_between_two_receipts_the_layer_names_all_places():
    world = two_stations()
    world.receipts = [one for one in world.receipts if one.seq % 10 == 0]
    for seq in (15, 16, 20):
        world.edit(seq, lambda tree: {**tree, "payload": {}}, node="dongsheng")

    found = world.audit(frozenset({Layer.RECEIPTS}))

    assert [one.place for one in found if one.code == "digest"] == ["dongsheng#11-20"]


# Increments and reports


def test_an_increment_goes_on_where_a_walk_ended():
    world = two_stations()
    audit = Audit(Start())
    audit.expect(world.checkpoints)
    assert audit.feed(world.rows[:25]) == []
    half = World()
    half.rows = world.rows[:25]
    half.settle()

    rest = Audit(Start(heads=tuple(half.heads.values()), log=half.log))
    rest.expect(world.checkpoints)

    for one in (audit, rest):
        assert one.feed(world.rows[25:]) == []
        assert one.standing(world.heads.values(), world.log) == []
        assert one.walked == 60


def test_an_increment_sees_what_was_changed_before_it_was_looked_at():
    world = two_stations()
    half = World()
    half.rows = world.rows[:25]
    half.settle()
    rest = Audit(Start(heads=tuple(half.heads.values()), log=half.log))
    rest.expect(world.checkpoints)
    world.edit(18, lambda tree: {**tree, "payload": {}}, fix_column=True)

    found = rest.feed(world.rows[25:])

    assert {(one.layer, one.place) for one in found} >= {
        (Layer.CHAIN, "linhe#18-19"),
        (Layer.TREE, "linhe#16-20"),
    }


def test_findings_keep_the_first_of_a_kind_and_count_the_rest():
    def one(node, index, code="gap"):
        seq = None if index is None else index + 1
        return Discrepancy(layer=Layer.CHAIN, node=node, seq=seq, code=code, index=index)

    findings = Findings()
    findings.add([one("b", 7), one("b", 8)])
    findings.add([one("a", 3), one("b", 9), one("", None)])

    assert [(first.node, first.seq, count) for first, count in findings.all()] == [
        ("a", 4, 1),
        ("b", 8, 3),
        ("", None, 1),
    ]
