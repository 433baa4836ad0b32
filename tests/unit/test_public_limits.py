"""How often the site for drivers answers."""

from central.public.limits import MINUTE_NS, MOST_ADDRESSES, Limits


def test_the_last_request_within_the_bound_is_answered_and_the_next_is_not():
    limits = Limits(2, 100)
    assert [limits.allow("a", 0) for _ in range(3)] == [True, True, False]
    assert limits.allow("b", 0)


def test_a_new_minute_begins_anew():
    limits = Limits(1, 100)
    assert limits.allow("a", MINUTE_NS - 1)
    assert not limits.allow("a", MINUTE_NS - 1)
    assert limits.allow("a", MINUTE_NS)


def test_all_together_are_bounded():
    limits = Limits(10, 3)
    assert [limits.allow(name, 0) for name in "abcd"] == [True, True, True, False]


def test_who_is_refused_takes_nothing_of_the_others():
    limits = Limits(1, 2)
    assert [limits.allow("a", 0) for _ in range(50)].count(True) == 1
    assert limits.allow("b", 0)


def test_of_many_addresses_not_all_are_remembered():
    limits = Limits(1, 10**9)
    for number in range(2 * MOST_ADDRESSES):
        limits.allow(str(number), 0)
    assert len(limits._seen) == MOST_ADDRESSES
