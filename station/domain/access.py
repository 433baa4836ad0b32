"""Who comes in, and for how long: accounts, sessions, refused tries. Shared by station and centre.

Pure.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from station.domain import totp
from station.domain.officers import Officer, Role

FREE_TRIES: Final = 3
LONGEST_WAIT_S: Final = 8
FORGET_AFTER: Final = timedelta(minutes=15)
MOST_KNOWN: Final = 1024
MOST_WRONG_CODES: Final = 10
"""So many wrong codes after the *right* password lock an account, until it is unlocked.

Who does not know the password cannot bring that about: nobody locks another out.
"""

EVERY_ROLE: Final = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An officer who can sign in.

    Attributes:
        password_hash: argon2's encoded form.
        secret: of the officer's one-time codes; None: he has none yet.
    """

    officer: Officer
    password_hash: str
    secret: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What became of an account's codes.

    Attributes:
        last_step: the step whose code was taken last; a code is taken once.
        wrong: wrong codes in a row, each after the right password.
    """

    last_step: int = -1
    wrong: int = 0

    @property
    def locked(self) -> bool:
        """Tell whether only an unlocking lets the account in again."""
        return self.wrong >= MOST_WRONG_CODES


class Refusal(Enum):
    """Why somebody did not come in: for the access log; he himself is told nothing of it."""

    UNKNOWN = "unknown"
    PASSWORD = "password"  # noqa: S105 - no password
    CODE = "code"
    CODE_USED = "code_used"
    LOCKED = "locked"
    NO_SECRET = "no_secret"  # noqa: S105 - no secret
    RUN_OUT = "run_out"  # the certificate's validity
    TOO_MANY = "too_many"  # at once


def refusal(
    account: Account, codes: Codes, step: int | None, *, today: date, demanded: frozenset[Role]
) -> Refusal | None:
    """Tell why who knows the password does not come in; None: he does.

    Args:
        account: whose it is.
        codes: what became of his codes.
        step: of the code that was given, None when it is no code of now.
        today: the local day.
        demanded: roles whose officers need a code.
    """
    if codes.locked:
        return Refusal.LOCKED
    if today > account.officer.valid_until:
        return Refusal.RUN_OUT
    if account.officer.role not in demanded:
        return None
    if account.secret is None:
        return Refusal.NO_SECRET
    if step is None:
        return Refusal.CODE
    return Refusal.CODE_USED if totp.is_used(step, codes.last_step) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """How long a session lasts: unused, and at all."""

    idle: timedelta
    absolute: timedelta

    def has_ended(self, *, began_at: datetime, seen_at: datetime, now: datetime) -> bool:
        """Tell whether a session has run out; it has exactly at the limit.

        Either way: a clock that was ahead must not let a session live until it is that late.
        """
        return abs(now - seen_at) >= self.idle or abs(now - began_at) >= self.absolute


@dataclass(frozen=True, slots=True)
class _Refusals:
    count: int
    last_at: datetime


class Throttle:
    """Counts refused tries, and says how long the next one of the same origin takes.

    Nobody is locked out: what is right is accepted however often a wrong try came before, only
    some seconds later, and tries from elsewhere hold nobody up. The memory is bounded; whoever was
    refused longest ago is forgotten.
    """

    def __init__(self) -> None:
        self._refusals: OrderedDict[str, _Refusals] = OrderedDict()

    def wait_s(self, origin: str, now: datetime) -> int:
        """Return for how many seconds the next try is held up: 0, then 1, 2, 4, 8."""
        refusals = self._fresh(origin, now)
        if refusals < FREE_TRIES:
            return 0
        return int(min(2 ** (refusals - FREE_TRIES), LONGEST_WAIT_S))

    def refused(self, origin: str, now: datetime) -> None:
        """Note a refused try."""
        count = self._fresh(origin, now) + 1
        self._refusals[origin] = _Refusals(count, now)
        self._refusals.move_to_end(origin)
        while len(self._refusals) > MOST_KNOWN:
            self._refusals.popitem(last=False)

    def accepted(self, origin: str) -> None:
        """Forget the refusals of an origin."""
        self._refusals.pop(origin, None)

    def _fresh(self, origin: str, now: datetime) -> int:
        known = self._refusals.get(origin)
        if known is None or abs(now - known.last_at) >= FORGET_AFTER:
            return 0
        return known.count


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAccess:
    """What was refused alike on one local day, with how often.

    Attributes:
        day: local day.
        who: certificate number of an account there is; "" when nobody was known.
        what: method and the path's pattern, of which there are only so many.
        why: stable code, or the :class:`Refusal` of a sign-in.
        last_from: address of the newest.
    """

    day: date
    who: str
    what: str
    why: str
    times: int
    first_at: datetime
    last_at: datetime
    last_from: str

    @property
    def key(self) -> tuple[date, str, str, str]:
        """Return what is counted together."""
        return self.day, self.who, self.what, self.why


class Tally:
    """Refused accesses that are not written yet, counted: a flood of them is a few rows."""

    def __init__(self) -> None:
        self._rows: dict[tuple[date, str, str, str], RefusedAccess] = {}

    def add(self, row: RefusedAccess) -> None:
        """Count *row* to what was refused alike."""
        known = self._rows.get(row.key)
        if known is not None:
            times, first = known.times + row.times, min(known.first_at, row.first_at)
            row = replace(max(known, row, key=_last_at), times=times, first_at=first)
        self._rows[row.key] = row

    def take(self) -> list[RefusedAccess]:
        """Return everything counted, and begin anew."""
        rows, self._rows = list(self._rows.values()), {}
        return rows


def _last_at(row: RefusedAccess) -> datetime:
    return row.last_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands, for the administrations.

    Attributes:
        unconfirmed: made, and of no use until the security administrator confirms it.
    """

    officer: Officer
    locked: bool
    revoked: bool
    unconfirmed: bool = False


def needs_confirming(standings: Iterable[Standing], today: date) -> bool:
    """Tell whether an account that is made now waits for the security administrator.

    Where nobody can confirm, it is good at once: that is how a node's first accounts are made.
    """
    return any(
        one.officer.role is Role.SECURITY
        and not (one.revoked or one.unconfirmed)
        and today <= one.officer.valid_until
        for one in standings
    )
