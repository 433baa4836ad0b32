"""What entries about evasion cases mean (逃避、抗拒检测案件), by the domain's own table."""

from __future__ import annotations

from typing import Final

from central.application.ports import Books
from central.application.rows import moment, named_pair
from central.domain.days import local_day
from station.contract.case_file import opened_evasion
from station.contract.entries import EvasionActed, EvasionOpened
from station.domain.errors import DomainError, EvasionActRefused, MalformedEntry
from station.domain.evasion import Act, Evasion
from station.domain.ledger import Entry
from station.domain.officers import Role

Told = tuple[str, str]
"""Code and detail of an alarm."""

ACT_REFUSED: Final = "case.act_refused"
UNKNOWN_CASE: Final = "case.unknown"
EVASION_OPENED: Final = "evasion.opened"
EVASION_ACTED: Final = "evasion.acted"
_TOLD: Final = frozenset({"transferred", "answered", "decided", "voided"})


async def evasion_opened(entry: Entry, payload: EvasionOpened, books: Books) -> Told:
    """Write a new evasion case; headquarters hears of it.

    Raises:
        MalformedEntry: its number is taken, or no deed or time of that kind.
    """
    moment(payload.occurred_at)
    moment(payload.opened_at)
    try:
        file = opened_evasion(payload)
    except ValueError as exc:
        raise MalformedEntry(str(exc)) from exc
    if not await books.add_evasion(entry.node, entry.seq, file):
        raise MalformedEntry("its evasion_no is taken", evasion_no=payload.evasion_no)
    return EVASION_OPENED, f"{payload.evasion_no} {payload.plate} {payload.place}"


async def evasion_acted(entry: Entry, payload: EvasionActed, books: Books) -> Told | None:
    """Do the act again by the table. What the table forbids has no effect here but an alarm.

    Raises:
        MalformedEntry: no act or time of that kind, or not two officers.
    """
    at = moment(payload.at)
    file = await books.evasion(entry.node, payload.evasion_no)
    if file is None:
        return UNKNOWN_CASE, payload.evasion_no
    try:
        file = _after(file, payload)
    except DomainError as exc:
        return ACT_REFUSED, f"{payload.evasion_no} {payload.act}: {exc}"
    except ValueError as exc:
        raise MalformedEntry(str(exc)) from exc
    closed_on = local_day(at) if file.closed else None
    await books.save_evasion(entry.node, entry.seq, file, closed_on)
    if payload.stage not in _TOLD:
        return None
    return EVASION_ACTED, f"{payload.evasion_no} {payload.stage}"


def _after(file: Evasion, payload: EvasionActed) -> Evasion:
    at = moment(payload.at)
    by = named_pair(Role.ROAD, payload.officers, at)
    after = file.after(Act(payload.act), by=by, at=at, on=local_day(at), details=payload.details)
    if after.stage.value != payload.stage:
        raise EvasionActRefused(evasion_no=payload.evasion_no, act=payload.act, stage=payload.stage)
    return after
