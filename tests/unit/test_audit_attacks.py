"""The attack table: what each layer of the audit, run alone, sees of each attack.

100 entries of one station; the centre's checkpoints at 60 and 90 are in a witness's hands; the
station keeps a receipt for every entry.
"""

from datetime import timedelta

import pytest

from central.domain.auditing.values import Layer
from tests.fakes import FakeClock
from tests.migration.central_kit import FakeStation
from tests.unit.audit_world import World

CHAIN, SIGNATURE, HIGH_WATER, TREE, WITNESS, RECEIPTS, TIME_ORDER = (
    Layer.CHAIN,
    Layer.SIGNATURE,
    Layer.HIGH_WATER,
    Layer.TREE,
    Layer.WITNESS,
    Layer.RECEIPTS,
    Layer.TIME_ORDER,
)
SECOND = timedelta(seconds=1)
LIGHTER_KG = 48_000


def weigh(world, station, numbers):
    for number in numbers:
        world.accept(station.weigh(f"p{number}"))
        station.clock.move(20 * SECOND)
        if number in {60, 90}:
            world.sign_checkpoint(witnessed=True)


@pytest.fixture
def scene():
    station = FakeStation(clock=FakeClock())
    world = World(station)
    weigh(world, station, range(1, 101))
    return world, station


def lighter(tree):
    weighing = {**tree["payload"]["weighing"], "gross_kg": LIGHTER_KG}
    return {**tree, "payload": {**tree["payload"], "weighing": weighing}}


def edit_a_weight(world, _station):
    world.edit(50, lighter)


def edit_and_rechain_without_the_key(world, _station):
    world.edit(50, lighter, fix_column=True)
    world.rechain(50)


def edit_and_rechain_with_a_stolen_key(world, station):
    sign = station.sealer.signer.sign
    world.edit(50, lighter, sign=sign, fix_column=True)
    world.rechain(50, sign)


def the_same_after_the_last_checkpoint(world, station):
    sign = station.sealer.signer.sign
    world.edit(95, lighter, sign=sign, fix_column=True)
    world.rechain(95, sign)


def delete_in_the_middle(world, _station):
    del world.rows[world.at(50)]


def delete_the_last_five(world, _station):
    del world.rows[-5:]


def append_a_back_dated_entry(world, station):
    now_ms = world.rows[-1].received_ms + 20_000
    station.clock.move(timedelta(days=-2))
    world.accept(station.weigh("back-dated"), now_ms)


def roll_the_station_back(world, station):
    """Its entries 81 to 100 come again, others, and took the old ones' places."""
    station.entries = station.entries[:80]
    receipts, checkpoints = list(world.receipts), list(world.checkpoints)
    del world.rows[80:]
    world.settle()
    weigh(world, station, range(181, 201))
    world.receipts, world.checkpoints = receipts, checkpoints


def delete_the_last_five_and_set_the_heads_back(world, _station):
    del world.rows[-5:]
    world.settle()


def change_the_time_of_receipt(world, _station):
    at = world.at(50)
    world.rows[at] = world.rows[at]._replace(received_ms=world.rows[at].received_ms + 1000)


def move_an_entry_to_another_station(world, _station):
    at = world.at(50)
    world.rows[at] = world.rows[at]._replace(node="dongsheng")


# Who raises the alarm, out of seven. The first eight rows are those of the design; "more" are
# alarms that our layers give beyond it:
# - an edited weight: signatures are checked over the bytes, not over a stored hash, and leaves are
#   hashed from the bytes too, so signature, tree and witness see it as well;
# - a rolled-back station is seen at the first upload already (a fork); here the new entries are
#   in the tables instead of the old ones, as if somebody had put them there.
ATTACKS = {
    edit_a_weight: (50, {CHAIN, RECEIPTS}, {SIGNATURE, WITNESS, TREE}),
    edit_and_rechain_without_the_key: (50, {SIGNATURE, WITNESS, RECEIPTS}, {TREE}),
    edit_and_rechain_with_a_stolen_key: (50, {WITNESS, RECEIPTS}, {TREE}),
    the_same_after_the_last_checkpoint: (95, {RECEIPTS}, set()),
    delete_in_the_middle: (50, {CHAIN, HIGH_WATER, WITNESS, RECEIPTS}, {TREE}),
    delete_the_last_five: (96, {HIGH_WATER, RECEIPTS}, set()),
    append_a_back_dated_entry: (101, {TIME_ORDER}, set()),
    roll_the_station_back: (81, {WITNESS, RECEIPTS}, {TREE}),
    # Not in the design's table.
    delete_the_last_five_and_set_the_heads_back: (96, {RECEIPTS}, set()),
    change_the_time_of_receipt: (50, {WITNESS, RECEIPTS, TREE}, set()),
    move_an_entry_to_another_station: (50, {CHAIN}, set()),
}


def alone(world, layer):
    return world.audit(frozenset({layer}))


@pytest.mark.parametrize("layer", Layer, ids=lambda layer: layer.value)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_layer_alone_sees_of_an_attack_what_the_table_says(scene, attack, layer):
    world, station = scene
    seq, alarms, more = ATTACKS[attack]
    attack(world, station)

    found = alone(world, layer)

    named = [one for one in found if one.node == "linhe" and one.seq is not None]
    if layer in alarms | more:
        assert any(one.seq <= seq <= (one.last or one.seq) for one in named)
        assert {one.layer for one in found} == {layer}
    else:
        assert named == []


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_all_layers_together_name_the_node_and_the_place(scene, attack):
    world, station = scene
    seq, _, _ = ATTACKS[attack]
    attack(world, station)

    found = world.audit()

    exact = [one for one in found if one.seq is not None and one.last in {None, one.seq}]
    assert any((one.node, one.seq) == ("linhe", seq) for one in exact)


def test_nothing_is_said_of_an_honest_ledger(scene):
    world, _ = scene

    assert world.audit() == []
