"""Takes trust back: from a key, from an entry on; from a certificate, at once (吊销)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from central.application.ports import Accounts, Alarm
from central.application.publishing import OwnLedger
from central.application.register import Register
from central.domain.days import local_day
from central.domain.enrolment import held_by
from station.contract.entries import KeyRevoked, Kind
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, NotFound, TwoOfficersRequired

HELD: Final = "key.revoked_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A node's key that is good for no entry from ``from_seq`` on. ``officers``: certificates."""

    node: str
    key_id: str
    from_seq: int
    reason: str
    officers: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey:
    """Two officers let a key be good for no entry from one on."""

    register: Register
    accounts: Accounts
    own: OwnLedger
    clock: Clock

    async def __call__(self, asked: Revocation) -> range:
        """Revoke; return the places of the entries that are held already, which an alarm names.

        Raises:
            TwoOfficersRequired: not two different officers of this office, both valid today.
            NotFound: no such key of that node.
            InvalidFacts: no place, no reason, or the key was revoked from there before.
        """
        if asked.from_seq < 1 or not asked.reason.strip():
            raise InvalidFacts("a place from 1 on, and a reason", field="from_seq, reason")
        await self._check(asked.officers)
        async with self.register.desk() as desk:
            await desk.begin()
            state = (await desk.states({asked.node})).get(asked.node)
            keys = state.ring.keys if state else ()
            key = next((one for one in keys if one.key_id == asked.key_id), None)
            if state is None or key is None:
                raise NotFound("no such key", node=asked.node, key_id=asked.key_id)
            if not await desk.revoke_key(asked.node, key.key_id, asked.from_seq, asked.reason):
                raise InvalidFacts("revoked from there, or earlier, before", field="from_seq")
            await self.own.write(desk, [(Kind.KEY_REVOKED, _entry(asked))])
            held = held_by(key, asked.from_seq, state.head.seq)
            if held:
                detail = f"{key.key_id} #{held.start}–#{held[-1]}"
                await desk.raise_alarm(
                    Alarm(
                        node=asked.node,
                        seq=held.start,
                        code=HELD,
                        detail=detail,
                        at=self.clock.now(),
                    )
                )
        return held

    async def _check(self, officers: Collection[str]) -> None:
        today = local_day(self.clock.now())
        known = [await self.accounts.account(number) for number in officers]
        if len(set(officers)) < len(officers) or not all(
            account is not None and account.officer.valid_until >= today for account in known
        ):
            raise TwoOfficersRequired


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeCertificates:
    """Lets a node's certificate, or all of them, open no line any more."""

    register: Register
    clock: Clock

    async def __call__(self, node: str, serial: str | None, reason: str) -> list[str]:
        """Revoke, at once; return the serials.

        Raises:
            NotFound: there was none in force.
        """
        async with self.register.desk() as desk:
            revoked = await desk.revoke_certificates(node, serial, self.clock.now(), reason)
        if not revoked:
            raise NotFound("no such certificate in force", node=node)
        return revoked


def _entry(asked: Revocation) -> KeyRevoked:
    return KeyRevoked(
        node=asked.node,
        key_id=asked.key_id,
        from_seq=asked.from_seq,
        reason=asked.reason,
        officers=list(asked.officers),
    )
