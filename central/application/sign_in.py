"""Signs officers in and out, and knows who is signed in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from central.application.news import Viewer
from central.application.ports import Account, Accounts, Session
from central.domain.access import SESSION
from central.domain.days import local_day
from station.admission.gate import Gate, Passwords
from station.domain.access import EVERY_ROLE
from station.domain.clock import Clock
from station.domain.errors import NotSignedIn
from station.domain.officers import Officer, Permission, Role

TOKEN_BYTES: Final = 32


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
        """Open a session and return its token, which is kept nowhere.

        Args:
            certificate_no: whose account.
            password: his.
            code: one-time code (动态口令); "" where none is demanded.
            peer: the address that asks: tries from elsewhere hold nobody up.

        Raises:
            SignInRefused: see :class:`~station.domain.access.Refusal`.
        """
        account = await self._gate.enter(certificate_no, password, code, peer=peer)
        return await self._opened(account), account.officer

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
            and not _has_ended(session, now)
        }
        return lasting.intersection(viewers)

    async def sign_out(self, token: str) -> None:
        """End the session; no error when there is none."""
        await self._accounts.close_session(digest(token))

    async def _opened(self, account: Account) -> str:
        now = self._clock.now()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(
            token_digest=digest(token),
            officer=account.officer,
            scope=account.scope,
            began_at=now,
            seen_at=now,
        )
        await self._accounts.open_session(session)
        return token

    async def _live(self, token: str) -> Session:
        session = await self._accounts.session(digest(token))
        if session is None:
            raise NotSignedIn
        now = self._clock.now()
        if _has_ended(session, now):
            await self._accounts.close_session(session.token_digest)
            raise NotSignedIn
        return replace(session, seen_at=now)


def _has_ended(session: Session, now: datetime) -> bool:
    return SESSION.has_ended(began_at=session.began_at, seen_at=session.seen_at, now=now)
