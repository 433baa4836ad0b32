from dataclasses import replace
from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from station.domain.units import Kg, Mm
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind
from station.rules.configuration import DRAWINGS
from station.rules.decide import decide
from station.rules.facts import Facts, Mode
from station.rules.lawbook import lawbook
from station.rules.records import facts_from_record, facts_record
from station.rules.verdict import Outcome, to_record

SEVERITY = {
    Outcome.RELEASE: 0,
    Outcome.PERMITTED: 0,
    Outcome.WARNING: 1,
    Outcome.NEEDS_REVIEW: 2,
    Outcome.VIOLATION: 3,
}
BASE = {2: 18_000, 3: 27_000, 4: 37_000, 5: 43_000}
MASS = st.integers(1, 100_000).map(Kg)
DAYS = st.dates(date(2019, 12, 17), date(2027, 12, 31))


@st.composite
def axles_of(draw, unit, count, group):
    axles = []
    for at in range(count):
        group += at > 0 and draw(st.booleans())
        axles.append(
            Axle(
                unit=unit,
                group=group,
                driven=unit is Unit.MOTOR and draw(st.booleans()),
                tyres=draw(st.sampled_from([*Tyres, None])),
                to_next=draw(st.none() | st.integers(900, 2500)),
            )
        )
    return axles


@st.composite
def vehicles(draw):
    kind = draw(st.sampled_from(VehicleKind))
    motor = draw(axles_of(Unit.MOTOR, draw(st.integers(2, 4)), 1))
    with_trailer = {VehicleKind.ARTICULATED, VehicleKind.CENTRE_AXLE, VehicleKind.FULL_TRAILER}
    trailer = []
    if kind in with_trailer:
        trailer = draw(axles_of(Unit.TRAILER, draw(st.integers(1, 4)), motor[-1].group + 1))
    axles = [*motor, *trailer]
    axles[-1] = replace(axles[-1], to_next=None)
    maybe = st.none() | st.integers(1_000, 60_000).map(Kg)
    return Vehicle(
        kind=kind,
        axles=tuple(axles),
        air_suspension=draw(st.sampled_from([True, False, None])),
        registered_gross=draw(maybe),
        approved_load=draw(maybe),
        kerb=draw(maybe),
    )


def facts(vehicle, gross, **known):
    return Facts(**{"occurred_on": date(2026, 3, 1), "vehicle": vehicle, "gross": gross, **known})


@given(vehicles(), MASS, MASS, st.sampled_from(Mode), st.none() | MASS)
def test_more_weight_is_never_more_lawful(vehicle, one, other, mode, posted):
    light, heavy = sorted([one, other])
    lighter, heavier = (
        decide(facts(vehicle, gross, mode=mode, posted_limit=posted), lawbook())
        for gross in (light, heavy)
    )
    assert SEVERITY[lighter.outcome] <= SEVERITY[heavier.outcome]
    assert lighter.limit == heavier.limit
    assert (lighter.excess or 0) <= (heavier.excess or 0)
    assert (lighter.road_admin.fine_yuan or 0) <= (heavier.road_admin.fine_yuan or 0)


@given(vehicles(), MASS, MASS, MASS)
def test_more_weight_is_never_more_lawful_with_a_permit(vehicle, permit, one, other):
    light, heavy = sorted([one, other])
    outcomes = [
        decide(facts(vehicle, gross, permit_gross=permit), lawbook()).outcome
        for gross in (light, heavy)
    ]
    assert SEVERITY[outcomes[0]] <= SEVERITY[outcomes[1]]


@given(vehicles(), MASS, st.none() | MASS)
def test_a_limit_is_never_above_the_drawing_and_its_adjustments(vehicle, gross, posted):
    verdict = decide(facts(vehicle, gross, posted_limit=posted), lawbook())
    assume(verdict.limit is not None)

    changes = [reason.kg for reason in verdict.reasons if reason.effect in ("base", "adjust")]
    caps = [reason.kg for reason in verdict.reasons if reason.effect == "cap"]
    assert verdict.limit == min([sum(changes), *caps])
    assert sum(reason.effect == "base" for reason in verdict.reasons) == 1
    assert verdict.limit > 0
    if posted is not None:
        assert verdict.limit <= posted
    if verdict.configuration is not None:
        highest = BASE.get(len(vehicle.axles), 49_000)
        highest = 32_000 if verdict.configuration == "TR-04-R" else highest
        highest = 26_000 if verdict.configuration == "TR-03-R" else highest
        assert verdict.limit <= highest


