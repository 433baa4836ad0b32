"""The file of a real case on the real store: what it lacks, signatures, excuses, the timeline."""

import asyncio
from datetime import timedelta

import pytest

from station.application.ports import Draft
from station.contract.case_record import CaseRecord
from station.contract.entries import Kind, RecordedAct, RecordingImported
from station.contract.sealing import stamp
from station.domain.errors import (
    CaseIncomplete,
    DocumentSignedBefore,
    InvalidFacts,
    NotExcusable,
    NotFound,
    WrongAuthority,
)
from station.domain.officers import Pair, Role
from station.domain.procedure import Act
from tests.acts import pair
from tests.papers import CASE_NO, USUAL, Desk, completeness, filing

SIGNED = {
    "order_to_correct",
    "measure_certificate",
    "unloading_notice",
    "weigh_and_unload_form",
    "prior_notice",
    "defence_record",
    "simple_decision",
    "service_receipt",
}


class Both:
    """Lets whoever acts act with the second officer of his authority."""

    lock = asyncio.Lock()

    async def pair(self, officer, second_no):
        return Pair(first=officer, second=pair(officer.role).second)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    made.complete = completeness(made.database, made.store, made.clock)
    made.filing = filing(made.database, made.store, made.complete, Both(), made.clock)
    yield made
    made.close()


async def sign(desk, view, manner="signed", note="", role=None):
    number = view.issued.number
    officer = pair(role or Role(view.issued.officer.rstrip("12"))).first
    return await desk.filing.signed(number, manner, note, officer=officer, second_no="x")


async def handled(desk, *, signing=True):
    """Take a case to its payment; issue and sign everything on the way."""
    await desk.open()
    views = {}
    for act in (None, *USUAL[:-1]):
        if act is not None:
            await desk.act(act)
        for kind in sorted(await desk.due()):
            if kind in await desk.due():
                views[kind] = await desk.issue(kind)
                if signing and kind in SIGNED:
                    await sign(desk, views[kind])
    return views


async def items(desk):
    found = await desk.filing.checklist(CASE_NO)
    return {(one.need.value, one.name): one.standing.value for one in found}


async def unrecorded(desk):
    found = await desk.filing.checklist(CASE_NO)
    return [one for one in found if one.need.value == "recording" and one.blocks]


async def test_a_case_whose_file_holds_everything_may_be_closed(desk):
    await handled(desk)
    for one in await unrecorded(desk):
        await clip(desk, one.name, one.seq)
    await desk.complete.require(desk.case)
    found = await items(desk)
    assert found["document", "service_receipt"] == "there"
    assert found["signature", "prior_notice"] == "there"
    assert found["service", "serve"] == "there"


async def test_a_case_is_not_closed_while_its_file_lacks_something_and_says_what(desk):
    await desk.open()
    for act in USUAL[:-1]:
        await desk.act(act)
    with pytest.raises(CaseIncomplete) as caught:
        await desk.complete.require(desk.case)
    assert "《违法行为告知书》未制发" in caught.value.fields["missing"]
    assert "《送达回证》没有当事人签收或拒签注明" in caught.value.fields["missing"]


async def test_one_missing_recording_blocks_closing_until_two_officers_account_for_it(desk):
    await handled(desk)  # the truck was released on the way, with no recording of anything
    *rest, last = await unrecorded(desk)
    for one in rest:
        await clip(desk, one.name, one.seq)
    with pytest.raises(CaseIncomplete) as caught:
        await desk.complete.require(desk.case)
    assert (caught.value.fields["count"], last.name) == (1, "serve")
    assert "“送达”的录音录像" in caught.value.fields["missing"]
    police = pair(Role.POLICE).first
    await desk.filing.excused(CASE_NO, last.seq, "记录仪损坏", officer=police, second_no="x")
    await desk.complete.require(desk.case)


async def test_a_refusal_is_noted_and_counts(desk):
    await desk.open()
    await desk.act(Act.ORDER_TO_CORRECT)
    view = await desk.issue("order_to_correct")
    with pytest.raises(InvalidFacts):
        await sign(desk, view, "refused")
    receipt = await sign(desk, view, "refused", "当事人拒签，已当场说明")
    assert receipt.startswith("linhe-")
    assert (await items(desk))["signature", "order_to_correct"] == "there"
    with pytest.raises(DocumentSignedBefore):
        await sign(desk, view)


async def test_only_who_issued_it_says_how_it_was_taken(desk):
    await desk.open()
    await desk.act(Act.ORDER_TO_CORRECT)
    view = await desk.issue("order_to_correct")
    with pytest.raises(WrongAuthority):
        await sign(desk, view, role=Role.POLICE)
    with pytest.raises(NotFound):
        await desk.filing.signed("无", "signed", "", officer=pair(Role.ROAD).first, second_no="x")


