"""Every clock of a case on its edge: the hour or day before it is over, and when it is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.domain.case import Case
from station.domain.clock import CHINA, local_date
from station.domain.errors import CalendarUnknown, InvalidFacts
from station.domain.officers import Role
from station.domain.procedure import RULES, Act, By
from station.rules.clocks import Running, clocks
from station.rules.lawbook import lawbook
from station.rules.parameter import Confidence
from station.rules.surcharge import surcharge
from tests.acts import TO_DECISION, pair, role_of, said
from tests.fakes import NOON

LAW = lawbook()
FINE = 200_00


class Weekdays:
    """Monday to Friday work in 2026; other years are not published."""

    def is_working(self, day):
        if day.year != 2026:
            raise CalendarUnknown(year=day.year)
        return day.weekday() < 5


def case(penal=Role.POLICE):
    return Case(
        case_no="X1",
        violation_id="v",
        passage_id="v",
        plate="蒙L12345",
        opened_at=NOON,
        gross_kg=61000,
        limit_kg=49000,
        excess_kg=12000,
        penal=penal,
    )


def done(before, *acts, at=NOON, **over):
    """Return the case after *acts*, all at once; *over* replaces what the acts say."""
    for act in acts:
        details = said(act, fine=FINE, on=local_date(at))
        details |= {name: value for name, value in over.items() if name in details}
        if RULES[act].by is By.CENTRE:
            before = before.after_claim(act, at=at, details=details)
        else:
            by = pair(role_of(act))
            before = before.after(act, by=by, at=at, on=local_date(at), details=details)
    return before


def served(pay_by="2026-03-16"):
    return done(case(), *TO_DECISION, Act.TAKE_EFFECT, Act.SERVE, pay_by=pay_by)


def at_end_of(day):
    return datetime.combine(day, datetime.max.time(), CHINA).astimezone(UTC)


def named(file, key, at=NOON):
    return next((one for one in clocks(file, at, LAW, Weekdays()) if one.key == key), None)


ONE = timedelta(microseconds=1)
DETAINED = (Act.ORDER_TO_CORRECT, Act.DETAIN)
ASKED = (*TO_DECISION[:6], Act.ASK_HEARING)


@pytest.mark.parametrize(
    ("key", "acts", "hours", "then"),
    [
        ("deadline.report_detention", DETAINED, 24, Running.OVERDUE),
        ("deadline.hand_in_vehicle", DETAINED, 24, Running.OVERDUE),
        ("deadline.decide_clear_facts", TO_DECISION[:5], 24, Running.OVERDUE),
    ],
)
def test_a_clock_in_hours_runs_through_its_last_moment(key, acts, hours, then):
    file, end = done(case(), *acts), NOON + timedelta(hours=hours)
    assert named(file, key).due_at == end
    assert named(file, key, end).state is Running.RUNNING
    assert named(file, key, end + ONE).state is then


@pytest.mark.parametrize(
    ("key", "acts", "last", "then"),
    [
        # NOON is a Sunday, 1 March 2026, noon in China.
        ("deadline.general_case", (), date(2026, 6, 1), Running.OVERDUE),
        ("deadline.handle", DETAINED, date(2026, 3, 20), Running.OVERDUE),
        ("deadline.unclaimed_vehicle", DETAINED, date(2026, 3, 31), Running.OVERDUE),
        ("deadline.hearing_held_police", ASKED, date(2026, 3, 11), Running.OVERDUE),
        ("deadline.hearing_request", TO_DECISION[:6], date(2026, 3, 6), Running.LAPSED),
    ],
)
def test_a_clock_in_days_runs_through_its_last_day(key, acts, last, then):
    file = done(case(), *acts, hearing="due", hearing_until="2026-03-06")
    runs_through(file, key, last, then)


def runs_through(file, key, last, then):
    assert named(file, key).due_on == last
    assert named(file, key, at_end_of(last)).state is Running.RUNNING
    assert named(file, key, at_end_of(last) + ONE).state is then


def test_a_decision_is_served_within_seven_working_days():
    last = date(2026, 3, 10)
    runs_through(done(case(), *TO_DECISION), "deadline.service", last, Running.OVERDUE)


@pytest.mark.parametrize(
    ("key", "last", "then"),
    [
        ("deadline.pay", date(2026, 3, 16), Running.OVERDUE),
        ("deadline.reconsideration", date(2026, 4, 30), Running.LAPSED),
        ("deadline.litigation", date(2026, 9, 1), Running.LAPSED),
    ],
)
def test_what_service_begins(key, last, then):
    runs_through(served(), key, last, then)


def test_the_office_may_go_to_court_for_three_months_once_every_remedy_lapsed():
    lapse = date(2026, 9, 1)
    assert named(served(), "deadline.apply_to_court", at_end_of(lapse)) is None
    clock = named(served(), "deadline.apply_to_court", at_end_of(lapse) + ONE)
    assert (clock.began_on, clock.due_on) == (lapse, date(2026, 12, 1))
    assert named(served(), clock.key, at_end_of(clock.due_on) + ONE).state is Running.OVERDUE


def test_a_demand_waits_ten_days_and_stops_in_a_remedy():
    late = NOON + timedelta(days=20)
    file = done(served(), Act.DEMAND, at=late, answer_by="2026-03-31")
    assert named(file, "deadline.demand", late).state is Running.RUNNING
    assert named(file, "deadline.demand", at_end_of(date(2026, 4, 1))).state is Running.LAPSED
    stopped = done(file, Act.BEGIN_REMEDY, at=late)
    assert named(stopped, "deadline.demand", late).state is Running.SUSPENDED


def test_after_a_reconsideration_the_party_has_fifteen_days_for_the_court():
    began = done(served(), Act.BEGIN_REMEDY)
    assert named(began, "deadline.litigation").state is Running.SUSPENDED
    ended = done(began, Act.END_REMEDY, at=NOON + timedelta(days=20))
    assert named(ended, "deadline.litigation") is None
    clock = named(ended, "deadline.litigation_after_reconsideration")
    assert (clock.began_on, clock.due_on) == (date(2026, 3, 21), date(2026, 4, 6))


def test_what_is_done_is_met():
    file = done(served(), Act.PAY, amount_fen=FINE)
    met = {one.key for one in clocks(file, NOON, LAW, Weekdays()) if one.state is Running.MET}
    assert {"deadline.general_case", "deadline.decide_clear_facts", "deadline.service"} < met
    assert "deadline.pay" in met


def test_a_decision_that_is_changed_or_withdrawn_leaves_publication_in_three_working_days():
    file = done(served(), Act.WITHDRAW)
    assert named(file, "deadline.withdraw_published").due_on == date(2026, 3, 4)
    withdrawn = done(file, Act.WITHDRAW_PUBLISHED)
    assert named(withdrawn, "deadline.withdraw_published").state is Running.MET
    never_in_force = done(case(), *TO_DECISION, Act.WITHDRAW)
    assert named(never_in_force, "deadline.withdraw_published") is None


def test_a_closed_fine_is_copied_out_in_seven_working_days():
    file = done(served(), Act.PAY, Act.RELEASE, Act.CLOSE, amount_fen=FINE)
    clock = named(file, "procedure.copy_out", at_end_of(date(2026, 3, 11)))
    assert (clock.due_on, clock.state) == (date(2026, 3, 10), Running.OVERDUE)
    assert named(done(file, Act.COPY_OUT), "procedure.copy_out").state is Running.MET


@pytest.mark.parametrize(
    ("act", "key"),
    [
        (Act.REPORT_DETENTION, "deadline.report_detention"),
        (Act.HAND_IN_VEHICLE, "deadline.hand_in_vehicle"),
    ],
)
def test_what_a_detention_asks_of_the_police_is_recorded_once_and_met(act, key):
    file = done(case(), *DETAINED, act)
    assert named(file, key, NOON + timedelta(days=9)).state is Running.MET
    with pytest.raises(InvalidFacts):
        done(file, act)


def test_whether_a_detention_was_reported_cannot_be_recorded_once_the_truck_is_back():
    file = done(case(), *DETAINED, Act.BEGIN_UNLOADING, Act.RECHECK_CLEAR, Act.RETURN_VEHICLE)
    late = NOON + timedelta(hours=25)
    assert named(file, "deadline.report_detention", late).state is Running.UNRECORDED
    assert named(file, "deadline.hand_in_vehicle", late).state is Running.MET


def test_a_year_without_its_days_off_cannot_be_calculated_and_is_never_guessed():
    late = datetime(2026, 12, 30, 4, tzinfo=UTC)
    file = done(replace(case(), opened_at=late), *TO_DECISION, at=late)
    clock = named(file, "deadline.service", late)
    assert (clock.due_on, clock.state) == (None, Running.INCALCULABLE)
    # A clock in hours needs no calendar.
    assert named(file, "deadline.decide_clear_facts", late).due_at == late + timedelta(hours=24)


def test_a_basis_that_is_not_wholly_seen_says_so():
    assert named(case(), "deadline.general_case").confidence is Confidence.SEEN
    file = done(case(), *DETAINED)
    assert named(file, "deadline.hand_in_vehicle").confidence is Confidence.RECALLED


def test_road_administration_has_no_24_hours_of_the_police():
    file = replace(done(case(), *TO_DECISION[:5]), penal=Role.ROAD)
    assert named(file, "deadline.decide_clear_facts") is None


def test_the_surcharge_begins_the_day_after_the_last_day_to_pay_and_ends_at_the_fine():
    assert surcharge(served(), date(2026, 3, 16), LAW) is None
    first = surcharge(served(), date(2026, 3, 17), LAW)
    assert (first.amount_fen, first.days, first.cap_fen) == (FINE * 3 // 100, 1, FINE)
    assert surcharge(served(), date(2026, 4, 18), LAW).amount_fen == FINE * 99 // 100
    assert surcharge(served(), date(2026, 4, 19), LAW).amount_fen == FINE


def test_the_surcharge_stands_still_in_a_remedy():
    file, at = served(), NOON + timedelta(days=20)
    stopped = done(file, Act.BEGIN_REMEDY, at=at)
    before = surcharge(file, local_date(at) - timedelta(days=1), LAW)
    later = surcharge(stopped, local_date(at) + timedelta(days=30), LAW)
    assert later.amount_fen == before.amount_fen
    assert later.suspended


@given(
    days=st.integers(1, 200),
    remedy=st.none() | st.tuples(st.integers(1, 20), st.integers(0, 10)),
    paid=st.lists(st.tuples(st.integers(31, 60), st.integers(1, 50_00)), max_size=3),
)
def test_a_surcharge_never_falls_never_passes_the_fine_and_a_remedy_never_raises_it(
    days, remedy, paid
):
    plain = file = served()
    if remedy is not None:
        began = NOON + timedelta(days=15 + remedy[0])
        file = done(file, Act.BEGIN_REMEDY, at=began)
        file = done(file, Act.END_REMEDY, at=began + timedelta(days=remedy[1]))
    for number, (day, amount) in enumerate(sorted(paid)):
        at = NOON + timedelta(days=15 + day)
        file = done(file, Act.PAY, at=at, amount_fen=amount, receipt_no=f"r{number}")
    on = date(2026, 3, 16) + timedelta(days=days)
    one, next_day, whole = (
        surcharge(file, on, LAW),
        surcharge(file, on + timedelta(days=1), LAW),
        surcharge(plain, on, LAW),
    )
    assert 0 <= one.amount_fen <= next_day.amount_fen <= one.cap_fen == FINE
    assert one.amount_fen <= whole.amount_fen