@given(vehicles(), MASS)
def test_air_suspension_never_lowers_a_limit(vehicle, gross):
    without, having = (
        decide(facts(replace(vehicle, air_suspension=air), gross), lawbook())
        for air in (False, True)
    )
    assert (without.limit is None) == (having.limit is None)
    assert (without.limit or 0) <= (having.limit or 0)


@given(vehicles(), MASS)
def test_dual_tyres_never_lower_a_limit(vehicle, gross):
    def with_tyres(tyres):
        axles = tuple(
            replace(axle, tyres=tyres) if axle.unit is Unit.TRAILER else axle
            for axle in vehicle.axles
        )
        return decide(facts(replace(vehicle, axles=axles), gross), lawbook())

    single, dual = with_tyres(Tyres.SINGLE), with_tyres(Tyres.DUAL)
    assert (single.limit or 0) <= (dual.limit or 0)


@given(vehicles(), MASS, MASS)
def test_a_permit_is_never_to_the_drivers_harm(vehicle, gross, permit):
    bare = decide(facts(vehicle, gross), lawbook())
    permitted = decide(facts(vehicle, gross, permit_gross=permit), lawbook())
    assert SEVERITY[permitted.outcome] <= SEVERITY[bare.outcome]
    assert (permitted.outcome is Outcome.PERMITTED) == (gross <= permit)


@given(vehicles(), MASS, st.sampled_from(Mode))
def test_what_is_not_known_never_settles_a_violation_that_knowing_would_lift(vehicle, gross, mode):
    def outcome(air):
        known = replace(vehicle, air_suspension=air)
        return decide(facts(known, gross, mode=mode), lawbook()).outcome

    settled = outcome(None) is Outcome.VIOLATION
    lifted = {outcome(True), outcome(False)} & {Outcome.RELEASE, Outcome.WARNING}
    assert not (settled and lifted)


@given(
    st.none() | vehicles(),
    MASS,
    DAYS,
    st.none() | st.integers(0, 4000),
    st.sampled_from(Mode),
)
def test_a_verdict_is_recomputed_from_its_stored_facts(vehicle, gross, day, later, mode):
    known = facts(
        vehicle,
        gross,
        occurred_on=day,
        decided_on=None if later is None else date.fromordinal(day.toordinal() + later),
        mode=mode,
        height=Mm(gross),
        length=Mm(gross),
    )
    again = facts_from_record(facts_record(known))
    assert again == known
    assert to_record(decide(again, lawbook())) == to_record(decide(known, lawbook()))


@given(vehicles(), MASS, st.integers(0, 2000))
def test_the_law_of_the_decision_is_applied_only_when_it_is_milder(vehicle, gross, later):
    act_day = date(2022, 3, 1)
    decided = date.fromordinal(act_day.toordinal() + later)
    act = decide(facts(vehicle, gross, occurred_on=act_day), lawbook())
    decision = decide(facts(vehicle, gross, occurred_on=decided), lawbook())

    applied = decide(facts(vehicle, gross, occurred_on=act_day, decided_on=decided), lawbook())

    if applied.law_applied == "decision":
        assert applied.police.points == decision.police.points < act.police.points
    else:
        assert applied.police.points == act.police.points


@given(st.sampled_from(list(DRAWINGS.values())), MASS)
def test_only_one_authority_fines(drawing, gross):
    vehicle = replace(drawing.vehicle, approved_load=Kg(20_000), kerb=Kg(10_000))
    for mode in Mode:
        verdict = decide(facts(vehicle, gross, mode=mode), lawbook())
        fined = (verdict.police.fine_yuan is not None, verdict.road_admin.fine_yuan is not None)
        assert fined != (True, True)
        assert fined[0] <= (verdict.penalty_authority == "police")
        assert fined[1] <= (verdict.penalty_authority == "road_admin")
