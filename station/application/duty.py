"""Who is signed in at this station, and therefore on duty (在岗)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta
from typing import Final

from station.application.ports import Accounts, Passwords, Session
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import NotSignedIn, SignInRefused, TwoOfficersRequired
from station.domain.officers import Officer

IDLE: Final = timedelta(hours=2)
"""A console stands in a guarded room and is used in bursts: at night a truck an hour."""
ABSOLUTE: Final = timedelta(hours=12)
"""Longer than any shift of the four crews (四班三运转)."""
LONGEST_WAIT: Final = timedelta(seconds=60)
"""A wrong password delays the next try, doubling up to this; nobody is locked out for ever."""


class Duty:
    """Signing in and out."""

    def __init__(self, accounts: Accounts, passwords: Passwords, clock: Clock) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock
        self._failed: dict[str, tuple[int, datetime]] = {}

    async def sign_in(self, certificate_no: str, password: str) -> tuple[str, Officer]:
        """Return a new session's token, and who it is.

        Raises:
            SignInRefused: wrong, run out, or tried too soon again (``retry_s``).
        """
        now = self._clock.now()
        self._may_try(certificate_no, now)
        account = await self._accounts.account(certificate_no)
        password_hash = account.password_hash if account else None
        right = await self._passwords.verify(password, password_hash)
        if account is None or not right or self._today() > account.officer.valid_until:
            failures = self._failed.get(certificate_no, (0, now))[0] + 1
            if account is not None:
                self._failed[certificate_no] = failures, now
            raise SignInRefused()
        self._failed.pop(certificate_no, None)
        token = secrets.token_urlsafe(32)
        await self._accounts.open_session(
            Session(token_digest=_digest(token), officer=account.officer, began_at=now, seen_at=now)
        )
        return token, account.officer

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

    def _alive(self, session: Session) -> bool:
        now = self._clock.now()
        # Either way: a clock that was ahead must not let a session live until it is that late.
        return (
            abs(now - session.seen_at) < IDLE
            and abs(now - session.began_at) < ABSOLUTE
            and self._today() <= session.officer.valid_until
        )

    def _may_try(self, certificate_no: str, now: datetime) -> None:
        failures, last = self._failed.get(certificate_no, (0, now))
        wait = min(timedelta(seconds=2**failures), LONGEST_WAIT) if failures else timedelta()
        if last <= now < last + wait:  # a clock that was ahead must not keep anybody out
            raise SignInRefused(retry_s=int((last + wait - now).total_seconds()) + 1)

    def _today(self) -> date:
        return date.fromisoformat(local_day(self._clock.now()))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
