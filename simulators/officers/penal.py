"""Road administration's own penalties: off-site (非现场), or where it checks without the police.

Off-site nobody was stopped, and it serves by mail; alone it goes on where the truck was released.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from simulators.officers.acting import Desk
from station.api.schemas import CaseOut
from station.contract.sealing import local_day
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import Custody, Penalty

_FEN_PER_YUAN: Final = 100
_YUAN_PER_1000_KG: Final = 500
_MOST_YUAN: Final = 30_000
"""令62号 art 43: 500 yuan for every 1000 kg over, at most 30 000; a part of 1000 kg is none."""

_SERVICE: Final = {
    True: ("mail", "邮寄送达,本人签收"),
    False: ("direct", "当事人当场签收"),
}
"""Whether nobody was stopped; the way, and what came of it."""

_NEXT: Final = {
    Penalty.OPEN.value: Act.ACCEPT,
    Penalty.ACCEPTED.value: Act.NOTIFY,
    Penalty.NOTIFIED.value: Act.WAIVE,
    Penalty.HEARD.value: Act.DECIDE,
    Penalty.IN_FORCE.value: Act.SERVE,
    Penalty.SERVED.value: Act.PAY,
    Penalty.PAID.value: Act.CLOSE,
    Penalty.BARRED.value: Act.CLOSE,
}
"""What comes next. Where a decision waits for the centre, nothing."""


class PenalDesk(Desk):
    """The road officer in the office; the second one is on duty beside him."""

    role = Role.ROAD.value
    answers = False

    async def work(self) -> None:
        """Do whatever there is to do now.

        Raises:
            Away: the station does not answer.
        """
        for case in list(self.post.watch.cases.values()):
            if penalised_here(case) and not case.closed:
                await self.attempt(case.case_no, self._case(case))

    async def _case(self, case: CaseOut) -> None:
        await self.paperwork(case)
        act = _NEXT.get(case.penalty)
        if act is None or (act is Act.CLOSE and not (await self.checklist(case)).ready):
            return
        if act is Act.DECIDE and not any(
            done.act == Act.WAIVE_HEARING.value for done in case.history
        ):
            act = Act.WAIVE_HEARING
        await self.act(case, act, _said(case, act))


def penalised_here(case: CaseOut) -> bool:
    """Tell whether a case is at the point where road administration itself goes on with it."""
    gone = case.custody in (Custody.ABSENT.value, Custody.RELEASED.value)
    return gone and case.penal == Role.ROAD.value


def _said(case: CaseOut, act: Act) -> Mapping[str, str | int]:
    today = local_day(datetime.now(UTC))
    match act:
        case Act.NOTIFY:
            facts = f"车货总质量{case.gross_kg}kg,限值{case.limit_kg}kg,超限{case.excess_kg}kg"
            rights = "已书面告知拟处罚的事实、理由、依据和陈述申辩、听证权"
            return {"facts": facts, "rights_told": rights} | _penalty(case)
        case Act.WAIVE | Act.WAIVE_HEARING:
            return {"statement": "当事人书面放弃"}
        case Act.DECIDE:
            return _penalty(case) | {"reason": "事实清楚,证据充分"}
        case Act.SERVE:
            method, received = _SERVICE[case.custody == Custody.ABSENT.value]
            return {"method": method, "received": received, "served_on": today}
        case Act.PAY:
            receipt = f"{case.case_no}-1"
            return {"receipt_no": receipt, "amount_fen": case.fine_fen or 0, "paid_on": today}
        case _:
            return {}


def _penalty(case: CaseOut) -> dict[str, str | int]:
    fine = min(case.excess_kg // 1000 * _YUAN_PER_1000_KG, _MOST_YUAN)
    return {"kind": "fine", "fine_fen": fine * _FEN_PER_YUAN, "points": 0}
