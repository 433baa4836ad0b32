"""Requests about what a driver asks on his page (当事人请求)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from station.api.errors import ACTING, SEEING
from station.api.schemas import Saved, Shape
from station.api.services import Acting, Serving, watching
from station.application.centre_ports import DriverAsked
from station.domain.asking import ANSWERS, MOST_LETTERS, Answer, answerer, settled
from station.domain.case import Case

seeing = APIRouter(prefix="/api", dependencies=[Depends(watching)], responses=SEEING)
acting = APIRouter(prefix="/api", responses=ACTING)

What = Literal["recheck", "objection", "statement", "complaint"]
Answered = Literal["done", "accepted", "refused", "impossible"]
MostSeq = Annotated[int, Path(ge=1, le=2**53 - 1)]


class DriverAnswerOut(Shape):
    """What officers answered."""

    answer: Answered
    text: str
    passage_id: str
    officers: list[str]
    at: datetime


class DriverRequestOut(Shape):
    """``GET /api/cases/{no}/requests``: one thing that the driver asks.

    ``text`` null: it is erased, or cannot be read. ``settled``: it needs no answer any more, for
    the truck was weighed again or released. ``authority`` null: either may answer. ``answers``:
    those that fit.
    """

    seq: int
    what: What
    at: datetime
    answer_by: datetime
    text: str | None
    settled: bool
    authority: Literal["road", "police"] | None
    answers: list[Answered]
    answer: DriverAnswerOut | None


class DriverAnswerIn(Shape):
    """``POST /api/cases/{no}/requests/{seq}/answer``; ``passage_id`` with ``done`` alone."""

    answer: Answered
    text: Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
    passage_id: Annotated[str, Field(max_length=64)] = ""
    second_officer: str


@seeing.get("/cases/{case_no}/requests")
async def asked(services: Serving, case_no: str) -> list[DriverRequestOut]:
    """List what the driver asks in a case, in order."""
    case = await services.views.case(case_no)
    return [_out(one, case) for one in await services.answering.asked(case_no)]


@acting.post("/cases/{case_no}/requests/{seq}/answer")
async def answer(
    case_no: str, seq: MostSeq, said: DriverAnswerIn, services: Serving, officer: Acting
) -> Saved:
    """Answer what the driver asks; he reads it on his page."""
    receipt = await services.answering.answer(
        case_no,
        seq,
        Answer(said.answer),
        said.text,
        passage_id=said.passage_id,
        officer=officer,
        second_no=said.second_officer,
    )
    return Saved(receipt=receipt)


def _out(one: DriverAsked, case: Case) -> DriverRequestOut:
    whose, at = answerer(one.asked, case), datetime.fromisoformat(one.request.at)
    said = one.answer
    return DriverRequestOut.model_validate(
        {
            "seq": one.seq,
            "what": one.request.what,
            "at": at,
            "answer_by": datetime.fromisoformat(one.request.answer_by),
            "text": one.text,
            "settled": said is not None or settled(one.asked, case, at) is not None,
            "authority": None if whose is None else whose.value,
            "answers": sorted(fit.value for fit in ANSWERS[one.asked]),
            "answer": None
            if said is None
            else {
                "answer": said.answer,
                "text": said.text,
                "passage_id": said.passage_id,
                "officers": said.officers,
                "at": datetime.fromisoformat(said.at),
            },
        }
    )
