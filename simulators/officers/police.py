"""Traffic police (交警): alone tell the party its rights, fine and give points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from simulators.officers.acting import Desk
from station.api.schemas import CaseOut
from station.contract.sealing import local_day
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import Penalty

_FEN_PER_YUAN: Final = 100
_LEAST_YUAN: Final = 200
_MOST_YUAN: Final = 2000
"""《道路交通安全法》第九十二条: the whole range, when the facts do not settle the band."""
_STEP_YUAN: Final = 50


class PoliceDesk(Desk):
    """The police officer at the console; the second one is on duty beside him."""

    role = Role.POLICE.value

    async def work(self) -> None:
        """Do whatever there is to do now.

        Raises:
            Away: the station does not answer.
        """
        for case in list(self.post.watch.cases.values()):
            if not case.closed and case.penal == Role.POLICE.value:
                await self.attempt(case.case_no, self._case(case))

    async def _case(self, case: CaseOut) -> None:
        await self.paperwork(case)
        act = _NEXT.get(case.penalty)
        if case.penalty == Penalty.SERVED.value and not case.fine_fen:
            act = Act.CLOSE
        if act is None or (act is Act.CLOSE and not await self._may_close(case)):
            return
        await self.act(case, act, _said(case, act))

    async def _may_close(self, case: CaseOut) -> bool:
        return case.released_at is not None and (await self.checklist(case)).ready


_NEXT: Final = {
    Penalty.HANDED_OVER.value: Act.ACCEPT,
    Penalty.ACCEPTED.value: Act.NOTIFY,
    Penalty.NOTIFIED.value: Act.WAIVE,
    Penalty.HEARD.value: Act.DECIDE,
    Penalty.IN_FORCE.value: Act.SERVE,
    Penalty.SERVED.value: Act.PAY,
    Penalty.PAID.value: Act.CLOSE,
    Penalty.BARRED.value: Act.CLOSE,
}
"""What the police do next. Where a decision waits for the centre, nothing."""


def _said(case: CaseOut, act: Act) -> Mapping[str, str | int]:
    today = local_day(datetime.now(UTC))
    match act:
        case Act.NOTIFY:
            return notice(case)
        case Act.WAIVE:
            return {"statement": "当事人放弃陈述申辩"}
        case Act.DECIDE:
            return penalty(case.suggestion) | {"reason": "事实清楚,当事人已消除违法状态"}
        case Act.SERVE:
            return {"method": "direct", "received": "当事人当场签收", "served_on": today}
        case Act.PAY:
            receipt = f"{case.case_no}-1"
            return {"receipt_no": receipt, "amount_fen": case.fine_fen or 0, "paid_on": today}
        case _:
            return {}


def notice(case: CaseOut) -> dict[str, str | int]:
    """Return what the party is told before the decision."""
    facts = f"车货总质量{case.gross_kg}kg,限值{case.limit_kg}kg,超限{case.excess_kg}kg"
    rights = "已告知拟处罚的事实、理由、依据和陈述申辩权"
    return {"facts": facts, "rights_told": rights} | penalty(case.suggestion)


def penalty(suggestion: Mapping[str, int | None]) -> dict[str, str | int]:
    """Return a fine inside the suggested band, or inside the whole range of the article."""
    least, most = suggestion.get("fine_min_fen"), suggestion.get("fine_max_fen")
    if least is None or most is None:
        least, most = _LEAST_YUAN * _FEN_PER_YUAN, _MOST_YUAN * _FEN_PER_YUAN
    step = _STEP_YUAN * _FEN_PER_YUAN
    fine = max(least, (least + most) // 2 // step * step)
    return {"kind": "fine", "fine_fen": fine, "points": suggestion.get("points") or 0}
