"""Reads a case (案件) or an evasion case out of the entries about it. Pure."""

from __future__ import annotations

from datetime import datetime

from station.contract.station_entries import CaseAct, CaseOpened, EvasionActed, EvasionOpened
from station.domain import evasion
from station.domain.case import Case, Done
from station.domain.evasion import Deed, Evasion
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import BEGUN, OFFSITE
from station.rules.facts import Mode


def opened_case(opened: CaseOpened) -> Case:
    """Return the case that an entry opened, by the rules of its mode.

    Raises:
        ValueError: no mode, authority or time of that kind.
    """
    mode = Mode(opened.mode)
    return Case(
        case_no=opened.case_no,
        violation_id=opened.violation_id,
        passage_id=opened.passage_id,
        plate=opened.plate,
        opened_at=datetime.fromisoformat(opened.opened_at),
        gross_kg=opened.gross_kg,
        limit_kg=opened.limit_kg,
        excess_kg=opened.excess_kg,
        penal=Role(opened.penal),
        state=OFFSITE if mode is Mode.OFFSITE else BEGUN,
    )


def acted_case(case: Case, act: CaseAct) -> Case:
    """Return the case after an act that the ledger holds."""
    return case.with_done(
        Done(
            act=Act(act.act),
            at=datetime.fromisoformat(act.at),
            role=Role(act.authority),
            officers=tuple(act.officers),
            details=dict(act.details),
        )
    )


def opened_evasion(opened: EvasionOpened) -> Evasion:
    """Return the evasion case that an entry opened.

    Raises:
        ValueError: no deed or time of that kind.
    """
    return Evasion(
        evasion_no=opened.evasion_no,
        deed=Deed(opened.deed),
        plate=opened.plate,
        place=opened.place,
        occurred_at=datetime.fromisoformat(opened.occurred_at),
        opened_at=datetime.fromisoformat(opened.opened_at),
        passage_id=opened.passage_id,
    )


def acted_evasion(file: Evasion, acted: EvasionActed) -> Evasion:
    """Return the evasion case after an act that the ledger holds."""
    first, second = acted.officers
    return file.with_done(
        evasion.Done(
            act=evasion.Act(acted.act),
            at=datetime.fromisoformat(acted.at),
            officers=(first, second),
            details=dict(acted.details),
        )
    )
