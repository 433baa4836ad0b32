"""A warning where the finding has a fine: as the law's data says (U9)."""

import pytest

from station.application.findings import Judge
from station.application.penalty_bounds import require_within_the_law
from station.domain.errors import InvalidFacts
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from tests.acts import TODAY
from tests.unit.test_case import case

WARNING = {"kind": "warning", "fine_fen": 0, "points": 0}
FINED = {"police": {"fine_yuan": [200, 500]}}


class Strict(Judge):
    """The law where the data says that no warning is given instead."""

    def warning_instead_of_fine(self, occurred_on):
        return "refused"


def check(judge, verdict):
    require_within_the_law(judge, case(), verdict, WARNING, occurred_on=TODAY, on=TODAY)


def test_it_is_accepted_for_now():
    check(Judge(lawbook(), Mode.RESIDENT), FINED)


def test_where_the_data_refuses_it_only_a_finding_without_a_fine_is_warned_of():
    strict = Strict(lawbook(), Mode.RESIDENT)
    check(strict, {"police": {"fine_yuan": None}})
    with pytest.raises(InvalidFacts) as caught:
        check(strict, FINED)
    assert caught.value.fields["why"] == "warning_instead_of_fine"
