"""A permit makes a transport lawful on its days, its route and with its trailer, and no other."""

from datetime import UTC, date, datetime, timedelta

import pytest

from station.contract.entries import Permit, PermitAnswer
from station.contract.permits import Transport, chosen, is_same, permit_facts
from station.rules.facts import PermitNote
from station.rules.lawbook import lawbook

PLATE, TRAILER = "蒙L12345", "蒙L1234挂"
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


def permit(number="蒙超1", **changed):
    values = {
        "permit_no": number,
        "plate": PLATE,
        "gross_kg": 70_000,
        "route": "G110 临河—五原",
        "first_on": "2026-03-10",
        "last_on": "2026-03-12",
        "revoked": False,
        "stations": ["linhe"],
        "trailer": TRAILER,
    }
    return Permit(**{**values, **changed})


def transport(**changed):
    values = {
        "node": "linhe",
        "plate": PLATE,
        "trailer": TRAILER,
        "on": date(2026, 3, 10),
        "at": NOON,
    }
    return Transport(**{**values, **changed})


def asked(held, of, as_of="2026-03-10T03:59:00.000Z"):
    return permit_facts(PermitAnswer(as_of=as_of, permit=held), of, lawbook())


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"on": date(2026, 3, 9)}, PermitNote.OTHER_DAYS),
        ({"on": date(2026, 3, 10)}, None),
        ({"on": date(2026, 3, 12)}, None),
        ({"on": date(2026, 3, 13)}, PermitNote.OTHER_DAYS),
        ({"node": "hailiutu"}, PermitNote.OTHER_ROUTE),
        ({"trailer": "蒙L9999挂"}, PermitNote.OTHER_TRAILER),
        ({"trailer": None}, PermitNote.TRAILER_UNREAD),
    ],
)
def test_a_permit_is_for_its_days_route_and_trailer(changed, note):
    of = transport(**changed)
    found = asked(chosen([(7, permit())], of), of)
    assert found.gross == (70_000 if note is None else None)
    assert found.notes == (() if note is None else (note,))


def test_a_route_told_in_words_alone_is_for_a_person():
    of = transport()
    found = asked(chosen([(7, permit(stations=[]))], of), of)
    assert (found.gross, found.notes) == (70_000, (PermitNote.ROUTE_IN_WORDS,))


def test_a_permit_that_names_no_trailer_is_for_any():
    of = transport(trailer=None)
    assert asked(chosen([(7, permit(trailer=""))], of), of).gross == 70_000


def test_another_plates_permit_is_nobodys_here():
    of = transport()
    held = chosen([(7, permit(plate="蒙L99999"))], of)
    assert asked(held, of).gross is None


def test_of_several_the_fitting_one_that_allows_most_counts():
    told = [
        (9, permit("三", first_on="2026-03-11")),
        (8, permit("二", gross_kg=60_000)),
        (7, permit("一", gross_kg=65_000)),
    ]
    assert chosen(told, transport()).permit_no == "一"
    assert chosen(told[:1], transport()).permit_no == "三"
    assert chosen([], transport()) is None


@pytest.mark.parametrize(
    ("ago", "known"), [(timedelta(hours=24), True), (timedelta(hours=24, milliseconds=1), False)]
)
def test_what_the_centre_said_counts_for_a_day(ago, known):
    as_of = (NOON - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    notes = () if known else (PermitNote.UNCHECKED,)
    assert asked(None, transport(), as_of).notes == notes


def test_who_never_heard_of_the_centre_knows_of_no_permit():
    assert asked(None, transport(), "").notes == (PermitNote.UNCHECKED,)


def test_nobody_asked_is_nothing_known():
    assert permit_facts(None, transport(), lawbook()).notes == ()


def test_a_clock_that_fell_back_before_any_law_says_nothing_of_permits():
    of = transport(on=date(2000, 1, 1))
    assert asked(None, of, "").notes == ()


def test_the_centre_takes_what_it_told_itself_and_no_other_entry():
    held = chosen([(7, permit())], transport())
    assert is_same(held, 7, permit())
    assert not is_same(held, 8, permit())
    assert not is_same(held, 7, permit(gross_kg=69_999))
    assert not is_same(held, 7, permit(revoked=True))
