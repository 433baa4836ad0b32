"""What each station reported last, and whether it still reports (站点状态). In memory alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from central.application.admit import check_node
from central.application.ports import Reading
from central.application.project import Touched
from central.application.refusing import Announce
from central.application.rows import moment
from central.application.views import NodeView, ProposalView
from central.domain.access import Scope
from station.contract.keyring import KeyRing
from station.contract.uplink import LaneState, read_signed, verified_state
from station.domain.clock import Clock
from station.domain.errors import MalformedEntry, NotFound

SILENT_AFTER_NS: Final = 15_000_000_000

LANE: Final = "zhichao_lane"
"""The channel on which processes hear what lanes show."""

MOST_SHARED_BYTES: Final = 7900
"""PostgreSQL carries less than 8,000 in one notification."""

OK: Final = "ok"
SILENT: Final = "station.silent"
QUARANTINED: Final = "station.quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationView:
    """A station as headquarters sees it now.

    Attributes:
        lane: None while it is silent.
        proposal: to release it from quarantine, while another officer can confirm it.
    """

    node: NodeView
    link: str
    since: datetime
    lane: LaneState | None
    proposal: ProposalView | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """``since``: when the link became what it is; ``state`` None: nothing was reported yet."""

    ok: bool
    since: datetime
    state: LaneState | None = None
    seen_ns: int = 0


class Board:
    """The newest lane state of each enrolled station."""

    def __init__(self, clock: Clock, nodes: Iterable[str]) -> None:
        self._clock = clock
        self._lines = {node: _Line(ok=False, since=clock.now()) for node in nodes}

    def note(self, state: LaneState) -> bool:
        """Take in a state; False when it is not newer than the one held (a replay, a late one)."""
        line = self._lines[state.node]
        if line.ok and line.state and moment(state.at) <= moment(line.state.at):
            return False
        since = line.since if line.ok else self._clock.now()
        self._lines[state.node] = _Line(
            ok=True, since=since, state=state, seen_ns=self._clock.monotonic_ns()
        )
        return True

    def fallen_silent(self) -> list[str]:
        """Return the stations that have just been silent for 15 s."""
        now_ns = self._clock.monotonic_ns()
        silent = [
            node
            for node, line in self._lines.items()
            if line.ok and now_ns - line.seen_ns >= SILENT_AFTER_NS
        ]
        for node in silent:
            self._lines[node] = _Line(ok=False, since=self._clock.now())
        return silent

    def view(self, node: NodeView) -> StationView:
        """Join what the database and the last report say."""
        line = self._lines[node.node]
        link, since = OK if line.ok else SILENT, line.since
        if node.quarantined_at is not None:
            link, since = QUARANTINED, node.quarantined_at
        proposal = node.proposal
        if proposal and proposal.lasts_until <= self._clock.now():
            proposal = None
        lane = line.state if line.ok else None
        return StationView(node=node, link=link, since=since, lane=lane, proposal=proposal)

    def __contains__(self, node: str) -> bool:
        return node in self._lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Stations:
    """All enrolled stations."""

    reading: Reading
    board: Board

    async def all(self, scope: Scope) -> list[StationView]:
        """Return those within *scope*, in order of their nodes."""
        if scope.nodes == frozenset():
            return []
        nodes = await self.reading.nodes()
        known = [node for node in nodes if node.node in self.board and scope.covers(node.node)]
        return [self.board.view(node) for node in known]


RingOf = Callable[[str], Awaitable[KeyRing | None]]
"""Gives a node's keys; None: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeState:
    """The use case of ``POST /api/lane-state``. Not evidence: shown, never stored.

    ``share``: tells every process of the centre, in so many bytes.
    """

    ring_of: RingOf
    board: Board
    announce: Announce
    share: Callable[[str, str], Awaitable[None]]

    async def __call__(self, data: bytes, peer: str) -> None:
        """Show what a lane of the node *peer* shows.

        Raises:
            OtherNode: it is another's.
            NotFound: the node is not enrolled.
            BadSignature, MalformedEntry: not a state of that node.
        """
        message = read_signed(data)
        check_node(peer, message.node)
        ring = await self.ring_of(message.node)
        if ring is None or message.node not in self.board:
            raise NotFound("not enrolled", node=message.node)
        state = verified_state(message, ring)
        for text in (state.at, state.scale.since, state.camera.since):
            moment(text)
        shared = msgspec.json.encode(state)
        if len(shared) > MOST_SHARED_BYTES:
            raise MalformedEntry("a lane state is short", node=state.node)
        if self.board.note(state):
            self.announce(Touched(nodes={state.node: None}))
            await self.share(LANE, shared.decode())

    def heard(self, shared: str) -> None:
        """Show what another process was told."""
        state = msgspec.json.decode(shared, type=LaneState)
        if state.node in self.board and self.board.note(state):
            self.announce(Touched(nodes={state.node: None}))
