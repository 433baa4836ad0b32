"""Enrols stations: a token used once, keys that prove themselves, a certificate for the line."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from central.application.ledger_ports import NodeState
from central.application.ports import Alarm
from central.application.project import Touched
from central.application.publishing import OwnLedger
from central.application.refusing import Announce
from central.application.register import Authority, EnrolmentDesk, Issued, Register
from central.domain.enrolment import Enrolled, enrolled
from station.contract.enrolling import (
    CentreIdentity,
    EnrolAnswer,
    EnrolRequest,
    RenewAnswer,
    Token,
    proof_message,
    token_digest,
)
from station.contract.entries import Enrolment, Kind
from station.contract.signature import ED25519, Ed25519Verifier
from station.domain.access import Throttle
from station.domain.clock import Clock
from station.domain.errors import (
    BadSignature,
    EnrolError,
    KeysNotProven,
    NotFound,
    StationUnknown,
    TooManyAttempts,
)

TOKEN_LIFE: Final = timedelta(hours=24)
TOKEN_BYTES: Final = 32
MOST_AT_ONCE: Final = 8
"""Attempts of one address that may be held up at the same time."""
REPLACED: Final = "key.replaced"
ANEW: Final = "enrolled anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeToken:
    """An officer lets one station of the configuration enrol."""

    stations: Container[str]
    register: Register
    authority: Authority
    clock: Clock

    async def __call__(self, node: str) -> Token:
        """Return a token for *node*, which is kept nowhere, but its digest.

        Raises:
            StationUnknown: no such station in the configuration.
        """
        if node not in self.stations:
            raise StationUnknown(node=node)
        token = Token(secret=secrets.token_urlsafe(TOKEN_BYTES), pin=self.authority.pin)
        at = self.clock.now()
        async with self.register.desk() as desk:
            await desk.add_token(token.digest, node, at, at + TOKEN_LIFE)
        return token


class Enrol:
    """The use case of ``POST /api/enrol``."""

    def __init__(
        self,
        *,
        register: Register,
        authority: Authority,
        own: OwnLedger,
        stations: Container[str],
        centre: CentreIdentity,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
        announce: Announce,
    ) -> None:
        """Prepare; *stations*: of the configuration; *pause* waits for a number of seconds."""
        self._register = register
        self._authority = authority
        self._own = own
        self._stations = stations
        self._centre = centre
        self._clock = clock
        self._pause = pause
        self._announce = announce
        self._throttle = Throttle()
        self._trying: Counter[str] = Counter()

    async def __call__(self, request: EnrolRequest, address: str) -> EnrolAnswer:
        """Enrol a station that calls from *address*; a refused one waits ever longer.

        Raises:
            EnrolError: refused, and alarmed; nothing has changed, the token neither.
            NotFound: no such station in the configuration.
        """
        if self._trying[address] >= MOST_AT_ONCE:
            raise TooManyAttempts
        self._trying[address] += 1
        try:
            if wait_s := self._throttle.wait_s(address, self._clock.now()):
                await self._pause(wait_s)
            answer = await self._enrol(request)
        except (EnrolError, NotFound) as refusal:
            self._throttle.refused(address, self._clock.now())
            await self._alarm(request.node, refusal.code, address)
            raise
        finally:
            self._trying[address] -= 1
            self._trying += Counter()  # drops the zeros
        self._throttle.accepted(address)
        return answer

    async def _enrol(self, request: EnrolRequest) -> EnrolAnswer:
        if request.node not in self._stations:
            raise NotFound("no such station", node=request.node)
        at = self._clock.now()
        public_key = _proven(request)
        touched = Touched()
        async with self._register.desk() as desk:
            # First: whoever has no token must not hold up those who append.
            await desk.use_token(token_digest(request.token), request.node, at)
            issued = self._authority.issue(request.node, request.csr, at)
            await desk.begin()
            state = (await desk.states({request.node}))[request.node]
            change = enrolled(
                state.ring, public_key, last_seq=state.head.seq, after_seq=request.after_seq
            )
            await self._register_key(desk, request.node, state, change, touched)
            await desk.revoke_certificates(request.node, None, at, ANEW)
            await desk.add_certificate(issued, at)
        self._announce(touched)
        return EnrolAnswer(
            certificate=issued.certificate,
            ca=self._authority.certificate,
            from_seq=change.from_seq,
            centre=self._centre,
        )

    async def _register_key(
        self,
        desk: EnrolmentDesk,
        node: str,
        state: NodeState,
        change: Enrolled,
        touched: Touched,
    ) -> None:
        new = change.new
        if new is None:
            return
        await desk.change_keys(node, change.ended, [new])
        payload = Enrolment(
            node=node,
            alg=new.alg,
            key_id=new.key_id,
            public_key=new.public_key.hex(),
            from_seq=new.from_seq,
        )
        await self._own.write(desk, [(Kind.ENROLMENT, payload)])
        if state.ring.keys:
            alarm = Alarm(
                node=node,
                seq=new.from_seq,
                code=REPLACED,
                detail=new.key_id,
                at=self._clock.now(),
            )
            touched.alarms[await desk.raise_alarm(alarm)] = None

    async def _alarm(self, claimed: str, code: str, address: str) -> None:
        """Tell once of each kind of refusal, station and address."""
        alarm = Alarm(node=claimed, seq=None, code=code, detail=address, at=self._clock.now())
        touched = Touched()
        async with self._register.desk() as desk:
            known = await desk.states({claimed})
            if claimed in known and not await desk.alarmed(alarm):
                touched.alarms[await desk.raise_alarm(alarm)] = None
        self._announce(touched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """The use case of ``POST /api/renew``: a certificate for whoever has one."""

    register: Register
    authority: Authority
    clock: Clock

    async def __call__(self, node: str, csr: str) -> RenewAnswer:
        """Return a new certificate; the one in use is good until its end.

        Raises:
            KeysNotProven: no request, or not signed by its own key.
        """
        at = self.clock.now()
        issued: Issued = self.authority.issue(node, csr, at)
        async with self.register.desk() as desk:
            await desk.add_certificate(issued, at)
        return RenewAnswer(certificate=issued.certificate)


def _proven(request: EnrolRequest) -> bytes:
    """Return the public key, whose holder has signed for this token, node and request."""
    if request.alg != ED25519:
        raise KeysNotProven(f"alg {request.alg}")
    if request.after_seq < 0:
        raise KeysNotProven("after_seq is negative")
    message = proof_message(token_digest(request.token), request.node, request.csr)
    try:
        public_key, proof = bytes.fromhex(request.public_key), bytes.fromhex(request.proof)
        Ed25519Verifier(public_key).verify(message, proof)
    except (ValueError, BadSignature) as exc:
        raise KeysNotProven("the signing key") from exc
    return public_key
