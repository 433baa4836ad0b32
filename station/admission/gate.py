"""Lets in who knows an account's password and its one-time code (登录)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

from station.domain import totp
from station.domain.access import EVERY_ROLE, Account, Codes, Refusal, Throttle, refusal
from station.domain.clock import Clock, local_date
from station.domain.errors import SignInRefused
from station.domain.officers import Role

MOST_TRIES_AT_ONCE: Final = 8
"""Tries on one account from one address that may be held up at the same time."""


Known = TypeVar("Known", bound=Account)
Known_co = TypeVar("Known_co", bound=Account, covariant=True)


class Accounts(Protocol[Known_co]):
    """The accounts, and what became of their codes."""

    async def account(self, certificate_no: str) -> Known_co | None:
        """Return an account, unless it is revoked."""
        ...

    async def codes(self, certificate_no: str) -> Codes:
        """Return what became of an account's one-time codes."""
        ...

    async def take_step(self, certificate_no: str, step: int) -> bool:
        """Note that a step's code was taken, and forget wrong ones.

        False when it was taken before, or the account was locked meanwhile.
        """
        ...

    async def wrong_code(self, certificate_no: str) -> None:
        """Count a wrong code."""
        ...


class Passwords(Protocol):
    """Hashing of passwords; slow on purpose."""

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password is right; takes as long for an unknown account (None)."""
        ...


class Gate(Generic[Known]):
    """Refuses, slowly, or says whose account it is."""

    def __init__(
        self,
        accounts: Accounts[Known],
        passwords: Passwords,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
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

    async def enter(self, certificate_no: str, password: str, code: str, *, peer: str) -> Known:
        """Return the account.

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
            return await self._let_in(origin, certificate_no, password, code)
        finally:
            self._trying[origin] -= 1
            self._trying += Counter()  # drops the zeros

    async def _let_in(self, origin: str, certificate_no: str, password: str, code: str) -> Known:
        account = await self._accounts.account(certificate_no)
        password_hash = account.password_hash if account else None
        right = await self._passwords.verify(password, password_hash)
        why = Refusal.PASSWORD if account else Refusal.UNKNOWN
        if account is not None and right:
            known = await self._refusal(account, code)
            if known is None:
                self._throttle.accepted(origin)
                return account
            why = known
        self._throttle.refused(origin, self._clock.now())
        raise SignInRefused(who=certificate_no if account else "", why=why.value)

    async def _refusal(self, account: Account, code: str) -> Refusal | None:
        """Tell why who knows the password does not come in; takes the code when he does."""
        now, number = self._clock.now(), account.officer.certificate_no
        step = totp.matching_step(account.secret, code, now) if account.secret else None
        codes = await self._accounts.codes(number)
        why = refusal(account, codes, step, today=local_date(now), demanded=self._demanded)
        if why is Refusal.CODE:
            await self._accounts.wrong_code(number)
        if why is None and step is not None and not await self._accounts.take_step(number, step):
            return Refusal.CODE_USED
        return why
