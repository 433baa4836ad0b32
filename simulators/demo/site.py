"""One station's outside world with its officers."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.demo.yard import Yard
from simulators.officers.crew import Crew
from simulators.traffic.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A yard and a crew that sees it."""

    node: str
    yard: Yard
    crew: Crew

    @property
    def world(self) -> World:
        """Return the truth."""
        return self.yard.world

    @property
    def settled(self) -> bool:
        """Tell whether the yard is quiet and the officers have nothing left to do."""
        post = self.crew.post
        return (
            self.yard.quiet
            and all(case.closed for case in post.watch.cases.values())
            and not any(
                passage.outcome == "needs_review" and post.whose(passage)
                for passage in post.watch.passages.values()
            )
        )
