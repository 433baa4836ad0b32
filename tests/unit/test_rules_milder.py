"""从旧兼从轻, shown on law books that differ from the real one by a later day."""

from dataclasses import replace
from datetime import date

import pytest

from station.domain.units import Kg
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.facts import Facts, Mode
from station.rules.lawbook import LawBook, package_files
from station.rules.verdict import Outcome

ACT, DECISION = date(2026, 12, 31), date(2027, 1, 1)


def law_with(**later):
    """Return the law with one value more for each file named, from 2027-01-01."""
    law = package_files()
    for key, value in later.items():
        name = key.replace("__", "/") + ".yaml"
        head, note, tail = law[name].decode().partition("\nnote:")
        head = head.rstrip("\n")
        head += f"\n  2027-01-01: {{value: {value}, source: 某令, confidence: seen}}\n"
        law[name] = (head + (note.lstrip("\n") + tail if note else "")).encode()
    return LawBook(law)


def judged(law, gross, mode=Mode.RESIDENT, decided_on=DECISION, **known):
    drawn = DRAWINGS["TR-06-A/6x4"].vehicle
    # Spacings that nobody measured: the axle limits then cap nothing.
    axles = tuple(replace(axle, to_next=None) for axle in drawn.axles)
    vehicle = replace(drawn, axles=axles, **known)
    facts = Facts(
        occurred_on=ACT, decided_on=decided_on, vehicle=vehicle, gross=Kg(gross), mode=mode
    )
    return decide(facts, law)


FULL = {"registered_gross": Kg(49_000), "approved_load": Kg(34_000), "kerb": Kg(15_000)}


@pytest.mark.parametrize(
    ("limit", "gross", "outcome", "applied"),
    [
        (50_000, 49_500, Outcome.RELEASE, "decision"),
        (50_000, 50_500, Outcome.WARNING, "decision"),
        (48_000, 49_000, Outcome.RELEASE, "act"),
        (48_000, 49_500, Outcome.WARNING, "act"),
        (50_000, 48_000, Outcome.RELEASE, "act"),
    ],
)
def test_a_later_limit_counts_only_when_it_is_milder(limit, gross, outcome, applied):
    verdict = judged(law_with(limit__annex__tr_06_a=limit), gross, **FULL)
    assert (verdict.outcome, verdict.law_applied) == (outcome, applied)


def test_a_later_limit_that_lifts_the_violation_counts_though_facts_for_a_fine_are_missing():
    verdict = judged(law_with(limit__annex__tr_06_a=50_000), 50_500)
    assert (verdict.outcome, verdict.law_applied) == (Outcome.WARNING, "decision")
    assert not any(code.startswith("milder_law") for code in verdict.review)


def test_before_the_later_day_there_is_nothing_to_compare():
    law = law_with(limit__annex__tr_06_a=50_000)
    assert judged(law, 49_500, decided_on=ACT).outcome is Outcome.WARNING
    assert judged(law, 49_500, decided_on=None).outcome is Outcome.WARNING


def test_a_later_fine_of_the_road_administration_counts_when_it_is_lower():
    alone = Mode.ROAD_ADMIN_ALONE
    lower = judged(law_with(penalty__road_admin__per_1000kg=400), 52_000, alone)
    higher = judged(law_with(penalty__road_admin__per_1000kg=600), 52_000, alone)
    assert (lower.road_admin.fine_yuan, lower.law_applied) == (1200, "decision")
    assert (higher.road_admin.fine_yuan, higher.law_applied) == (1500, "act")


def test_a_later_fine_of_an_authority_that_may_not_fine_changes_nothing():
    verdict = judged(law_with(penalty__road_admin__per_1000kg=400), 52_000, **FULL)
    assert (verdict.road_admin.reference_yuan, verdict.law_applied) == (1500, "act")


def test_where_each_law_is_milder_in_one_respect_the_law_of_the_act_stands_and_is_told():
    law = law_with(points__overload_lower=2, penalty__police__overload_lower__max=400)
    verdict = judged(law, 52_000, **FULL)
    assert (verdict.police.points, verdict.police.fine_yuan) == (1, (200, 500))
    assert verdict.law_applied == "act"
    assert "milder_law.mixed" in verdict.review


def test_more_points_or_a_higher_band_later_do_not_count():
    for later in ({"points__overload_lower": 2}, {"penalty__police__overload_lower__max": 600}):
        verdict = judged(law_with(**later), 52_000, **FULL)
        assert (verdict.police.points, verdict.police.fine_yuan) == (1, (200, 500))
        assert verdict.law_applied == "act"
        assert not any(code.startswith("milder_law") for code in verdict.review)


def test_a_lower_band_later_counts():
    verdict = judged(law_with(penalty__police__overload_lower__max=400), 52_000, **FULL)
    assert (verdict.police.fine_yuan, verdict.law_applied) == ((200, 400), "decision")


