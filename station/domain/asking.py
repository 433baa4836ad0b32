"""What a driver asks in his case (当事人请求), and what may be answered. Pure.

Source: 《行政处罚法》第四十五条、第六十二条 (statements are reviewed before a decision).
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from station.domain.errors import InvalidFacts
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import Custody, Penalty, Removal

if TYPE_CHECKING:
    from station.domain.case import Case


class Asked(Enum):
    """What a driver asks."""

    RECHECK = "recheck"  # 请求复检
    OBJECTION = "objection"  # 对检测结果的异议
    STATEMENT = "statement"  # 陈述申辩
    COMPLAINT = "complaint"  # 投诉


class Answer(Enum):
    """What officers answer."""

    DONE = "done"  # 已复检
    ACCEPTED = "accepted"  # 采纳、属实
    REFUSED = "refused"  # 不采纳、不属实、不予复检
    IMPOSSIBLE = "impossible"  # 已无法办理


MOST_LETTERS: Final = 1_000
"""So long a text may be, in characters; an answer too."""
MOST: Final = {Asked.RECHECK: 1, Asked.OBJECTION: 2, Asked.STATEMENT: 3, Asked.COMPLAINT: 3}
"""So often each may be asked in one case."""
ANSWERS: Final = {
    Asked.RECHECK: frozenset({Answer.DONE, Answer.REFUSED, Answer.IMPOSSIBLE}),
    Asked.OBJECTION: frozenset(Answer),
    Asked.STATEMENT: frozenset({Answer.ACCEPTED, Answer.REFUSED}),
    Asked.COMPLAINT: frozenset({Answer.ACCEPTED, Answer.REFUSED}),
}
HEARING_FIRST: Final = frozenset({Act.WAIVE, Act.DECIDE})
"""What waits until every statement was reviewed (行政处罚法 art 45, 62)."""
_BEFORE_DECISION: Final = frozenset(
    {
        Penalty.OPEN,
        Penalty.HANDED_OVER,
        Penalty.ACCEPTED,
        Penalty.NOTIFIED,
        Penalty.HEARD,
        Penalty.HEARING_ASKED,
        Penalty.HEARING_HELD,
        Penalty.REVIEWED,
    }
)
_THERE: Final = (Custody.HELD, Custody.DETAINED)


def may_ask(asked: Asked, case: Case) -> bool:
    """Tell whether a case is where this can be asked.

    A re-check: while the truck stands here and was not cleared. An objection, a statement: until
    the penalty is decided; then there are remedies. A complaint: always.
    """
    state = case.state
    if state.penalty is Penalty.VOIDED:
        return False
    if asked is Asked.RECHECK:
        return state.custody in _THERE and state.removal is not Removal.CLEAR
    if asked is Asked.COMPLAINT:
        return True
    return not case.closed and state.penalty in _BEFORE_DECISION


def answerer(asked: Asked, case: Case) -> Role | None:
    """Return whose answer it is; None: either authority's.

    Who measured answers about the measurement, who penalises reviews what was stated.
    """
    if asked is Asked.STATEMENT:
        return case.penal
    return None if asked is Asked.COMPLAINT else Role.ROAD


def settled(asked: Asked, case: Case, at: datetime) -> tuple[Act, datetime] | None:
    """Return what ended the wait of who asked for a re-check *at*: another, or the truck gone.

    None: nothing did, or something else was asked.
    """
    if asked is not Asked.RECHECK:
        return None
    again = (Act.RECHECK_CLEAR, Act.RECHECK_OVER)
    for done in case.history:
        if done.at > at and done.act in again:
            return done.act, done.at
    return None if case.released_at is None else (Act.RELEASE, case.released_at)


def text_of(typed: str) -> str:
    """Return a text as it is kept: NFC, lines ended by one character, nothing around it.

    Raises:
        InvalidFacts: it is empty, longer than :data:`MOST_LETTERS`, or holds what is no text.
    """
    lines = unicodedata.normalize("NFC", typed).replace("\r\n", "\n").replace("\r", "\n")
    text = lines.strip()
    if not 0 < len(text) <= MOST_LETTERS:
        raise InvalidFacts(f"from 1 to {MOST_LETTERS} characters", field="text")
    if any(unicodedata.category(one) in ("Cc", "Cs") and one != "\n" for one in text):
        raise InvalidFacts("holds control characters", field="text")
    return text
