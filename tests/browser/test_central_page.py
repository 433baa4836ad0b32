"""The page of headquarters in a real Chromium."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import expect

from central.api import schemas
from station.plate_reader.frame import Frame
from tests.browser.headquarters import NOW, PLACES, TODAY, Headquarters
from tests.browser.served import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("built_pages")]


@pytest.fixture
def hq():
    return Headquarters()


@pytest.fixture
async def server(hq):
    async with served(hq.app) as running:
        yield running


async def signed_in(open_page, url):
    page = await open_page(url)
    await expect(page.locator("#certificate-no")).to_be_focused()
    await page.keyboard.type("HQ1")
    await page.keyboard.press("Tab")
    await page.keyboard.type("password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("link")).to_have_text("实时")
    return page


async def size_of(download):
    path = await download.path()
    return await asyncio.to_thread(lambda: Path(path).stat().st_size)


def card(page, node):
    return page.get_by_test_id(f"station-{node}")


async def test_three_stations_are_shown_with_their_present_weight(hq, server, open_page):
    hq.stations["linhe"] = hq.station("linhe", 58300)
    page = await signed_in(open_page, server.url)
    await expect(page.locator("[data-kind=station]")).to_have_count(len(PLACES))
    await expect(card(page, "linhe")).to_contain_text("临河超限检测站")
    await expect(card(page, "linhe").get_by_test_id("weight")).to_have_text("58,300 kg")
    hq.tell("station", hq.station("linhe", 58320))
    await expect(card(page, "linhe").get_by_test_id("weight")).to_have_text("58,320 kg")


async def test_a_silent_station_shows_no_weight_and_says_why(hq, server, open_page):
    hq.stations["linhe"] = hq.station("linhe", 58300)
    page = await signed_in(open_page, server.url)
    await expect(card(page, "linhe")).to_contain_text("58,300")
    silent = schemas.DeviceOut(code="station.silent", message="站点失去联系", since=NOW)
    hq.tell("station", hq.station("linhe", link=silent, lane=None))
    await expect(card(page, "linhe").get_by_test_id("weight")).to_have_text("无示值")
    await expect(card(page, "linhe")).to_contain_text("站点失去联系")
    await expect(card(page, "hailiutu")).not_to_contain_text("站点失去联系")


async def test_the_newest_passage_stands_on_top_and_is_counted(hq, server, open_page):
    hq.passages = [hq.passage(1, "linhe")]
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    await expect(rows).to_have_count(1)
    newest = hq.passage(2, "hailiutu", "violation", gross_kg=58300, excess_kg=9300)
    hq.passages.insert(0, newest)
    hq.tell("passage", newest)
    await expect(rows.first).to_contain_text("违法超限")
    await expect(rows.first).to_contain_text("9,300")
    # The sum first: two passages, one of them over.
    total = page.get_by_test_id("counts").locator("tr.sum")
    await expect(total).to_contain_text("50.0%")
    await expect(total.locator("td").first).to_have_text("2")
    await expect(total.locator("td").last).to_have_text("12.3")


async def test_a_reviewed_passage_replaces_itself(hq, server, open_page):
    unread = hq.passage(1, "linhe", "needs_review", plate=None, limit_kg=None, excess_kg=None)
    hq.passages = [unread]
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    await expect(rows).to_contain_text("未能确认")
    hq.tell("passage", hq.passage(1, "linhe", reviewed=True))
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("人工核定")


async def test_a_recheck_still_over_is_never_called_a_release(hq, server, open_page):
    hq.passages = [
        hq.passage(2, "linhe", "warning", gross_kg=49001, excess_kg=1, recheck_of="C1"),
        hq.passage(1, "linhe", "lawful", gross_kg=49000, excess_kg=0, recheck_of="C1"),
    ]
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    await expect(rows.nth(0)).to_contain_text("复检仍超限")
    await expect(rows.nth(0)).not_to_contain_text("放行")
    await expect(rows.nth(1)).to_contain_text("复检合格")


async def test_the_filter_keeps_other_stations_away_also_live(hq, server, open_page):
    hq.passages = [hq.passage(2, "hailiutu"), hq.passage(1, "linhe")]
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await page.get_by_test_id("filter").select_option("linhe")
    await expect(rows).to_have_count(1)
    hq.tell("passage", hq.passage(3, "hailiutu"))
    hq.tell("passage", hq.passage(4, "linhe"))
    await expect(rows).to_have_count(2)
    for row in await rows.all():
        await expect(row).to_have_attribute("data-node", "linhe")


async def test_a_closed_case_leaves_the_open_ones(hq, server, open_page):
    case = schemas.CaseOut(
        case_no="LINHE202603010001",
        node="linhe",
        plate="蒙L38216",
        opened_at=NOW,
        gross_kg=58300,
        limit_kg=49000,
        excess_kg=9300,
        removal="clear",
        penalty="notified",
        custody="held",
        released_at=None,
        fine_fen=None,
        points=None,
        closed=False,
        touched=0,
    )
    hq.cases = [case]
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("cases").locator("tbody tr")
    await expect(rows).to_contain_text("已告知")
    await expect(rows).to_contain_text("未放行")
    done = {"penalty": "paid", "closed": True, "released_at": NOW + timedelta(minutes=1)}
    hq.tell("case", case.model_copy(update=done))
    await expect(rows).to_have_count(0)


async def test_an_alarm_names_the_station_and_the_place_in_its_ledger(hq, server, open_page):
    wrong = schemas.AlarmOut(
        alarm_id=1,
        node="linhe",
        seq=48213,
        code="evidence.bad_signature",
        message="签名不是该站点的密钥所签",
        detail="",
        at=NOW,
    )
    late = wrong.model_copy(update={"alarm_id": 2, "node": "hailiutu", "seq": None})
    hq.alarms = [wrong]
    page = await signed_in(open_page, server.url)
    shown = page.get_by_test_id("alarms").locator("li")
    await expect(shown).to_contain_text(["临河超限检测站记录 #48213"])
    hq.tell("alarm", late)
    await expect(shown).to_have_count(2)
    await expect(shown.first).to_contain_text("海流图超限检测站")
    await expect(shown.first).not_to_contain_text("#")


async def test_a_lost_connection_is_said_and_no_weight_stays(hq, server, open_page):
    hq.stations["linhe"] = hq.station("linhe", 58300)
    page = await signed_in(open_page, server.url)
    await expect(card(page, "linhe")).to_contain_text("58,300")
    await server.stop()
    await expect(page.get_by_test_id("lost")).to_contain_text("连接中断", timeout=5000)
    await expect(page.locator("body")).not_to_contain_text("58,300")


async def test_the_page_reconnects_by_itself_and_is_told_what_it_missed(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    hq.tell("passage", hq.passage(1, "linhe"))
    await expect(rows).to_have_count(1)
    asked = hq.lists_asked
    hq.hang_up()
    await expect(page.get_by_test_id("lost")).to_be_visible()
    hq.tell("passage", hq.passage(2, "linhe"))
    await expect(rows).to_have_count(2)
    await expect(page.get_by_test_id("link")).to_have_text("实时")
    await expect(page.get_by_test_id("lost")).to_have_count(0)
    assert hq.came_back_with == [None, 1]
    assert hq.lists_asked == asked, "what was told need not be asked for"


async def test_when_too_much_has_happened_the_page_loads_its_lists_anew(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    await expect(page.get_by_test_id("counts").locator("tr.sum")).to_be_visible()
    await expect(rows).to_have_count(0)
    hq.passages = [hq.passage(number, "linhe") for number in range(3)]
    hq.reload()
    await expect(rows).to_have_count(3)


async def test_a_list_that_was_on_its_way_does_not_hide_what_was_told_meanwhile(
    hq, server, open_page
):
    hq.passages = [hq.passage(1, "linhe", "needs_review", plate=None)]
    hq.lists_may_go.clear()
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    await expect(page.get_by_test_id("counts").locator("tr.sum")).to_be_visible()
    hq.tell("passage", hq.passage(1, "linhe", reviewed=True))
    hq.tell("passage", hq.passage(2, "hailiutu"))
    await expect(rows).to_have_count(2)
    hq.lists_may_go.set()
    async with asyncio.timeout(10):
        await page.wait_for_load_state("networkidle")
    await expect(rows).to_have_count(2)
    await expect(rows.last).to_contain_text("人工核定")


async def test_a_passage_before_its_order_says_so_until_it_is_in_place(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    rows = page.get_by_test_id("passages").locator("tbody tr")
    early = hq.passage(1, "linhe", ahead=True, touched=0)
    hq.tell("passage", early)
    await expect(rows).to_contain_text("待入链")
    hq.tell("passage", early.model_copy(update={"ahead": False}))
    await expect(rows).to_have_count(1)
    await expect(rows).not_to_contain_text("待入链")
    hq.tell("passage", early)
    await expect(rows).not_to_contain_text("待入链")


async def test_the_list_is_downloaded_as_of_the_day_chosen(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    await page.get_by_test_id("as-of").fill("2026-03-01")
    async with page.expect_download() as started:
        await page.get_by_test_id("download").click()
    download = await started.value
    assert download.suggested_filename == "名单.csv"
    assert await size_of(download) == len("plate\n")
    assert [day.isoformat() for day in hq.asked_as_of] == ["2026-03-01"]


async def test_the_transport_authority_sees_the_list_and_no_station(hq, server, open_page):
    hq.role = "transport"
    hq.signed_in = True
    page = await open_page(server.url)
    await expect(page.get_by_test_id("download")).to_be_enabled()
    await expect(page.locator("[data-kind=station]")).to_have_count(0)
    await expect(page.locator("body")).to_contain_text(re.compile("只能下载名单"))


def jpeg(shade):
    """A picture of one shade, as a camera gives it."""
    return Frame(NOW, 0, image=np.full((72, 128, 3), shade, np.uint8)).jpeg()


async def until(condition):
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)


async def opened_camera(hq, page, node="linhe"):
    await card(page, node).get_by_test_id("look").click()
    await until(lambda: hq.looking == 1)
    hq.show(jpeg(40))
    await expect(page.get_by_test_id("picture")).to_be_visible()


async def test_a_stations_camera_is_seen_while_its_dialog_is_open(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    await opened_camera(hq, page)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("临河超限检测站")
    await expect(dialog).to_contain_text("值班员（HQ1）正在调看")
    await expect(dialog).to_contain_text("记录在案")
    picture = page.get_by_test_id("picture")
    width = await picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
    before = await picture.get_attribute("src")
    hq.show(jpeg(200))
    await expect(picture).not_to_have_attribute("src", before)

    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await until(lambda: hq.looking == 0 and hq.watches_ended == ["linhe1"])
    assert (width, hq.watches) == (128, ["linhe"])


async def test_a_camera_that_sends_no_more_is_not_shown_as_the_present(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    await opened_camera(hq, page)
    await expect(page.get_by_test_id("camera-waiting")).to_contain_text("画面停在", timeout=8000)
    hq.show(jpeg(90))
    await expect(page.get_by_test_id("camera-waiting")).to_have_count(0)


async def test_a_stream_that_breaks_off_is_begun_anew_by_itself(hq, server, open_page):
    page = await signed_in(open_page, server.url)
    await opened_camera(hq, page)
    hq.show(None)
    await until(lambda: hq.watches == ["linhe", "linhe"] and hq.looking == 1)
    assert hq.watches_ended == ["linhe1"]
    await page.get_by_role("dialog").get_by_role("button").first.click()
    await until(lambda: hq.watches_ended == ["linhe1", "linhe2"] and hq.looking == 0)


async def test_a_camera_that_too_many_look_through_says_so(hq, server, open_page):
    hq.busy = True
    page = await signed_in(open_page, server.url)
    await card(page, "linhe").get_by_test_id("look").click()
    await expect(page.get_by_role("dialog")).to_contain_text("已有3人正在调看")
    hq.busy = False
    await until(lambda: hq.looking == 1)
    hq.show(jpeg(40))
    await expect(page.get_by_test_id("picture")).to_be_visible()
    await expect(page.get_by_role("dialog")).not_to_contain_text("已有3人正在调看")


async def test_a_silent_stations_camera_cannot_be_opened(hq, server, open_page):
    silent = schemas.DeviceOut(code="station.silent", message="站点失去联系", since=NOW)
    hq.stations["linhe"] = hq.station("linhe", link=silent, lane=None)
    page = await signed_in(open_page, server.url)
    await expect(card(page, "hailiutu").get_by_test_id("look")).to_be_visible()
    await expect(card(page, "linhe").get_by_test_id("look")).to_have_count(0)


def fork_of(node, seq=48213):
    return schemas.AlarmOut(
        alarm_id=9,
        node=node,
        seq=seq,
        code="evidence.fork",
        message="站点的证据链出现分叉，已隔离该站点，请立即核查。",
        detail="",
        at=NOW,
    )


async def test_a_release_is_proposed_with_a_reason_by_keyboard_alone(hq, server, open_page):
    hq.stations["linhe"] = hq.quarantined("linhe")
    hq.alarms = [fork_of("linhe")]
    page = await signed_in(open_page, server.url)
    await expect(card(page, "linhe").get_by_test_id("quarantine")).to_contain_text("已隔离")
    await expect(card(page, "hailiutu").get_by_test_id("release")).to_have_count(0)
    await card(page, "linhe").get_by_test_id("release").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("一人提出，另一人确认")
    await expect(dialog).to_contain_text("记录 #48213")
    await expect(page.locator("#release-reason")).to_be_focused()

    for _ in range(2):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("请填写")
    assert hq.reasons == []

    await page.keyboard.type("旧备份误上线")
    for _ in range(2):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("release-said")).to_contain_text("待另一名人员确认")
    assert hq.reasons == ["旧备份误上线"]
    await page.keyboard.press("Enter")  # the button that closes has the focus
    await expect(dialog).to_be_hidden()
    await expect(card(page, "linhe")).to_contain_text("值班员（HQ1）已提出解除")


async def test_another_officer_sees_who_proposed_when_and_why_and_confirms(hq, server, open_page):
    hq.stations["linhe"] = hq.quarantined("linhe")
    page = await signed_in(open_page, server.url)
    # The list is there and the line is open: no older answer comes after the news.
    await expect(card(page, "linhe").get_by_test_id("quarantine")).to_be_visible()
    await expect(page.get_by_role("banner")).to_contain_text("实时")
    await page.wait_for_load_state("networkidle")
    hq.stations["linhe"] = hq.quarantined("linhe", hq.proposal())
    hq.tell("station", hq.stations["linhe"])
    await expect(card(page, "linhe")).to_contain_text("王建国（HQ2）已提出解除")
    await card(page, "linhe").get_by_test_id("release").click()
    dialog = page.get_by_role("dialog")
    await expect(page.get_by_test_id("proposal")).to_contain_text("王建国（HQ2）")
    await expect(dialog).to_contain_text("旧备份误上线，已换回")
    await expect(dialog).to_contain_text("确认期限")
    await expect(page.locator("#release-reason")).to_be_focused()
    await page.keyboard.type("已到站核实")
    await page.get_by_test_id("release-submit").click()
    await expect(page.get_by_test_id("release-said")).to_contain_text("已解除隔离")
    await page.keyboard.press("Escape")
    await expect(card(page, "linhe").get_by_test_id("quarantine")).to_have_count(0)
    assert hq.reasons == ["已到站核实"]


async def test_nobody_confirms_his_own_proposal_and_is_told_why(hq, server, open_page):
    hq.stations["linhe"] = hq.quarantined("linhe", hq.proposal("HQ1", "值班员"))
    page = await signed_in(open_page, server.url)
    await card(page, "linhe").get_by_test_id("release").click()
    await expect(page.get_by_test_id("release-refusal")).to_contain_text("不能自己确认")
    await expect(page.get_by_test_id("release-submit")).to_have_count(0)


async def test_who_may_not_release_is_told_whom_to_ask(hq, server, open_page):
    hq.role = "road"
    hq.stations["linhe"] = hq.quarantined("linhe")
    page = await signed_in(open_page, server.url)
    await card(page, "linhe").get_by_test_id("release").click()
    await expect(page.get_by_test_id("release-refusal")).to_contain_text("无权解除隔离")
    await expect(page.get_by_test_id("release-submit")).to_have_count(0)


async def test_a_refusal_of_the_centre_is_shown_and_the_reason_stays(hq, server, open_page):
    hq.refuse_release = True
    hq.stations["linhe"] = hq.quarantined("linhe")
    page = await signed_in(open_page, server.url)
    await card(page, "linhe").get_by_test_id("release").click()
    await page.locator("#release-reason").fill("已核实")
    await page.get_by_test_id("release-submit").click()
    await expect(page.get_by_role("dialog").get_by_test_id("error")).to_contain_text("not_found")
    await expect(page.locator("#release-reason")).to_have_value("已核实")


async def test_what_is_due_is_listed_filtered_and_paged_by_the_keyboard(hq, server, open_page):
    hq.due = [
        hq.clock(1, "overdue", due_on=TODAY - timedelta(days=2)),
        hq.clock(2, "soon", due_on=None, due_at=NOW + timedelta(hours=3), unit="hour"),
        *(hq.clock(number, node="hailiutu") for number in range(3, 121)),
        hq.clock(200, "incalculable", due_on=None, missing_year=2027, actor="road"),
    ]
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("overdue")).to_have_text("1")
    await page.keyboard.press("F10")
    rows = page.get_by_test_id("due-row")
    await expect(rows).to_have_count(100)
    await expect(rows.first).to_contain_text("逾期 2 日")
    await expect(rows.nth(1)).to_contain_text("还有 3 小时")
    await expect(page.get_by_test_id("missing")).to_contain_text("2027 年的放假安排尚未录入")
    await expect(page.get_by_test_id("range")).to_have_text("第 1–100 项，共 121 项")

    await rows.first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("PageDown")
    await expect(rows).to_have_count(21)
    await expect(rows.last).to_contain_text("2027 年放假安排未录入")

    await page.locator("[data-choice=road]").click()
    await expect(page.get_by_test_id("range")).to_have_text("第 1–1 项，共 1 项")
    await page.locator("[data-choice=overdue]").click()
    await expect(page.get_by_text("没有此类期限")).to_be_visible()
    await page.get_by_test_id("actors").get_by_text("全部").click()
    await page.get_by_test_id("station-filter").select_option("hailiutu")
    await expect(page.locator("[data-choice=running]")).to_have_text("进行中118")


async def test_vehicles_not_as_they_should_be_are_passed_on_to_the_police_of_one_home(
    hq, server, open_page
):
    hq.mismatches = [
        hq.mismatch(1),
        hq.mismatch(2, plate="冀B1234挂", subject="trailer"),
        hq.mismatch(3, plate="蒙L12345", home="蒙L", kinds=["licence"]),
    ]
    page = await signed_in(open_page, server.url)
    await page.keyboard.press("F7")
    rows = page.get_by_test_id("mismatch-row")
    await expect(rows).to_have_count(3)
    await expect(page.get_by_test_id("send")).to_have_count(0)
    await page.get_by_test_id("home-filter").select_option("冀B")
    await expect(rows).to_have_count(2)
    await page.locator("#letter-no").fill("函〔2026〕1号")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await page.locator("[data-choice=true]").click()
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("函〔2026〕1号")


async def test_evasion_cases_are_listed_with_what_became_of_their_transfer(hq, server, open_page):
    sent = {
        "to": "public_security",
        "body": "临河公安分局",
        "letter_no": "移字1号",
        "at": NOW - timedelta(days=4),
        "receipt_no": "",
        "result": "",
    }
    hq.evasions = [
        hq.evasion(1, deed="violence", stage="transferred", transfer={**sent, "state": "waiting"}),
        hq.evasion(2, plate="", held=True),
        hq.evasion(
            3,
            stage="answered",
            closed=True,
            criterion=8,
            transfer={**sent, "state": "answered", "receipt_no": "回1", "result": "punished"},
        ),
    ]
    page = await signed_in(open_page, server.url)
    await page.get_by_test_id("view-evasions").click()
    rows = page.get_by_test_id("evasion-row")
    await expect(rows).to_have_count(2)
    for text in ("暴力抗法", "已移送", "待回执", "临河公安分局", "已 4 日", "移字1号"):
        await expect(rows.first).to_contain_text(text)
    await expect(rows.nth(1)).to_contain_text("号牌不清")
    await page.locator("[data-choice=false]").click()
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("失信情形第 8 项")
    await page.keyboard.press("F8")
    await expect(page.locator("[data-kind=station]")).to_have_count(len(PLACES))
