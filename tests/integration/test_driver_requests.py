"""What a driver asks on his page reaches the station's officers, and they answer it."""

from datetime import timedelta

import msgspec
import pytest

from station.application.ports import Draft
from station.contract.entries import (
    CentrePersonalErased,
    DriverRequest,
    ErasedFields,
    Kind,
    read,
)
from station.contract.personal import Opening
from station.contract.sealing import stamp
from station.domain.stages import Penalty
from station.store.branches import SqliteBranches
from tests.fakes import NOON
from tests.integration.test_station_claims import yes
from tests.integration.test_station_console import (
    DECIDED,
    OPENED,
    TOLD,
    accepted,
    clear,
    heard,
    open_case,
)

URL = f"/api/cases/{OPENED.case_no}/requests"
SALT = "5a" * 32


def request(what, *, node="linhe", case_no=OPENED.case_no, text="我没有超载"):
    """Return what was asked, and the clear text beside it."""
    opening = Opening(field="text", salt=SALT, text=text)
    written = what != "recheck"
    asked = DriverRequest(
        node=node,
        case_no=case_no,
        plate=OPENED.plate,
        what=what,
        at=stamp(NOON),
        answer_by=stamp(NOON + timedelta(hours=2)),
        personal={"text": opening.commitment} if written else {},
    )
    return asked, *((opening,) if written else ())


def answer(answer="refused", second="R2", **more):
    return {"answer": answer, "text": "已核对", "second_officer": second, **more}


async def road(console):
    officer = await console.signed_in("R1")
    await console.signed_in("R2")
    return officer


async def test_what_a_driver_wrote_is_shown_with_its_deadline_and_answered_once(console, tell):
    await open_case(console)
    officer = await road(console)
    seq = await tell(Kind.DRIVER_REQUEST, *request("objection"))
    await tell(Kind.DRIVER_REQUEST, *request("objection", node="hailiutu"))
    (one,) = (await officer.get(URL)).json()
    assert (one["what"], one["text"], one["answer"]) == ("objection", "我没有超载", None)
    (due,) = (await officer.get("/api/clocks")).json()["clocks"][:1]
    assert (due["key"], due["state"]) == ("deadline.answer_objection", "running")

    said = await officer.post(f"{URL}/{seq}/answer", json=answer())
    assert said.status_code == 200, said.text
    (one,) = (await officer.get(URL)).json()
    assert one["answer"]["text"] == "已核对"
    (entry,) = await console.store.entries_after((await console.store.head()).seq - 1, 1)
    assert read(entry)[1].officers == ["R1", "R2"]
    keys = [one["key"] for one in (await officer.get("/api/clocks")).json()["clocks"]]
    assert "deadline.answer_objection" not in keys
    again = await officer.post(f"{URL}/{seq}/answer", json=answer())
    assert (again.status_code, again.json()["code"]) == (409, "case.request_answered")


@pytest.mark.parametrize(
    ("what", "said", "status"),
    [
        ("recheck", answer("accepted"), 422),  # no answer to that
        ("recheck", answer("done", passage_id="p1"), 422),  # not weighed again
        ("recheck", answer("impossible", passage_id="p2"), 422),
        ("recheck", answer("impossible"), 200),
        ("statement", answer(), 409),  # the police review what was stated
        ("complaint", answer(second="R1"), 409),
        ("objection", answer() | {"text": " "}, 422),
        ("objection", answer() | {"text": "字" * 1001}, 422),
    ],
    ids=str,
)
async def test_an_answer_fits_what_was_asked_and_is_of_two_officers_whose_it_is(
    console, tell, what, said, status
):
    await open_case(console)
    officer = await road(console)
    seq = await tell(Kind.DRIVER_REQUEST, *request(what))
    got = await officer.post(f"{URL}/{seq}/answer", json=said)
    assert got.status_code == status, got.text
    assert (await officer.post(f"{URL}/{seq + 1}/answer", json=said)).status_code in (404, 422)