async def clip(desk, act, seq):
    began = desk.clock.now() - timedelta(minutes=1)
    payload = RecordingImported(
        officer="road1",
        device="",
        began_at=stamp(began),
        ended_at=stamp(desk.clock.now()),
        timed_by="name",
        source="a.mp4",
        sha256="ab" * 32,
        size=3,
        media_type="video/mp4",
        imported_at=stamp(desk.clock.now()),
        acts=[RecordedAct(case_no=CASE_NO, act=act, act_seq=seq)],
    )
    await desk.store.append(Draft(Kind.RECORDING_IMPORTED, payload))


async def test_a_recording_is_there_or_two_officers_say_why_not(desk):
    await desk.open()
    await desk.act(Act.ORDER_TO_CORRECT)
    await desk.act(Act.BEGIN_UNLOADING)
    found = await desk.filing.checklist(CASE_NO)
    ordered, begun = (one.seq for one in found if one.need.value == "recording")
    await clip(desk, "order_to_correct", ordered)
    assert (await items(desk))["recording", "order_to_correct"] == "there"

    road, police = pair(Role.ROAD).first, pair(Role.POLICE).first
    excused = desk.filing.excused
    with pytest.raises(WrongAuthority):
        await excused(CASE_NO, begun, "记录仪损坏", officer=police, second_no="x")
    with pytest.raises(InvalidFacts):
        await excused(CASE_NO, begun, " ", officer=road, second_no="x")
    with pytest.raises(NotExcusable):
        await excused(CASE_NO, ordered, "记录仪损坏", officer=road, second_no="x")
    await excused(CASE_NO, begun, "记录仪损坏", officer=road, second_no="x")
    assert (await items(desk))["recording", "begin_unloading"] == "excused"
    with pytest.raises(NotExcusable):
        await excused(CASE_NO, begun, "再说一遍", officer=road, second_no="x")


async def test_the_timeline_tells_the_whole_process_in_the_order_of_time(desk):
    views = await handled(desk)
    for one in await unrecorded(desk):
        await clip(desk, one.name, one.seq)
    told = [one.moment for one in await desk.filing.timeline(CASE_NO)]
    assert [one.at for one in told] == sorted(one.at for one in told)
    assert [one.name for one in told if one.kind == "case_act"] == [a.value for a in USUAL[:-1]]
    names = {(one.kind, one.name) for one in told}
    assert {("passage", "passage"), ("passage", "recheck")} <= names
    assert ("case_opened", "case_opened") in names
    issued = {one.number for one in told if one.kind == "document_issued"}
    assert {view.issued.number for view in views.values()} <= issued
    signed = [one for one in told if one.kind == "document_signed"]
    assert {one.title for one in signed} <= {view.issued.title for view in views.values()}
    assert all(one.officers[0][-1] == "1" and len(one.officers) == 2 for one in signed)
    assert {one.title for one in told if one.kind == "case_act"} == {""}  # no clip's name


async def test_the_closing_report_tells_the_whole_process_up_to_the_closing_and_no_more(desk):
    await handled(desk)
    *rest, last = await unrecorded(desk)
    for one in rest:
        await clip(desk, one.name, one.seq)
    police = pair(Role.POLICE).first
    await desk.filing.excused(CASE_NO, last.seq, "记录仪损坏", officer=police, second_no="x")
    await desk.act(Act.CLOSE)
    closed = (await desk.store.head()).seq
    view = await desk.issue("closing_report")
    shown = (await desk.shown(view))["process"]
    told = [one.moment for one in await desk.filing.timeline(CASE_NO) if one.moment.seq <= closed]
    assert [one["receipt"] for one in shown] == [one.receipt for one in told]
    kinds = {one["kind"] for one in shown}
    assert {"passage", "case_opened", "document_signed", "recording_imported"} <= kinds
    assert [one["note"] for one in shown if one["kind"] == "recording_excused"] == ["记录仪损坏"]
    # Printed twice, and printed again: what came after does not show, and nothing has changed.
    await desk.issuing.printed(view.issued.number, police)
    await desk.issuing.printed(view.issued.number, police)


async def test_the_record_of_a_case_holds_its_signatures_and_recordings(desk):
    await desk.open()
    await desk.act(Act.ORDER_TO_CORRECT)
    await sign(desk, await desk.issue("order_to_correct"))
    await clip(desk, "order_to_correct", (await desk.store.head()).seq - 2)
    record = await CaseRecord("linhe", CASE_NO).of_station(
        lambda texts: desk.store.naming(texts, "first")
    )
    kinds = {one.kind for one in record}
    assert {"document_signed", "recording_imported"} <= kinds
