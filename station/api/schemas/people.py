"""Shapes of officers, accounts and refused accesses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from station.api.schemas.base import Asked, RoleName, Shape, Word


class SignIn(Asked):
    """``POST /api/session``. ``code``: one-time code (动态口令), "" where none is demanded."""

    certificate_no: Word
    password: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(max_length=16)] = ""


class OfficerOut(Shape):
    """Who is signed in; ``GET /api/session``, and ``GET /api/officers`` for who is on duty."""

    certificate_no: str
    name: str
    role: RoleName
    valid_until: date


class AccountOut(Shape):
    """An account as it stands; ``GET /api/accounts``.

    ``unconfirmed``: of no use until the security administrator confirms it.
    """

    certificate_no: str
    name: str
    role: RoleName
    valid_until: date
    crew: str | None
    locked: bool
    revoked: bool
    unconfirmed: bool


class RefusedOut(Shape):
    """What was refused alike on one local day; ``GET /api/refused-access``.

    ``who``: certificate number, "" when nobody was known; ``what``: the request; ``why``: a code.
    """

    day: date
    who: str
    what: str
    why: str
    times: int
    first_at: datetime
    last_at: datetime
    last_from: str
