"""The person at the barrier: waves a truck on when the console shows its passage."""

from __future__ import annotations

from simulators.officers.post import Post
from simulators.traffic.world import Journey, Place
from station.api.schemas import PassageOut

MAY_GO = frozenset({"lawful", "permitted", "warning"})


class Gate:
    """Looks at the console and at the yard."""

    def __init__(self, post: Post) -> None:
        self._post = post

    async def run(self) -> None:
        """Work until cancelled."""
        news = self._post.watch.listen()
        while True:
            self.look()
            await self._post.nap(news)

    def look(self) -> None:
        """Wave on every truck whose passage is there; let go whoever nothing is wrong with."""
        post = self._post
        for passage in list(post.watch.passages.values()):
            found = post.whose(passage)
            if found is None:
                continue
            journey, visit = found
            if journey.visits[-1] is not visit:
                continue
            lawful = post.offsite or (visit.number == 0 and passage.outcome in MAY_GO)
            if journey.place is Place.PLATFORM:
                post.world.wave_on(journey, Place.GONE if lawful else Place.LOT, post.now())
            elif journey.place is Place.LOT and (lawful or self._released(passage, journey)):
                post.world.let_go(journey, post.now())

    def _released(self, passage: PassageOut, journey: Journey) -> bool:
        """Tell whether the case of this truck let it go (放行)."""
        return any(
            case.released_at is not None and self._post.journey_of(case) is journey
            for case in self._post.watch.cases.values()
        )
