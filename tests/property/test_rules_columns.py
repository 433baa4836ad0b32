"""The columns say what the scalar core says, row by row."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.domain.errors import NoLawInForce
from station.domain.units import Kg, Mm
from station.rules.batch import BLOCK, CODE_OF, MODES, Code, Columns, Judge
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.facts import Exemption, Facts, Mode
from station.rules.lawbook import LawBook, lawbook, package_files
from tests.property.test_rules_verdict import vehicles

EPOCH = date(1970, 1, 1).toordinal()
FIRST, LAST = date(2016, 9, 18), date(2027, 6, 30)
EXEMPT = (None, Exemption.REFRIGERATED, Exemption.SPECIAL_PURPOSE)


def scalar(vehicle_list, columns, row, law):
    """Decide one row of *columns* with the scalar core: limit, excess, code."""

    def value(name):
        column = getattr(columns, name)
        return None if column is None or not column[row] else int(column[row])

    vehicle = vehicle_list[columns.vehicle[row]]
    if vehicle is not None and value("registered") is not None:
        vehicle = replace(vehicle, registered_gross=Kg(value("registered")))
    facts = Facts(
        occurred_on=date.fromordinal(EPOCH + int(columns.day[row])),
        vehicle=vehicle,
        gross=Kg(int(columns.gross[row])),
        mode=MODES[columns.mode[row]] if columns.mode is not None else Mode.RESIDENT,
        posted_limit=value("posted"),
        permit_gross=value("permit"),
        exempt=EXEMPT[value("exempt") or 0],
        height=value("height"),
        width=value("width"),
        length=value("length"),
    )
    try:
        verdict = decide(facts, law)
    except NoLawInForce:
        return None, None, Code.NO_LAW
    return verdict.limit or 0, verdict.excess or 0, CODE_OF[verdict.outcome]


def assert_equal(vehicle_list, columns, law):
    found = Judge(law, vehicle_list).verdicts(columns)
    for row in range(len(columns)):
        limit, excess, code = scalar(vehicle_list, columns, row, law)
        assert Code(found.code[row]) is code, (row, vehicle_list[columns.vehicle[row]])
        if code is not Code.NO_LAW:
            assert (found.limit[row], found.excess[row]) == (limit, excess)
    return found


def drawn_columns(rng, count, vehicle_count, *, optional=True):
    """Draw *count* rows; masses crowd where limits, tolerances and ratios lie."""
    days = rng.integers(FIRST.toordinal() - EPOCH, LAST.toordinal() - EPOCH, count, np.int32)
    edges = rng.choice(np.arange(8_000, 56_000, 500), count)
    edges = np.where(rng.random(count) < 0.2, edges * 1050 // 1000, edges)
    gross = (edges + rng.integers(-2, 3, count)).astype(np.int32)
    gross = np.where(rng.random(count) < 0.2, rng.integers(1, 200_000, count), gross)

    def maybe(values, share=0.2):
        return np.where(rng.random(count) < share, values, 0).astype(np.int32)

    more = {}
    if optional:
        more = {
            "mode": rng.integers(0, len(MODES), count, dtype=np.uint8),
            "posted": maybe(rng.integers(5, 60, count) * 1000),
            "permit": maybe(gross + rng.integers(-1, 2, count)),
            "registered": maybe(rng.integers(3, 40, count) * 500),
            "height": maybe(rng.integers(3999, 4002, count)),
            "width": maybe(rng.integers(2549, 2603, count)),
            "length": maybe(rng.integers(18_099, 18_103, count)),
            "exempt": rng.integers(0, 3, count, dtype=np.uint8),
        }
    return Columns(
        day=days,
        vehicle=rng.integers(0, vehicle_count, count, dtype=np.uint16),
        gross=np.maximum(gross, 1).astype(np.int32),
        **more,
    )


def known_vehicles():
    drawn = [drawing.vehicle for drawing in DRAWINGS.values()]
    unsure = [replace(one, air_suspension=None) for one in drawn]
    no_tyres = [
        replace(one, axles=tuple(replace(axle, tyres=None) for axle in one.axles)) for one in drawn
    ]
    heavy = [replace(one, registered_gross=Kg(17_500)) for one in drawn[:3]]
    return (None, *drawn, *unsure, *no_tyres, *heavy)


@pytest.mark.parametrize("optional", [False, True])
def test_a_large_random_sample_is_decided_alike(optional):
    rng = np.random.default_rng(20260301)
    held = known_vehicles()
    columns = drawn_columns(rng, BLOCK // 4, len(held), optional=optional)
    found = assert_equal(held, columns, lawbook())

    seen = {Code(code) for code in np.unique(found.code)}
    assert seen >= set(Code) - ({Code.PERMITTED} if not optional else set())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(st.lists(st.none() | vehicles(), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_any_vehicle_is_decided_alike(held, seed):
    columns = drawn_columns(np.random.default_rng(seed), 60, len(held))
    assert_equal(tuple(held), columns, lawbook())


def changed_law(**files):
    held = dict(package_files())
    for name, (old, new) in files.items():
        path = name.replace("__", "/") + ".yaml"
        assert old.encode() in held[path]
        held[path] = held[path].replace(old.encode(), new.encode())
    return LawBook(held)


@pytest.mark.parametrize(
    "law",
    [
        changed_law(tolerance__station_warn=("1000", "1500")),
        changed_law(limit__axle_sum=("value: caps", "value: ignored")),
        changed_law(limit__contested_band=("value: needs_review", "value: annex")),
    ],
    ids=["tolerance", "no axle sum", "the annex stands"],
)
def test_another_edition_is_decided_alike(law):
    held = known_vehicles()
    columns = drawn_columns(np.random.default_rng(7), 3_000, len(held))
    assert_equal(held, columns, law)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 60_000), st.integers(1, 60_000))
def test_order_and_blocks_change_nothing(count, cut):
    rng = np.random.default_rng(count)
    held = (None, DRAWINGS["TR-02/4x2"].vehicle, DRAWINGS["TR-06-A/6x4"].vehicle)
    columns = drawn_columns(rng, count, len(held), optional=False)
    whole = Judge(lawbook(), held).verdicts(columns)
    judge = Judge(lawbook(), held)
    cut = min(cut, count)
    parts = [judge.verdicts(columns.part(0, cut)), judge.verdicts(columns.part(cut, count))]
    for name in ("limit", "excess", "code"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name))


def test_the_widths_of_both_exemptions_are_told_apart():
    held = (DRAWINGS["TR-02/4x2"].vehicle,)
    width = np.array([2550, 2551, 2600, 2601, 2601], np.int32)
    columns = Columns(
        day=np.full(5, date(2026, 3, 1).toordinal() - EPOCH, np.int32),
        vehicle=np.zeros(5, np.uint16),
        gross=np.full(5, 10_000, np.int32),
        width=width,
        exempt=np.array([0, 0, 1, 1, 2], np.uint8),
    )
    found = Judge(lawbook(), held).verdicts(columns)
    assert [Code(code).name for code in found.code] == [
        "LAWFUL",
        "VIOLATION",
        "LAWFUL",
        "VIOLATION",
        "LAWFUL",
    ]
    assert Mm(int(width[0])) == 2550
