"""Admits a station to the line: a certificate that is not revoked, speaking for its own node."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from central.application.ports import Alarm
from central.application.project import Touched
from central.application.refusing import Announce, place
from central.application.register import Register
from station.domain.clock import Clock
from station.domain.errors import CertificateRevoked, NotFound, OtherNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The node that a certificate names. ``serial``: the certificate's number, hex."""

    node: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Asked at every request: a revocation counts for lines that are open, too.

    ``stations``: the nodes of the configuration.
    """

    register: Register
    stations: Container[str]
    clock: Clock
    announce: Announce

    async def __call__(self, peer: Peer) -> str:
        """Return the node that may go on.

        Raises:
            CertificateRevoked: its certificate is no longer good.
            NotFound: it is no longer in the configuration.
        """
        if peer.node not in self.stations:
            raise NotFound("not enrolled", node=peer.node)
        if await self.register.revoked(peer.serial):
            raise CertificateRevoked(node=peer.node)
        return peer.node

    async def alarm(self, refusal: OtherNode) -> None:
        """Tell, once for each pair, that a node spoke for another.

        The alarm's place is that of the first entry that it brought, where it brought one.
        """
        node, claimed = str(refusal.fields["node"]), str(refusal.fields["claimed"])
        seq = refusal.fields.get("seq")
        alarm = Alarm(
            node=node,
            seq=place(seq) if isinstance(seq, int) else None,
            code=refusal.code,
            detail=f"{node}: {claimed}",
            at=self.clock.now(),
        )
        touched = Touched()
        async with self.register.desk() as desk:
            if not await desk.alarmed(alarm):
                touched.alarms[await desk.raise_alarm(alarm)] = None
        self.announce(touched)


def check_node(peer_node: str, claimed: str, seq: int | None = None) -> None:
    """Check that what was sent is of the node that sent it; *seq*: its first entry, if it has one.

    Raises:
        OtherNode: it is not.
    """
    if claimed != peer_node:
        brought = {} if seq is None else {"seq": seq}
        raise OtherNode(node=peer_node, claimed=claimed, **brought)
