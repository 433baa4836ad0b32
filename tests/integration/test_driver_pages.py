"""What a driver sees with the code of his slip, and what nobody sees without it."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from msgspec.structs import replace as replaced

from central.application.driver_pages import DriverPages
from central.application.serving import Serve
from central.public.app import EACH_A_MINUTE, MOST_BYTES, Site, create_public_app
from central.public.page import Offices
from central.store.driver_pages import SqlDriverPages
from central.store.shelf import SqlShelf
from station.contract.driver_page import grouped, page_code, page_digest
from station.contract.entries import DocumentPrinted, DriverAnswer, Kind, PassageReview
from station.contract.sealing import stamp
from station.contract.uplink import batch
from station.domain.asking import MOST_LETTERS
from station.domain.errors import StoreFull
from station.domain.procedure import Act
from station.rules.deadlines import last_day
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar
from tests.acts import TO_DECISION
from tests.fakes import NOON, plate_evidence
from tests.integration.test_central_bundle import SCENE, Office

pytest_plugins = ["tests.migration.central_database"]

TOKEN, OTHERS = bytes(range(16)), bytes(range(1, 17))
PICTURE = "data:image/jpeg;base64,"


class Drivers(Office):
    """The centre with its site, and a case whose slip was printed."""

    def __init__(self, database, folder):
        super().__init__(database, folder)
        self.pages = DriverPages(
            book=SqlDriverPages(database),
            pictures=self.recordings,
            law=lawbook(),
            working=OfficialCalendar(),
            clock=self.hq.clock,
            archive=self.hq.archive,
            own=self.hq.own,
        )
        site = Site(
            find=self.pages,
            ask=self.pages.ask,
            offices=Offices(court="临河区人民法院"),
            clock=self.hq.clock,
        )
        app = create_public_app(site)
        self.transport = httpx.ASGITransport(app=app)

    def print_slip(self, station, token=TOKEN, case_no="C1"):
        station.write(
            Kind.DOCUMENT_PRINTED,
            DocumentPrinted(
                case_no=case_no,
                number="临河检〔2026〕0001号",
                print_no=1,
                officer="R777",
                printed_at="2026-03-01T04:10:00.000Z",
                page=page_digest(token),
            ),
        )

    async def arrive(self, station):
        await self.hq.accept(batch(station.node, station.entries, {}))
        while await self.pages.follow():
            pass

    async def asked(self):
        rows = await self.hq.rows("SELECT body FROM entry WHERE kind = 'driver_request'")
        return [json.loads(body)["payload"] for (body,) in rows]

    async def ask(self, typed, **fields):
        async with httpx.AsyncClient(
            transport=self.transport, base_url="http://pages.example"
        ) as client:
            return await client.post("/", data={"code": typed, **fields})


@pytest.fixture
async def drivers(database, tmp_path):
    made = Drivers(database, tmp_path)
    await made.hq.enrol()
    yield made
    made.recordings.close()


async def test_the_code_opens_the_page_of_its_case_and_the_page_names_no_officer(drivers):
    drivers.case(drivers.linhe)
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    await drivers.keep(SCENE)
    answer = await drivers.ask(grouped(page_code(TOKEN)).lower())
    assert answer.status_code == 200
    for said in ("61,000 千克", "12,000 千克", "案件编号 C1", "复检", "48,500 千克", PICTURE):
        assert said in answer.text
    officers = {one for entry in drivers.linhe.entries for one in re.findall(rb"R\d+", entry.body)}
    assert officers
    for number in officers:
        assert number.decode() not in answer.text
    assert "张三" not in answer.text


async def test_another_code_a_malformed_one_and_none_get_the_same_answer(drivers):
    drivers.case(drivers.linhe)
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    wrong = page_code(OTHERS)
    answers = [await drivers.ask(typed) for typed in (wrong, wrong[:-1], "", "查" * 26, "<b>")]
    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1


async def test_each_slip_opens_its_own_case(drivers):
    for station, token in zip(drivers.stations, (TOKEN, OTHERS), strict=True):
        drivers.case(station)
        drivers.print_slip(station, token)
        await drivers.arrive(station)
    await drivers.keep(SCENE)
    first, second = [(await drivers.ask(page_code(one))).text for one in (TOKEN, OTHERS)]
    assert "linhe（G6）" in first
    assert "linhe（G6）" not in second


async def test_what_has_not_arrived_is_said(drivers):
    drivers.case(drivers.linhe)
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    answer = await drivers.ask(page_code(TOKEN))
    assert "还有 1 张照片没有传到中心" in answer.text
    assert PICTURE not in answer.text


async def test_a_review_changes_what_is_said_of_the_weighing(drivers):
    linhe = drivers.linhe
    linhe.weigh("p1")
    review = PassageReview(
        passage_id="p1",
        officer="R778",
        mode="resident",
        tractor=plate_evidence(),
        trailer=None,
        vehicle={},
        vehicle_origin="officer",
        verdict={"verdict": "violation", "limit_kg": 46_000, "excess_kg": 15_000},
        explanation="核定以后的说明",
        recheck_of=None,
    )
    linhe.write(Kind.PASSAGE_REVIEW, review)
    linhe.open_case("C1", "v", "p1")
    drivers.print_slip(linhe)
    await drivers.arrive(linhe)
    answer = await drivers.ask(page_code(TOKEN))
    assert "核定以后的说明" in answer.text
    assert "15,000 千克" in answer.text
    assert "R778" not in answer.text


async def test_the_plan_is_of_the_newest_weighing_and_ends_when_it_is_clear(drivers):
    linhe = drivers.linhe
    linhe.weigh("p1")
    linhe.open_case("C1", "v", "p1")
    drivers.print_slip(linhe)
    await drivers.arrive(linhe)
    assert "至少需要卸下 12,000 千克" in (await drivers.ask(page_code(TOKEN))).text
    sent = len(linhe.entries)
    linhe.act(Act.ORDER_TO_CORRECT, "C1")
    linhe.act(Act.BEGIN_UNLOADING, "C1")
    linhe.weigh("again", 48_500, recheck_of="C1")
    linhe.act(Act.RECHECK_CLEAR, "C1")
    assert len(linhe.entries) > sent
    await drivers.arrive(linhe)
    answer = await drivers.ask(page_code(TOKEN))
    assert "至少需要卸下" not in answer.text
    assert "复检合格，超限已消除" in answer.text


async def test_nothing_of_a_record_is_read_as_markup(drivers):
    linhe = drivers.linhe
    linhe.weigh("p1", explanation="<script>alert(1)</script>")
    linhe.open_case("C1", "v", "p1")
    drivers.print_slip(linhe)
    await drivers.arrive(linhe)
    answer = await drivers.ask(page_code(TOKEN))
    assert "&lt;script&gt;alert" in answer.text
    assert "<script>alert" not in answer.text


async def test_no_answer_may_be_kept_indexed_or_tell_where_it_came_from(drivers):
    async with httpx.AsyncClient(
        transport=drivers.transport, base_url="http://pages.example"
    ) as client:
        answers = [await client.get("/"), await client.post("/"), await client.get("/nowhere")]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers


async def test_there_is_nothing_of_officers_at_this_address(drivers):
    async with httpx.AsyncClient(
        transport=drivers.transport, base_url="http://pages.example"
    ) as client:
        for path in ("/api/health", "/api/session", "/api/cases", "/api/ingest", "/docs"):
            assert (await client.get(path)).status_code == 404


async def test_who_asks_too_often_waits_a_minute_and_others_do_not(drivers):
    answers = [await drivers.ask("x") for _ in range(EACH_A_MINUTE + 1)]
    assert [one.status_code for one in answers] == [404] * EACH_A_MINUTE + [429]


async def test_a_long_body_is_not_read_to_its_end(drivers):
    answer = await drivers.ask("0" * (MOST_BYTES + 1))
    assert answer.status_code == 404


async def test_a_case_whose_weighing_cannot_be_found_is_shown_from_its_opening(drivers):
    linhe = drivers.linhe
    linhe.weigh("p1")
    linhe.open_case("C1", "v", "p1")
    drivers.print_slip(linhe)
    await drivers.arrive(linhe)
    book = drivers.pages._book

    class Without:
        prints = book.prints

        async def held(self, page):
            return replace(await book.held(page), entries=())

    drivers.pages._book = Without()
    answer = await drivers.ask(page_code(TOKEN))
    assert "还没有传到中心" in answer.text
    assert "12,000 千克" in answer.text


async def test_a_driver_asks_to_be_weighed_once_more_and_the_ledger_says_so(drivers):
    linhe = drivers.linhe
    linhe.weigh("p1")
    linhe.open_case("C1", "v", "p1")
    drivers.print_slip(linhe)
    await drivers.arrive(linhe)
    assert ">请求复检</button>" in (await drivers.ask(page_code(TOKEN))).text
    answer = await drivers.ask(page_code(TOKEN), ask="recheck")
    assert "等待答复" in answer.text
    (request,) = await drivers.asked()
    assert (request["node"], request["case_no"], request["what"]) == ("linhe", "C1", "recheck")
    now = drivers.hq.clock.now()
    assert request["answer_by"] == stamp(now + timedelta(hours=2))


async def test_who_asks_twice_or_at_once_has_asked_once(drivers):
    linhe = drivers.linhe
    linhe.weigh("p1")
    linhe.open_case("C1", "v", "p1")
    drivers.print_slip(linhe)
    await drivers.arrive(linhe)
    await asyncio.gather(*(drivers.ask(page_code(TOKEN), ask="recheck") for _ in range(4)))
    assert len(await drivers.asked()) == 1
    drivers.pages._asked.clear()  # another process, or a new start: the log tells it again
    drivers.pages._followed = 0
    await drivers.arrive(linhe)
    await drivers.ask(page_code(TOKEN), ask="recheck")
    assert len(await drivers.asked()) == 1


@pytest.mark.parametrize("typed", [page_code(OTHERS), "", "x"])
async def test_without_the_code_nothing_is_written(drivers, typed):
    drivers.case(drivers.linhe)
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    assert (await drivers.ask(typed, ask="recheck")).status_code == 404
    assert await drivers.asked() == []


async def test_a_truck_that_was_cleared_is_not_weighed_once_more(drivers):
    drivers.case(drivers.linhe)
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    answer = await drivers.ask(page_code(TOKEN), ask="recheck")
    assert "请求复检</button>" not in answer.text
    assert await drivers.asked() == []


async def waiting_case(drivers):
    """Deliver a case whose truck waits, with its printed slip."""
    drivers.linhe.weigh("p1")
    drivers.linhe.open_case("C1", "v", "p1")
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    return drivers.linhe


@pytest.mark.parametrize("what", ["objection", "statement", "complaint"])
async def test_what_a_driver_writes_is_kept_beside_its_entry_and_shown_with_a_receipt(
    drivers, what
):
    await waiting_case(drivers)
    answer = await drivers.ask(page_code(TOKEN), ask=what, text="  第一行\r\n<b>第二行</b> ")
    (request,) = await drivers.asked()
    assert request["what"] == what
    assert "第一行" not in str(request)  # the ledger holds a commitment alone
    assert "第一行\n&lt;b&gt;第二行&lt;/b&gt;" in answer.text
    (seq,) = await drivers.hq.rows("SELECT seq FROM entry WHERE kind = 'driver_request'")
    assert f"centre-{seq[0]}-" in answer.text
    kept = await drivers.hq.rows("SELECT node, case_node, case_no, text FROM opening")
    assert [tuple(one) for one in kept] == [("centre", "linhe", "C1", "第一行\n<b>第二行</b>")]


async def test_the_same_said_twice_or_at_once_is_said_once_and_more_than_three_are_not_taken(
    drivers,
):
    await waiting_case(drivers)
    code = page_code(TOKEN)
    same = (drivers.ask(code, ask="statement", text="我没有超载") for _ in range(4))
    await asyncio.gather(*same)
    assert len(await drivers.asked()) == 1
    for n in range(4):
        answer = await drivers.ask(code, ask="statement", text=f"补充{n}")
    assert len(await drivers.asked()) == 3
    assert "提交陈述申辩</button>" not in answer.text


@pytest.mark.parametrize("letters", [0, MOST_LETTERS + 1])
async def test_a_text_that_cannot_be_taken_comes_back_into_its_form(drivers, letters):
    await waiting_case(drivers)
    answer = await drivers.ask(page_code(TOKEN), ask="objection", text="吨" * letters)
    assert answer.status_code == 422
    assert "没有提交" in answer.text
    assert "吨" * letters in answer.text
    assert await drivers.asked() == []


async def test_the_longest_text_is_taken(drivers):
    await waiting_case(drivers)
    answer = await drivers.ask(page_code(TOKEN), ask="objection", text="𠮷" * MOST_LETTERS)
    assert answer.status_code == 200
    assert len(await drivers.asked()) == 1


async def test_what_is_not_kept_is_not_acknowledged(drivers, monkeypatch):
    await waiting_case(drivers)

    async def full(*_):
        raise StoreFull("no room")

    monkeypatch.setattr(drivers.pages, "_write", full)
    answer = await drivers.ask(page_code(TOKEN), ask="statement", text="x")
    assert answer.status_code == 503
    assert "没有存下来" in answer.text


async def test_what_a_driver_wrote_goes_to_the_station_of_his_case_alone(drivers):
    await waiting_case(drivers)
    await drivers.ask(page_code(TOKEN), ask="statement", text="我没有超载")
    serve = Serve(shelf=SqlShelf(drivers.hq.database), node="centre", clock=drivers.hq.clock)
    for node, texts in (("linhe", ["我没有超载"]), ("hailiutu", [])):
        down = await serve.down(0, node)
        assert [one.text for entry in down.entries for one in entry.personal] == texts


async def test_after_the_truck_is_gone_nobody_waits_to_be_weighed_once_more(drivers):
    linhe = await waiting_case(drivers)
    await drivers.ask(page_code(TOKEN), ask="recheck")
    linhe.clock.move(timedelta(minutes=1))
    for act in (Act.ORDER_TO_CORRECT, Act.BEGIN_UNLOADING):
        linhe.act(act, "C1")
    linhe.weigh("again", 48_500, recheck_of="C1")
    linhe.act(Act.RECHECK_CLEAR, "C1")
    await drivers.arrive(linhe)
    answer = await drivers.ask(page_code(TOKEN))
    assert "再次称重" in answer.text
    assert "等待答复" not in answer.text


async def test_officers_answer_stands_on_the_page_and_a_strangers_does_not(drivers):
    linhe = await waiting_case(drivers)
    await drivers.ask(page_code(TOKEN), ask="objection", text="我是空车")
    ((seq,),) = await drivers.hq.rows("SELECT seq FROM entry WHERE kind = 'driver_request'")
    answer = DriverAnswer(
        case_no="C1",
        request_seq=seq,
        what="objection",
        answer="refused",
        passage_id="",
        text="已核对原始称重帧",
        officers=["R777", "R778"],
        at="2026-03-01T05:00:00.000Z",
    )
    other = next(one for one in drivers.stations if one is not linhe)
    other.write(Kind.DRIVER_ANSWER, replaced(answer, text="冒充的答复"))
    await drivers.arrive(other)
    assert "等待答复" in (await drivers.ask(page_code(TOKEN))).text
    linhe.write(Kind.DRIVER_ANSWER, answer)
    await drivers.arrive(linhe)
    shown = (await drivers.ask(page_code(TOKEN))).text
    assert "异议不成立" in shown
    assert "已核对原始称重帧" in shown
    assert "R777" not in shown
    assert "冒充" not in shown
    assert "等待答复" not in shown


async def test_after_service_the_page_says_where_and_until_what_day_one_appeals(drivers):
    linhe = await waiting_case(drivers)
    assert "提起行政诉讼的最后一日" not in (await drivers.ask(page_code(TOKEN))).text
    for act in TO_DECISION:
        linhe.act(act, "C1")
    linhe.in_force(1, "v")
    served = linhe.act(Act.SERVE, "C1")
    await drivers.arrive(linhe)
    on = json.loads(served.body)["payload"]["details"]["served_on"]
    shown = (await drivers.ask(page_code(TOKEN))).text
    assert f"送达日期：{on}" in shown
    law, calendar = lawbook(), OfficialCalendar()
    for key, what in (("reconsideration", "申请行政复议"), ("litigation", "提起行政诉讼")):
        last = last_day(law, f"deadline.{key}", date.fromisoformat(on), calendar)
        assert f"本案{what}的最后一日：{last}" in shown
    assert "临河区人民法院" in shown


async def test_the_bundle_of_a_case_holds_what_was_asked_and_answered_and_passes(drivers):
    drivers.case(drivers.linhe)
    drivers.print_slip(drivers.linhe)
    await drivers.arrive(drivers.linhe)
    await drivers.keep(SCENE)
    await drivers.ask(page_code(TOKEN), ask="statement", text="我没有超载")
    ((seq,),) = await drivers.hq.rows("SELECT seq FROM entry WHERE kind = 'driver_request'")
    said = {"case_no": "C1", "request_seq": seq, "what": "statement", "answer": "refused"}
    more = {"passage_id": "", "text": "不采纳", "officers": ["P1", "P2"], "at": stamp(NOON)}
    drivers.linhe.write(Kind.DRIVER_ANSWER, DriverAnswer(**said, **more))
    await drivers.arrive(drivers.linhe)
    await drivers.checkpointer.step()
    _, collected = await drivers.export("C1", "linhe")
    kinds = [one.entry.kind for one in collected.bundle.entries]
    assert {"driver_request", "driver_answer"} <= set(kinds)
    result = await drivers.verdict(collected)
    assert (result.ok, result.checked["openings"]) == (True, 1), result