def test_an_edition_where_single_tyres_count_once_says_so():
    vehicle = DRAWINGS["TR-06-A/6x4-single"].vehicle
    facts = Facts(occurred_on=DECISION, vehicle=replace(vehicle), gross=Kg(46_000))
    verdict = decide(facts, law_with(limit__single_tyre__mode="once"))
    assert (verdict.limit, verdict.outcome) == (46_000, Outcome.RELEASE)
    assert verdict.review == ("C4.single_tyre_mode",)


@pytest.mark.parametrize(
    ("changes", "gross", "outcome"),
    [
        ({"limit__contested_band": "annex"}, 43_500, Outcome.VIOLATION),
        ({"limit__contested_band": "annex"}, 43_000, Outcome.WARNING),
    ],
)
def test_an_edition_can_settle_the_contested_bands(changes, gross, outcome):
    vehicle = DRAWINGS["TR-05-A/4x2"].vehicle
    facts = Facts(occurred_on=DECISION, vehicle=vehicle, gross=Kg(gross))
    assert decide(facts, law_with(**changes)).outcome is outcome


def test_an_edition_can_round_part_tonnes_up():
    law = law_with(penalty__road_admin__partial_tonne="ceil")
    for gross, fine in ((50_001, 1000), (51_000, 1000), (51_001, 1500)):
        facts = Facts(
            occurred_on=DECISION,
            vehicle=DRAWINGS["TR-06-A/6x4"].vehicle,
            gross=Kg(gross),
            mode=Mode.OFFSITE,
        )
        assert decide(facts, law).road_admin.fine_yuan == fine


@pytest.mark.parametrize(
    ("key", "facts", "limit"),
    [
        ("limit__posted", {"posted_limit": Kg(20_000)}, 18_000),
        ("limit__registered__two_axle_truck", {}, 18_000),
    ],
)
def test_an_edition_can_ignore_a_cap(key, facts, limit):
    vehicle = replace(DRAWINGS["TR-02/4x2"].vehicle, registered_gross=Kg(12_000))
    known = Facts(occurred_on=DECISION, vehicle=vehicle, gross=Kg(5000), **facts)
    law = law_with(**{key: "ignored", "limit__registered__two_axle_truck": "ignored"})
    assert decide(known, law).limit == limit


def test_an_edition_that_has_read_the_axle_limits_settles_by_them():
    law = package_files()
    for name, text in law.items():
        if name.startswith("limit/gb1589/"):
            law[name] = text.replace(b"confidence: recalled", b"confidence: seen")
    vehicle = DRAWINGS["TR-06-A/6x4"].vehicle
    close = tuple(replace(axle, to_next=axle.to_next and 1300) for axle in vehicle.axles)
    facts = Facts(occurred_on=ACT, vehicle=replace(vehicle, axles=close), gross=Kg(47_001))

    verdict = decide(facts, LawBook(law))

    assert (verdict.outcome, verdict.limit, verdict.excess) == (Outcome.VIOLATION, 46_000, 1_001)
    assert verdict.reasons[1].confidence == "seen"


def test_a_band_that_ends_where_the_simple_procedure_ends_needs_no_general_one():
    for highest, general in ((200, False), (201, True)):
        law = law_with(penalty__police__overload_lower__max=highest)
        verdict = judged(law, 52_000, **FULL)
        assert verdict.law_applied == "decision"
        assert verdict.police.general_procedure is general


def test_an_edition_that_counts_exactly_thirty_per_cent_downwards():
    law = law_with(points__boundary="lower")
    known = {"registered_gross": Kg(40_000), "approved_load": Kg(34_000), "kerb": Kg(15_000)}
    assert judged(law, 52_000, **known).police.points == 1
    assert judged(law, 52_001, **known).police.points == 3


def test_a_later_law_that_asks_a_person_is_milder_than_a_violation():
    law = package_files()
    name = "limit/contested_band.yaml"
    text = law[name].decode()
    added = "  2027-01-01: {value: needs_review, source: 某令, confidence: seen}\n"
    text = text.replace("value: needs_review", "value: annex", 1)
    head, note, tail = text.partition("\nnote:")
    law[name] = (head.rstrip("\n") + "\n" + added + note.lstrip("\n") + tail).encode()
    # No masses of its own are exceeded: nothing but the outcome differs.
    free = {"registered_gross": Kg(60_000), "approved_load": Kg(50_000), "kerb": Kg(10_000)}
    facts = Facts(
        occurred_on=ACT,
        vehicle=replace(DRAWINGS["TR-05-A/4x2"].vehicle, **free),
        gross=Kg(43_500),
    )
    book = LawBook(law)

    assert decide(facts, book).outcome is Outcome.VIOLATION
    verdict = decide(replace(facts, decided_on=DECISION), book)
    assert (verdict.outcome, verdict.law_applied) == (Outcome.NEEDS_REVIEW, "decision")
