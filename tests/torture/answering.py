"""Takes up the centre's answers as a station does that has no officers and no lane."""

from __future__ import annotations

from functools import partial

from station.application.casework import Casework
from station.application.claims import take_answers
from station.bootstrap.opening import Stored
from station.bootstrap.uplink import TakeAnswers
from station.domain.clock import Clock


def answers(stored: Stored, clock: Clock) -> TakeAnswers:
    """Return what looks whether a decision was answered, and writes it into the case."""
    casework = Casework(
        prefix="",
        ledger=stored.ledger,
        views=stored.ledger,
        duty=None,  # type: ignore[arg-type]
        judge=None,  # type: ignore[arg-type]
        terms=None,  # type: ignore[arg-type]
        completeness=None,  # type: ignore[arg-type]
        requests=stored.requests,
        clock=clock,
        time=stored.time.believed,
        publish=lambda _file: None,
    )
    return partial(take_answers, stored.ledger, stored.centre, casework.answered)
