"""What an act may not state, given the case it is done in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Final

from station.domain.clock import local_date
from station.domain.errors import InvalidFacts
from station.domain.plates import parse
from station.domain.procedure import Act
from station.domain.said import Details
from station.domain.stages import Custody, Penalty, Removal

if TYPE_CHECKING:
    from station.domain.case import Case

_KINDS: Final = ("fine", "warning")
_REMEDIES: Final = ("reconsideration", "litigation")
_RESULTS: Final = ("upheld", "changed", "revoked")
_METHODS: Final = ("direct", "refused", "left", "entrusted", "mail", "electronic", "announcement")

Guard = Callable[["Case", tuple[str, str], date, Details], None]


def check(case: Case, act: Act, officers: tuple[str, str], on: date, details: Details) -> None:
    """Refuse what contradicts the case.

    Args:
        case: before the act.
        act: allowed by the table, its details complete.
        officers: certificate numbers of those who act.
        on: local date of the act.
        details: what the act states.

    Raises:
        InvalidFacts: naming the field.
    """
    guard = _GUARDS.get(act)
    if guard is not None:
        guard(case, officers, on, details)


def _plate(_case: Case, _by: tuple[str, str], _on: date, said: Details) -> None:
    plate = parse(str(said["plate"]))
    if plate is None or plate.number != said["plate"] or plate.is_trailer:
        raise InvalidFacts("not a tractor's number plate", field="plate", why="no_plate")


def _order(case: Case, _by: tuple[str, str], _on: date, said: Details) -> None:
    if said["plate"] != case.plate:
        raise InvalidFacts(
            "the plate confirmed is not the plate of the case", field="plate", why="other_plate"
        )


def _clear(_case: Case, _by: tuple[str, str], _on: date, said: Details) -> None:
    if said["excess_kg"] != 0:
        raise InvalidFacts("a re-check with excess is not clear", field="excess_kg")


def _over(_case: Case, _by: tuple[str, str], _on: date, said: Details) -> None:
    if said["excess_kg"] == 0:
        raise InvalidFacts("a re-check without excess is clear", field="excess_kg")


def _notify(_case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    _penalty(said)
    if said["hearing"] not in ("due", "not_due"):
        raise InvalidFacts("a hearing is due or not", field="hearing")
    if (said["hearing"] == "due") != (said["hearing_until"] != ""):
        raise InvalidFacts("a hearing that is due has a last day to ask", field="hearing_until")
    if said["hearing_until"] != "" and date.fromisoformat(str(said["hearing_until"])) < on:
        raise InvalidFacts("the last day to ask is over", field="hearing_until")


def _ask_hearing(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    until = _hearing_until(case)
    if until is None:
        raise InvalidFacts("no hearing is due here", field="asked_on", why="no_hearing")
    asked_on = date.fromisoformat(str(said["asked_on"]))
    if asked_on > until:
        raise InvalidFacts(
            f"asked after {until}", field="asked_on", why="hearing_late", until=until.isoformat()
        )
    _not_later(asked_on, on, "asked_on")


def _hold_hearing(case: Case, by: tuple[str, str], on: date, said: Details) -> None:
    _impartial(case, by, str(said["chair_no"]), "chair_no")
    _not_later(date.fromisoformat(str(said["held_on"])), on, "held_on")


def _review(case: Case, by: tuple[str, str], _on: date, said: Details) -> None:
    _impartial(case, by, str(said["reviewer_no"]), "reviewer_no")


def _decide(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    _penalty(said)
    notice = case.newest(Act.NOTIFY)
    if notice is None:
        raise InvalidFacts("nobody was told", field="kind", why="nobody_told")
    for name in ("fine_fen", "points"):
        # 行政处罚法 art 44, 45: nothing that was not told, nothing heavier for having spoken.
        if int(said[name]) > int(notice.details[name]):
            raise InvalidFacts(
                f"more than {notice.details[name]} was told", field=name, why="heavier_than_told"
            )
    _hearing_over(case, on)


def _hearing_over(case: Case, on: date) -> None:
    """Refuse while the party may still have a hearing: it was held, waived, or its time is over.

    Source: 《行政处罚法》第六十三条、第六十四条、第五十八条.
    """
    until = _hearing_until(case)
    held, reviewed = case.newest(Act.HOLD_HEARING), case.newest(Act.REVIEW)
    if held is not None and (reviewed is None or reviewed.at < held.at):
        raise InvalidFacts(
            "after a hearing, legal review comes first", field="kind", why="review_first"
        )
    if until is None or held is not None or case.newest(Act.WAIVE_HEARING) is not None:
        return
    if on <= until:
        raise InvalidFacts(
            f"a hearing may be asked for until {until}",
            field="kind",
            why="hearing_open",
            until=until.isoformat(),
        )


def _serve(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    if said["method"] not in _METHODS:
        raise InvalidFacts("no way of service", field="method")
    served_on = date.fromisoformat(str(said["served_on"]))
    _not_later(served_on, on, "served_on")
    decided = case.newest(Act.DECIDE)
    if decided is not None and served_on < local_date(decided.at):
        raise InvalidFacts(
            "served_on is before the decision", field="served_on", why="before_decision"
        )


def _pay(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    _not_later(date.fromisoformat(str(said["paid_on"])), on, "paid_on")
    fine = case.fine_fen or 0
    if not 0 < int(said["amount_fen"]) <= 2 * fine - case.paid_fen:
        # 行政强制法 art 45: the surcharge is never above the fine.
        raise InvalidFacts(
            "more than the fine and its highest surcharge", field="amount_fen", why="paid_too_much"
        )
    if any(
        done.act is Act.PAY and done.details["receipt_no"] == said["receipt_no"]
        for done in case.history
    ):
        raise InvalidFacts("this receipt was recorded", field="receipt_no", why="receipt_known")


def _defer(case: Case, _by: tuple[str, str], _on: date, said: Details) -> None:
    if str(said["pay_by"]) <= _pay_by(case):
        raise InvalidFacts("not later than before", field="pay_by", why="not_later_than_before")


def _demand(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    if not case.fine_fen or on.isoformat() <= _pay_by(case):
        raise InvalidFacts("nothing is overdue", field="demanded_on", why="nothing_overdue")
    _not_later(date.fromisoformat(str(said["demanded_on"])), on, "demanded_on")


def _apply(case: Case, _by: tuple[str, str], on: date, _said: Details) -> None:
    demand = case.newest(Act.DEMAND)
    if demand is None or on.isoformat() <= str(demand.details["answer_by"]):
        raise InvalidFacts("the demand's time is not over", field="court", why="demand_running")


def _begin_remedy(_case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    if said["kind"] not in _REMEDIES:
        raise InvalidFacts("reconsideration or litigation", field="kind")
    _not_later(date.fromisoformat(str(said["accepted_on"])), on, "accepted_on")


def _end_remedy(case: Case, _by: tuple[str, str], _on: date, said: Details) -> None:
    result, fine = said["result"], int(said["fine_fen"])
    if result not in _RESULTS:
        raise InvalidFacts("upheld, changed or revoked", field="result")
    if case.fine_fen is None and result != "revoked":
        raise InvalidFacts("the decision was withdrawn meanwhile", field="result", why="withdrawn")
    for name, before in (("fine_fen", case.fine_fen), ("points", case.points)):
        if result == "changed" and int(said[name]) > (before or 0):
            raise InvalidFacts("no remedy makes it heavier", field=name, why="remedy_heavier")
    if result == "upheld" and (fine, said["points"]) != (case.fine_fen, case.points):
        raise InvalidFacts("what is upheld stays as it was", field="fine_fen", why="upheld_changed")
    if result == "revoked" and (fine, said["points"]) != (0, 0):
        raise InvalidFacts(
            "nothing is left of what is revoked", field="fine_fen", why="revoked_left"
        )


def _detain(case: Case, _by: tuple[str, str], _on: date, _said: Details) -> None:
    if case.state.custody is not Custody.HELD or case.state.removal is Removal.CLEAR:
        raise InvalidFacts("only until the excess is gone", field="reason", why="excess_gone")


def _once_detained(act: Act) -> Guard:
    """Return the guard of what is done once for each detention."""

    def guard(case: Case, _by: tuple[str, str], _on: date, _said: Details) -> None:
        newest = case.newest(act, Act.DETAIN)
        if newest is not None and newest.act is act:
            raise InvalidFacts("recorded before", field="act", why="done_before")

    return guard


def _withdraw_published(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    undone, before = case.undone, case.newest(Act.WITHDRAW_PUBLISHED)
    if undone is None:
        raise InvalidFacts("the decision stands", field="act", why="decision_stands")
    if before is not None and before.at >= undone.at:
        raise InvalidFacts("recorded before", field="act", why="done_before")
    _between(said, "withdrawn_on", local_date(undone.at), on)


def _copy_out(case: Case, _by: tuple[str, str], on: date, said: Details) -> None:
    closed = case.newest(Act.CLOSE)
    if closed is None or case.newest(Act.COPY_OUT) is not None:
        raise InvalidFacts("recorded before", field="act", why="done_before")
    _between(said, "copied_on", local_date(closed.at), on)


def _between(said: Details, field: str, first: date, on: date) -> None:
    day = date.fromisoformat(str(said[field]))
    _not_later(day, on, field)
    if day < first:
        raise InvalidFacts(f"{field} is before {first}", field=field, why="too_early")


def _close(case: Case, _by: tuple[str, str], _on: date, _said: Details) -> None:
    if case.state.penalty is Penalty.SERVED and case.fine_fen:
        raise InvalidFacts("the fine is not settled", field="act", why="fine_owed")


def _impartial(case: Case, by: tuple[str, str], number: str, field: str) -> None:
    """Refuse a judge of the file who has investigated it (调查与审查、听证主持分离).

    Source: 《行政处罚法》第五十八条、第六十四条.
    """
    if number in by or any(number in done.officers for done in case.history):
        raise InvalidFacts("whoever investigated may not judge", field=field, why="not_impartial")


def _hearing_until(case: Case) -> date | None:
    notice = case.newest(Act.NOTIFY)
    if notice is None or notice.details["hearing"] != "due":
        return None
    return date.fromisoformat(str(notice.details["hearing_until"]))


def _pay_by(case: Case) -> str:
    newest = case.newest(Act.DEFER, Act.SERVE)
    return "" if newest is None else str(newest.details["pay_by"])


def _not_later(day: date, on: date, field: str) -> None:
    if day > on:
        raise InvalidFacts(f"{field} is after today", field=field, why="after_today")


def _penalty(said: Details) -> None:
    kind, fine = said["kind"], int(said["fine_fen"])
    if kind not in _KINDS:
        raise InvalidFacts("a decision is a fine or a warning", field="kind")
    if (kind == "fine") != (fine > 0):
        raise InvalidFacts(
            "a fine has an amount, a warning has none", field="fine_fen", why="fine_amount"
        )
    # 记分管理办法 art 28: a warning carries no points.
    if kind == "warning" and said["points"] != 0:
        raise InvalidFacts("a warning carries no points", field="points", why="warning_points")


_GUARDS: Final[dict[Act, Guard]] = {
    Act.CORRECT_PLATE: _plate,
    Act.ORDER_TO_CORRECT: _order,
    Act.RECHECK_CLEAR: _clear,
    Act.RECHECK_OVER: _over,
    Act.DETAIN: _detain,
    Act.REPORT_DETENTION: _once_detained(Act.REPORT_DETENTION),
    Act.HAND_IN_VEHICLE: _once_detained(Act.HAND_IN_VEHICLE),
    Act.NOTIFY: _notify,
    Act.ASK_HEARING: _ask_hearing,
    Act.HOLD_HEARING: _hold_hearing,
    Act.REVIEW: _review,
    Act.DECIDE: _decide,
    Act.SERVE: _serve,
    Act.PAY: _pay,
    Act.DEFER: _defer,
    Act.DEMAND: _demand,
    Act.APPLY_TO_COURT: _apply,
    Act.BEGIN_REMEDY: _begin_remedy,
    Act.END_REMEDY: _end_remedy,
    Act.WITHDRAW_PUBLISHED: _withdraw_published,
    Act.CLOSE: _close,
    Act.COPY_OUT: _copy_out,
}
