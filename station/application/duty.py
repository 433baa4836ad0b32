"""Who is signed in at this station, and therefore on duty (在岗)."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Final

from station.application.ports import Accounts, Passwords, Session
from station.contract.sealing import local_day
from station.domain import totp
from station.domain.access import EVERY_ROLE, Account, Lasting, Refusal, Throttle, refusal
from station.domain.clock import Clock
from station.domain.errors import NotSignedIn, SignInRefused, TwoOfficersRequired
from station.domain.officers import Officer, Role

IDLE: Final = timedelta(hours=2)
"""A console stands in a guarded room and is used in bursts: at night a truck an hour."""
ABSOLUTE: Final = timedelta(hours=12)
"""Longer than any shift of the four crews (四班三运转)."""
SESSION: Final = Lasting(idle=IDLE, absolute=ABSOLUTE)
MOST_TRIES_AT_ONCE: Final = 8
"""Tries on one account from one address that may be held up at the same time."""


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
        self._passwords = passwords
        self._clock = clock
        self._pause = pause
        self._demanded = demanded
        self._throttle = Throttle()
        self._trying: Counter[str] = Counter()

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
        origin = f"{certificate_no} {peer}"
        if self._trying[origin] >= MOST_TRIES_AT_ONCE:
            raise SignInRefused(why=Refusal.TOO_MANY.value)
        self._trying[origin] += 1
        try:
            if wait_s := self._throttle.wait_s(origin, self._clock.now()):
                await self._pause(wait_s)
            officer = await self._let_in(origin, certificate_no, password, code)
        finally:
            self._trying[origin] -= 1
            self._trying += Counter()  # drops the zeros
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        await self._accounts.open_session(
            Session(token_digest=_digest(token), officer=officer, began_at=now, seen_at=now)
        )
        return token, officer

    async def officer(self, token: str | None) -> Officer:
        """Return who holds *token*, and note that it was used.

        Raises:
            NotSignedIn: no such session, or it has timed out.
        """
        session = await self._accounts.session(_digest(token)) if token else None
        if session is None or not self._alive(session):
            raise NotSignedIn()
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
        """
        for officer in await self.all_on_duty():
            if officer.certificate_no == certificate_no:
                return officer
        raise TwoOfficersRequired("the second officer is not on duty here", second=certificate_no)

    async def _let_in(self, origin: str, certificate_no: str, password: str, code: str) -> Officer:
        account = await self._accounts.account(certificate_no)
        password_hash = account.password_hash if account else None
        right = await self._passwords.verify(password, password_hash)
        why = Refusal.PASSWORD if account else Refusal.UNKNOWN
        if account is not None and right:
            known = await self._refusal(account, code)
            if known is None:
                self._throttle.accepted(origin)
                return account.officer
            why = known
        self._throttle.refused(origin, self._clock.now())
        raise SignInRefused(who=certificate_no if account else "", why=why.value)

    async def _refusal(self, account: Account, code: str) -> Refusal | None:
        """Tell why who knows the password does not come in; takes the code when he does."""
        number = account.officer.certificate_no
        step = None
        if account.secret is not None:
            step = totp.matching_step(account.secret, code, self._clock.now())
        codes = await self._accounts.codes(number)
        why = refusal(account, codes, step, today=self._today(), demanded=self._demanded)
        if why is Refusal.CODE:
            await self._accounts.wrong_code(number)
        if why is None and step is not None and not await self._accounts.take_step(number, step):
            return Refusal.CODE_USED
        return why

    def _alive(self, session: Session) -> bool:
        began, seen, now = session.began_at, session.seen_at, self._clock.now()
        return (
            not SESSION.has_ended(began_at=began, seen_at=seen, now=now)
            and self._today() <= session.officer.valid_until
        )

    def _today(self) -> date:
        return date.fromisoformat(local_day(self._clock.now()))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
