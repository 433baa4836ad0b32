"""Traffic police (交警): alone tell the party its rights, fine and give points."""

from __future__ import annotations

from typing import Final

from simulators.officers.acting import Desk
from station.api.schemas import CaseOut
from station.domain.case import Act, Stage

_FEN_PER_YUAN: Final = 100
_LEAST_YUAN: Final = 200
_MOST_YUAN: Final = 2000
"""《道路交通安全法》第九十二条: the whole range, when the facts do not settle the band."""
_STEP_YUAN: Final = 50


class PoliceDesk(Desk):
    """The police officer at the console; the second one is on duty beside him."""

    async def work(self) -> None:
        """Do whatever there is to do now.

        Raises:
            Away: the station does not answer.
        """
        for case in list(self.post.watch.cases.values()):
            if case.stage in (Stage.HANDED_OVER.value, Stage.NOTIFIED.value):
                await self.attempt(case.case_no, self._case(case))

    async def _case(self, case: CaseOut) -> None:
        if case.stage == Stage.HANDED_OVER.value:
            facts = f"车货总质量{case.gross_kg}kg,限值{case.limit_kg}kg,超限{case.excess_kg}kg"
            rights = "已告知拟处罚的事实、理由、依据和陈述申辩权"
            await self.act(case, Act.NOTIFY, {"facts": facts, "rights_told": rights})
        else:
            await self.act(case, Act.DECIDE, decision(case.suggestion))


def decision(suggestion: dict[str, int | None]) -> dict[str, str | int]:
    """Return a fine inside the suggested band, or inside the whole range of the article."""
    least, most = suggestion.get("fine_min_fen"), suggestion.get("fine_max_fen")
    if least is None or most is None:
        least, most = _LEAST_YUAN * _FEN_PER_YUAN, _MOST_YUAN * _FEN_PER_YUAN
    step = _STEP_YUAN * _FEN_PER_YUAN
    fine = max(least, (least + most) // 2 // step * step)
    return {
        "kind": "fine",
        "fine_fen": fine,
        "points": suggestion.get("points") or 0,
        "statement": "当事人放弃陈述申辩",
    }