async def test_done_names_a_weighing_since_it_was_asked(console, tell):
    await open_case(console)
    officer = await road(console)
    seq = await tell(Kind.DRIVER_REQUEST, *request("recheck"))
    for name, minutes, status in (("p2", 0, 422), ("p3", 1, 200)):
        again = clear(name, 12_000, gross=61_000)
        at = stamp(NOON + timedelta(minutes=minutes))
        weighing = msgspec.structs.replace(again.weighing, settled_at=at)
        again = msgspec.structs.replace(again, weighing=weighing)
        await console.store.append(Draft(Kind.PASSAGE, again))
        said = await officer.post(f"{URL}/{seq}/answer", json=answer("done", passage_id=name))
        assert said.status_code == status, said.text


async def test_nothing_is_decided_while_a_statement_lies_unreviewed(console, tell):
    police = await accepted(console, fine_yuan=[500, 2000], points=None)
    details = {"kind": "fine", "fine_fen": 50000, "points": 3}
    await console.act(police, "notify", "P2", **TOLD, **details)
    first = await tell(Kind.DRIVER_REQUEST, *request("statement"))
    waived = await console.act(police, "waive", "P2", statement="无")
    assert (waived.status_code, waived.json()["code"]) == (409, "case.statement_unreviewed")
    said = await police.post(f"{URL}/{first}/answer", json=answer(second="P2"))
    assert said.status_code == 200, said.text
    assert (await console.act(police, "hear", "P2", statement="s", review="r")).status_code == 200

    late = await tell(Kind.DRIVER_REQUEST, *request("statement", text="补充"))
    decided = await console.act(police, "decide", "P2", **DECIDED)
    assert (decided.status_code, decided.json()["code"]) == (409, "case.statement_unreviewed")
    await police.post(f"{URL}/{late}/answer", json=answer(second="P2"))
    assert (await console.act(police, "decide", "P2", **DECIDED)).status_code == 200


async def test_the_text_goes_when_the_centre_says_that_it_is_erased(console, tell):
    await open_case(console)
    officer = await road(console)
    seq = await tell(Kind.DRIVER_REQUEST, *request("complaint"))
    erased = CentrePersonalErased(
        node="centre",
        reason="term",
        before="2026-03-02",
        erased=[ErasedFields(seq=seq, fields=["text"])],
    )
    await tell(Kind.CENTRE_PERSONAL_ERASED, msgspec.structs.replace(erased, node="hailiutu"))
    assert (await officer.get(URL)).json()[0]["text"] == "我没有超载"
    await tell(Kind.CENTRE_PERSONAL_ERASED, erased)
    assert (await officer.get(URL)).json()[0]["text"] is None


async def test_a_text_that_the_entry_does_not_commit_to_is_not_kept(console, tell):
    await open_case(console)
    officer = await road(console)
    asked, opening = request("statement")
    await tell(Kind.DRIVER_REQUEST, asked, msgspec.structs.replace(opening, text="别的"))
    assert (await officer.get(URL)).json()[0]["text"] is None


async def test_requests_and_answers_are_there_again_after_a_rebuild(console, tell):
    await open_case(console)
    officer = await road(console)
    seq = await tell(Kind.DRIVER_REQUEST, *request("objection"))
    await officer.post(f"{URL}/{seq}/answer", json=answer())
    before = (await officer.get(URL)).json()
    await SqliteBranches(console.database, console.store).rebuild()
    assert (await officer.get(URL)).json() == before


async def test_a_decision_made_off_line_takes_no_effect_before_the_statement_is_reviewed(
    console, tell
):
    police = await heard(console)
    assert (await console.act(police, "decide", "P2", **DECIDED)).status_code == 200
    seq = await tell(Kind.DRIVER_REQUEST, *request("statement"))
    await tell(*yes())
    assert await console.take_answers() == 0
    assert (await console.store.case(OPENED.case_no)).state.penalty is Penalty.DECIDED
    said = await police.post(f"{URL}/{seq}/answer", json=answer(second="P2"))
    assert said.status_code == 200, said.text
    assert await console.take_answers() == 1
    assert (await console.store.case(OPENED.case_no)).state.penalty is Penalty.IN_FORCE
