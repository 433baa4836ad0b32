"""Takes the centre's answers to decisions (待中心确认) into the cases that wait for them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from station.application.centre_ports import CentreFacts
from station.contract.entries import DecisionBarred, DecisionInForce
from station.domain.case import Case
from station.domain.errors import DomainError, StatementUnreviewed
from station.domain.procedure import Act
from station.domain.said import Details

log = logging.getLogger(__name__)


class Waiting(Protocol):
    """Where the cases are."""

    async def cases_waiting(self) -> list[Case]:
        """Return the cases whose decision the centre has not answered."""
        ...


async def take_answers(
    waiting: Waiting,
    facts: CentreFacts,
    act: Callable[[str, Act, Details], Awaitable[object]],
) -> int:
    """Record what the centre's ledger says of decisions that wait; return how many.

    Safe to repeat: a case that was answered does not wait any more.
    """
    count = 0
    for case in await waiting.cases_waiting():
        found = await facts.answer(case.case_no)
        if found is None:
            continue
        try:
            await act(case.case_no, *_meant(*found))
        except StatementUnreviewed:
            continue  # officers see it among what is due; until they review it, nothing has effect
        except DomainError as exc:
            # It was withdrawn meanwhile, or the answer is none: neither may end the station.
            log.warning("an answer of the centre fits no case", extra={"code": exc.code})
        else:
            count += 1
    return count


def _meant(seq: int, answer: DecisionInForce | DecisionBarred) -> tuple[Act, Details]:
    details: dict[str, str | int] = {"violation_id": answer.violation_id, "centre_seq": seq}
    if isinstance(answer, DecisionBarred):
        standing = {"node": answer.standing_node, "case_no": answer.standing_case_no}
        return Act.BAR, {**details, **standing}
    return Act.TAKE_EFFECT, details
