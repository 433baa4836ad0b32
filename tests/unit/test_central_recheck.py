"""The centre's second look at a finding of a day before any law that is kept."""

from datetime import UTC, date, datetime

from central.application.recheck import VERDICT_DIFFERS, Found, Recheck
from station.contract.permits import Transport
from station.domain.units import Kg
from station.rules.decide import decide_or_refer
from station.rules.facts import Facts
from station.rules.lawbook import lawbook
from station.rules.verdict import to_record

BATTERY_DEAD = date(2000, 1, 1)


def found(**changed):
    facts = Facts(occurred_on=BATTERY_DEAD, vehicle=None, gross=Kg(60_000))
    record = to_record(decide_or_refer(facts, lawbook()))
    return Found(
        gross_kg=60_000,
        transport=Transport(
            node="linhe",
            plate="蒙L12345",
            trailer=None,
            on=BATTERY_DEAD,
            at=datetime(2000, 1, 1, 4, tzinfo=UTC),
        ),
        mode="resident",
        vehicle=None,
        verdict={**record, **changed},
    )


def test_for_people_is_what_the_centre_finds_too():
    assert Recheck(lawbook())(found()) is None


def test_lawful_is_not():
    difference = Recheck(lawbook())(found(verdict="lawful"))
    assert difference is not None
    assert (difference.code, difference.detail) == (VERDICT_DIFFERS, "verdict")
