"""Signs officers in and out, and knows who is signed in."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Final

from central.application.news import Viewer
from central.application.ports import Accounts, Passwords, Session
from central.domain.access import Throttle, has_ended
from central.domain.days import local_day
from station.domain.clock import Clock
from station.domain.errors import NotPermitted, NotSignedIn, SignInRefused
from station.domain.officers import Officer, Permission

TOKEN_BYTES: Final = 32
MOST_TRIES_AT_ONCE: Final = 8
"""Tries on one account that may be held up at the same time."""


def digest(token: str) -> bytes:
    """Return the SHA-256 of a token: what the database holds of it."""
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """Server-side sessions."""

    def __init__(
        self,
        accounts: Accounts,
        passwords: Passwords,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """Prepare; *pause* waits for a number of seconds."""
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock
        self._pause = pause
        self._throttle = Throttle()
        self._trying: Counter[str] = Counter()

    async def sign_in(self, certificate_no: str, password: str) -> tuple[str, Officer]:
        """Open a session and return its token, which is kept nowhere.

        Raises:
            SignInRefused: unknown, wrong password, or too many tries at once.
            NotPermitted: the certificate is no longer valid.
        """
        if self._trying[certificate_no] >= MOST_TRIES_AT_ONCE:
            raise SignInRefused("too many tries at once")
        self._trying[certificate_no] += 1
        try:
            return await self._try(certificate_no, password)
        finally:
            self._trying[certificate_no] -= 1
            self._trying += Counter()  # drops the zeros

    async def used(self, token: str) -> Session:
        """Return the session, and note its use.

        Raises:
            NotSignedIn: no such session, or it has run out.
        """
        session = await self._live(token)
        await self._accounts.touch(session.token_digest, self._clock.now())
        return session

    async def lasting(self, viewers: Collection[Viewer]) -> set[Viewer]:
        """Return who of *viewers* may still watch; it does not count as a use of the session."""
        now = self._clock.now()
        known = await self._accounts.sessions_of([viewer.session for viewer in viewers])
        lasting = {
            Viewer(session.token_digest, session.scope)
            for session in known
            if session.officer.may(Permission.WATCH)
            and local_day(now) <= session.officer.valid_until
            and not has_ended(began_at=session.began_at, seen_at=session.seen_at, now=now)
        }
        return lasting.intersection(viewers)

    async def sign_out(self, token: str) -> None:
        """End the session; no error when there is none."""
        await self._accounts.close_session(digest(token))

    async def _try(self, certificate_no: str, password: str) -> tuple[str, Officer]:
        if wait_s := self._throttle.wait_s(certificate_no, self._clock.now()):
            await self._pause(wait_s)
        account = await self._accounts.account(certificate_no)
        password_hash = account.password_hash if account else None
        right = await self._passwords.verify(password, password_hash)
        now = self._clock.now()
        if account is None or not right:
            self._throttle.refused(certificate_no, now)
            raise SignInRefused
        self._throttle.accepted(certificate_no)
        if local_day(now) > account.officer.valid_until:
            raise NotPermitted(certificate_no=certificate_no, permission="sign_in")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(
            token_digest=digest(token),
            officer=account.officer,
            scope=account.scope,
            began_at=now,
            seen_at=now,
        )
        await self._accounts.open_session(session)
        return token, account.officer

    async def _live(self, token: str) -> Session:
        session = await self._accounts.session(digest(token))
        if session is None:
            raise NotSignedIn
        now = self._clock.now()
        if has_ended(began_at=session.began_at, seen_at=session.seen_at, now=now):
            await self._accounts.close_session(session.token_digest)
            raise NotSignedIn
        return replace(session, seen_at=now)
