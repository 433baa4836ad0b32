"""Road administration (路政): names what devices could not, orders, unloads, releases."""

from __future__ import annotations

from typing import Any

from simulators.officers.acting import Desk
from simulators.officers.body_camera import BodyCamera
from simulators.officers.console import Console
from simulators.officers.penal import penalised_here
from simulators.officers.post import Drawings, Post
from simulators.traffic.trucks import Truck
from simulators.traffic.world import Journey, Place
from station.api.schemas import CaseOut, PassageOut
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import Custody, Penalty, Removal

_NEEDS_REVIEW = "needs_review"


class RoadDesk(Desk):
    """The road officer at the console; the second one is on duty beside him."""

    role = Role.ROAD.value

    def __init__(self, post: Post, console: Console, second: str, camera: BodyCamera) -> None:
        super().__init__(post, console, second, camera)
        self._drawings = Drawings(console)

    async def work(self) -> None:
        """Do whatever there is to do now.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        for passage in list(self.post.watch.passages.values()):
            if passage.outcome == _NEEDS_REVIEW and passage.reviewed_by is None:
                await self.attempt(passage.passage_id, self._review(passage))
        for case in list(self.post.watch.cases.values()):
            if not case.closed and not penalised_here(case):
                await self.attempt(case.case_no, self._case(case))

    async def _review(self, passage: PassageOut) -> None:
        """Walk to the truck, read its plates and papers, count its axles."""
        found = self.post.whose(passage)
        if found is None:
            return
        truck = found[0].trip.truck
        await self.post.pause("review")
        drawing = None
        if passage.vehicle is None or not truck.in_register:
            drawing = await self._drawings.like(truck)
        body = _review(truck, drawing)
        answer = await self.console.post(f"/api/passages/{passage.passage_id}/review", body)
        self.post.watch.acknowledged(answer)
        self.post.acts["review"] += 1
        await self.post.watch.fetch()

    async def _case(self, case: CaseOut) -> None:
        await self.paperwork(case)
        journey = self.post.journey_of(case)
        if journey is None:
            return
        removal = Removal(case.removal)
        if removal is Removal.MEASURED:
            await self._order(case, journey.trip.truck)
        elif removal is Removal.ORDERED:
            await self.act(case, Act.BEGIN_UNLOADING, _unloading(journey.trip.truck))
        elif removal is Removal.UNLOADING:
            await self._unload_and_weigh(case, journey)
        elif case.custody == Custody.HELD.value:
            await self.act(case, Act.RELEASE, {})
        elif case.penalty == Penalty.OPEN.value:
            await self.act(case, Act.HAND_OVER, {})

    async def _order(self, case: CaseOut, truck: Truck) -> None:
        number = truck.plate.number
        if case.plate != number:
            details = {"plate": number, "reason": "号牌识别与实车不符"}
            await self.act(case, Act.CORRECT_PLATE, details)
        else:
            await self.act(case, Act.ORDER_TO_CORRECT, {"plate": number, **_goods(truck)})

    async def _unload_and_weigh(self, case: CaseOut, journey: Journey) -> None:
        """Let the truck be unloaded, send it on the scale, and act on what that shows."""
        post = self.post
        if journey.place is Place.UNLOADED:
            post.world.to_scale(journey, post.now())
        if journey.place is not Place.LOT:
            return
        visit = journey.visits[-1]
        passage = post.passage_of(journey, visit)
        if visit.number == 0 or visit.number < journey.unloadings:
            self._unload(journey)
        elif passage is None or passage.outcome == _NEEDS_REVIEW:
            return
        else:
            details = {"passage_id": passage.passage_id}
            after = await self.act(case, "recheck", details)
            if after is not None and after.removal == Removal.UNLOADING.value:
                self._unload(journey)

    def _unload(self, journey: Journey) -> None:
        takes_s = self.post.pauses_s["unload"] / self.post.speed
        self.post.world.unload(journey, self.post.now(), takes_s=takes_s)


def _is_fresh(truck: Truck) -> bool:
    """Tell whether a truck carries fresh goods: one in ten, the same ones each time."""
    return truck.plate.number.endswith("8")


def _goods(truck: Truck) -> dict[str, str]:
    return {"cargo": "西瓜", "cargo_kind": "perishable"} if _is_fresh(truck) else {}


def _unloading(truck: Truck) -> dict[str, str]:
    details = {"method": "转运", "place": "卸载场1区", "custodian": "当事人自行转运"}
    if _is_fresh(truck):
        details["arrangement"] = "货主派冷藏车到场转运"
    return details


def _review(truck: Truck, drawing: str | None) -> dict[str, Any]:
    return {
        "plate": truck.plate.number,
        "colour": truck.plate.colour.value,
        "trailer_plate": truck.trailer_plate.number if truck.trailer_plate else None,
        "drawing": drawing,
        "registered_gross_kg": truck.registered_gross_kg,
        "approved_load_kg": truck.approved_load_kg,
        "kerb_kg": truck.kerb_kg,
    }
