"""Shapes of headquarters' HTTP interface. Times are ISO 8601 in UTC; masses kg; money fen."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

RoleName = Literal[
    "road", "police", "hq", "transport", "admin", "security", "audit", "technician", "centre"
]


NodeName = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""Which station's, None: all; one that is not enrolled has nothing to show."""


class Shape(BaseModel):
    """Base: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ErrorOut(Shape):
    """Every refusal: a stable code, a Chinese sentence to act on, and its facts."""

    code: str
    message: str
    fields: dict[str, str | int]


class SignIn(Shape):
    """``POST /api/session``. ``code``: one-time code (动态口令), "" where none is demanded."""

    certificate_no: str
    password: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(max_length=16)] = ""


class ReleaseIn(Shape):
    """Why a node may deliver again."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class ReleaseOut(Shape):
    """``released``: False while a second officer must confirm."""

    released: bool


class OfficerOut(Shape):
    """Who is signed in; ``GET /api/session``."""

    certificate_no: str
    name: str
    role: RoleName
    valid_until: date


class DeviceOut(Shape):
    """``code`` is ``ok`` or a stable error code; ``message`` is Chinese."""

    code: str
    message: str
    since: datetime


class LaneOut(Shape):
    """The newest state a station reported. ``gross_kg`` null: no present weight."""

    at: datetime
    gross_kg: int | None
    stable: bool
    occupied: bool
    scale: DeviceOut
    camera: DeviceOut
    waiting: int
    open_cases: int
    reviews: int


class ProposalOut(Shape):
    """Who proposed to release a station from quarantine; another officer confirms."""

    reason: str
    proposed_by: str
    name: str
    proposed_at: datetime
    lasts_until: datetime


class StationOut(Shape):
    """``GET /api/stations``, live message ``station``.

    ``link`` is ``ok``, ``station.silent`` (no state for 15 s; ``lane`` is then null) or
    ``station.quarantined`` (a fork, or a signature that is not its own). ``last_seq``: the newest
    entry held here. ``proposal``: to release it, while it can be confirmed.
    """

    node: str
    name: str
    road: str
    link: DeviceOut
    lane: LaneOut | None
    last_seq: int
    last_entry_at: datetime | None
    proposal: ProposalOut | None


class PassageOut(Shape):
    """``GET /api/passages?limit=&node=`` (newest first), live message ``passage``.

    A passage reviewed by an officer appears again under its ``passage_id`` with the new outcome and
    a higher ``touched``. ``ahead`` (待入链): its entry came before its order and is not in the
    ledger yet; the passage appears again when it is.
    """

    passage_id: str
    node: str
    receipt: str
    lane: str
    at: datetime
    occurred_on: date
    plate: str | None
    plate_colour: str
    trailer_plate: str | None
    gross_kg: int
    configuration: str | None
    limit_kg: int | None
    excess_kg: int | None
    outcome: Literal["lawful", "permitted", "warning", "violation", "needs_review"]
    reviewed: bool
    recheck_of: str | None
    case_no: str | None
    touched: int
    ahead: bool


class CaseOut(Shape):
    """``GET /api/cases?open=``, live message ``case``. ``touched``: as in a passage."""

    case_no: str
    node: str
    plate: str
    opened_at: datetime
    gross_kg: int
    limit_kg: int
    excess_kg: int
    removal: str
    penalty: str
    custody: str
    released_at: datetime | None
    fine_fen: int | None
    points: int | None
    closed: bool
    touched: int


class AlarmOut(Shape):
    """``GET /api/alarms?limit=`` (newest first), live message ``alarm``.

    ``seq``: of the entry that it is about, the first of several; null when it is about none.
    """

    alarm_id: int
    node: str
    seq: int | None
    code: str
    message: str
    detail: str
    at: datetime


class CountsOut(Shape):
    """``GET /api/counts?on=YYYY-MM-DD`` (local day, default today), per station and together.

    ``node`` is "" for the sum. ``over_limit_permille`` (超限率): warnings and violations over all
    first weighings with a finding, floored.
    """

    node: str
    on: date
    passages: int
    released: int
    warnings: int
    violations: int
    reviews_open: int
    unweighed: int
    cases_opened: int
    cases_closed: int
    unloaded_kg: int
    over_limit_permille: int


class CameraWatchOut(Shape):
    """``POST /api/stations/{node}/camera``; the pictures come at ``…/camera/{watch_id}.mjpeg``."""

    watch_id: str


class NewsOut(Shape):
    """One piece of news. What is told of a row is how it stands, never what has changed."""

    kind: Literal["station", "passage", "case", "alarm"]
    data: StationOut | PassageOut | CaseOut | AlarmOut


class LiveOut(Shape):
    """A frame on ``WS /api/live?after=TOKEN`` (session cookie needed).

    ``tick``: ``news`` of the last moments; the first ticks of a connection tell every station, and
    everything that happened after TOKEN. ``reload``: too much has happened to tell it; the page
    asks for its lists anew. ``token`` is opaque; the newest one is what to connect with again, to
    this process of the centre or to another.
    """

    type: Literal["tick", "reload"]
    token: str
    news: list[NewsOut] = []


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
