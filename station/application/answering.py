"""Officers answer what a driver asked on his page (答复当事人)."""

from __future__ import annotations

from typing import Final

from station.application.casework import Casework
from station.application.centre_ports import DriverAsked, DriverRequests
from station.application.ports import Draft, Ledger, Views
from station.application.views import moment, receipt
from station.contract.entries import DriverAnswer, Kind
from station.contract.sealing import stamp
from station.domain.asking import ANSWERS, Answer, answerer, text_of
from station.domain.case import Case
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, NotFound, RequestAnswered, WrongAuthority
from station.domain.officers import Officer

ACT: Final = "answer"


class Answering:
    """Answers, one at a time, each once."""

    def __init__(
        self,
        *,
        requests: DriverRequests,
        ledger: Ledger,
        views: Views,
        casework: Casework,
        clock: Clock,
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._views = views
        self._casework = casework
        self._clock = clock

    async def asked(self, case_no: str) -> list[DriverAsked]:
        """Return what the driver asked in a case, in order.

        Raises:
            NotFound: there is no such case.
        """
        await self._views.case(case_no)
        return await self._requests.of_case(case_no)

    async def answer(
        self,
        case_no: str,
        seq: int,
        answer: Answer,
        text: str,
        *,
        passage_id: str,
        officer: Officer,
        second_no: str,
    ) -> str:
        """Answer, durably, and return the receipt; the centre shows it to the driver.

        Args:
            case_no: of the case.
            seq: of the centre's entry that holds what was asked.
            answer: one that fits what was asked.
            text: the reasons.
            passage_id: the weighing that ``done`` speaks of, "" elsewhere.
            officer: who answers.
            second_no: certificate number of the second officer.

        Raises:
            NotFound: no such case, or nothing was asked there.
            NotPermitted, TwoOfficersRequired: see :meth:`Casework.pair`.
            WrongAuthority: it is the other authority's to answer.
            RequestAnswered: it was answered.
            InvalidFacts: no answer to that, a text too long, or no weighing since.
            StoreFull: nothing was written.
        """
        async with self._casework.lock:
            case = await self._views.case(case_no)
            one = await self._found(case_no, seq)
            pair = await self._casework.pair(officer, second_no)
            whose = answerer(one.asked, case)
            if whose not in (None, pair.role):
                raise WrongAuthority(case_no=case_no, act=ACT, authority=str(whose.value))
            if answer not in ANSWERS[one.asked]:
                raise InvalidFacts("no answer to that", field="answer")
            await self._check_weighing(case, one, answer, passage_id)
            said = DriverAnswer(
                case_no=case_no,
                request_seq=seq,
                what=one.request.what,
                answer=answer.value,
                passage_id=passage_id,
                text=text_of(text),
                officers=list(pair.certificate_nos),
                at=stamp(self._clock.now()),
            )
            (entry,) = await self._ledger.append(Draft(Kind.DRIVER_ANSWER, said))
        return receipt(entry)

    async def _found(self, case_no: str, seq: int) -> DriverAsked:
        for one in await self._requests.of_case(case_no):
            if one.seq == seq:
                if one.answer is not None:
                    raise RequestAnswered(case_no=case_no)
                return one
        raise NotFound("nothing was asked there", what="request")

    async def _check_weighing(
        self, case: Case, one: DriverAsked, answer: Answer, passage_id: str
    ) -> None:
        """Refuse ``done`` without a weighing on a verified scale since it was asked."""
        if answer is not Answer.DONE:
            if passage_id:
                raise InvalidFacts("only a re-check names a weighing", field="passage_id")
            return
        for view in await self._views.rechecks(case.case_no):
            weighing = view.passage.weighing
            if view.passage.passage_id == passage_id and weighing.evidence:
                if moment(weighing.settled_at) > moment(one.request.at):
                    return
                break
        raise InvalidFacts("not weighed again since it was asked", field="passage_id")
