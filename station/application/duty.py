"""Who is signed in at this station, and therefore on duty (在岗)."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Final

from station.admission.gate import Gate, Passwords
from station.application.ports import Accounts, Session
from station.contract.sealing import local_day
from station.domain.access import EVERY_ROLE, Lasting
from station.domain.clock import Clock
from station.domain.errors import NotSignedIn, TwoOfficersRequired
from station.domain.officers import Officer, Role

IDLE: Final = timedelta(hours=2)
"""A console stands in a guarded room and is used in bursts: at night a truck an hour."""
ABSOLUTE: Final = timedelta(hours=12)
"""Longer than any shift of the four crews (四班三运转)."""
SESSION: Final = Lasting(idle=IDLE, absolute=ABSOLUTE)


class Duty:
    """Signing in and out."""

    def __init__(
        self,
        accounts: Accounts,
        passwords: Passwords,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        demanded: frozenset[Role] = EVERY_ROLE,
    ) -> None:
        """Prepare; *pause* waits for seconds; *demanded*: roles that need a one-time code."""
        self._accounts = accounts
        self._clock = clock
        self._gate = Gate(accounts, passwords, clock, pause, demanded=demanded)

    async def sign_in(
        self, certificate_no: str, password: str, code: str = "", *, peer: str = ""
    ) -> tuple[str, Officer]:
        """Return a new session's token, and who it is.

        Args:
            certificate_no: whose account.
            password: his.
            code: one-time code (动态口令); "" where none is demanded.
            peer: the address that asks: tries from elsewhere hold nobody up.

        Raises:
            SignInRefused: see :class:`~station.domain.access.Refusal`.
        """
        account = await self._gate.enter(certificate_no, password, code, peer=peer)
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        await self._accounts.open_session(
            Session(token_digest=_digest(token), officer=account.officer, began_at=now, seen_at=now)
        )
        return token, account.officer

    async def officer(self, token: str | None) -> Officer:
        """Return who holds *token*, and note that it was used.

        Raises:
            NotSignedIn: no such session, or it has timed out.
            OfficerCertificateExpired: the certificate ran out while he was signed in.
        """
        session = await self._accounts.session(_digest(token)) if token else None
        if session is None or self._has_ended(session):
            raise NotSignedIn()
        session.officer.require_valid(self._today())
        now = self._clock.now()
        if now - session.seen_at > timedelta(minutes=1):
            await self._accounts.touch(session.token_digest, now)
        return session.officer

    async def is_alive(self, token: str | None) -> bool:
        """Tell whether a session goes on, without counting as its use."""
        session = await self._accounts.session(_digest(token)) if token else None
        return session is not None and self._alive(session)

    async def sign_out(self, token: str) -> None:
        """End the session."""
        await self._accounts.close_session(_digest(token))

    async def all_on_duty(self) -> list[Officer]:
        """Return everybody signed in, once each, in order of certificate number."""
        officers = {
            session.officer.certificate_no: session.officer
            for session in await self._accounts.sessions()
            if self._alive(session)
        }
        return [officers[number] for number in sorted(officers)]

    async def on_duty(self, certificate_no: str) -> Officer:
        """Return one officer.

        Raises:
            TwoOfficersRequired: he is not signed in here.
            OfficerCertificateExpired: the certificate ran out while he was signed in.
        """
        for session in await self._accounts.sessions():
            officer = session.officer
            if officer.certificate_no == certificate_no and not self._has_ended(session):
                officer.require_valid(self._today())
                return officer
        raise TwoOfficersRequired("the second officer is not on duty here", second=certificate_no)

    def _alive(self, session: Session) -> bool:
        return not self._has_ended(session) and self._today() <= session.officer.valid_until

    def _has_ended(self, session: Session) -> bool:
        began, seen, now = session.began_at, session.seen_at, self._clock.now()
        return SESSION.has_ended(began_at=began, seen_at=seen, now=now)

    def _today(self) -> date:
        return date.fromisoformat(local_day(self._clock.now()))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
