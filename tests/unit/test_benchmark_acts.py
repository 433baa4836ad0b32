"""The acts benchmark is honest: its acts are lawful, one after the other, and none is a trick."""

from benchmarks import acts
from station.domain.procedure import Act
from station.domain.stages import Penalty
from tests.acts import TODAY, pair
from tests.fakes import NOON
from tests.unit.test_case import case


def test_the_acts_that_are_timed_are_lawful_and_bring_a_case_to_its_end():
    made = case()
    computed = {"hearing": "not_due", "hearing_until": ""}
    for who, second, name, details in acts._lawful(made.plate, acts._FINE):
        role = next(role for act, role in made.next_acts if act.value == name)
        assert (who[0], second[0]) in {("R", "R"), ("P", "P")}
        stated = {**details, **(computed if name == "notify" else {})}
        made = made.after(Act(name), by=pair(role), at=NOON, on=TODAY, details=stated)

    assert made.state.penalty is Penalty.NOT_PUNISHED
    assert len(made.history) == 8
    assert acts.ACTS >= 500
