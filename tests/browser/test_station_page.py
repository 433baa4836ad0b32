"""The console as an officer sees it: in a real Chromium, over the real application."""

import asyncio
import re
from datetime import timedelta

import cv2
import numpy as np
import pytest
from playwright.async_api import expect

from station.application.live import Device
from station.contract.entries import DriverRequest, Kind, UnloadingForm
from station.contract.personal import Opening
from station.contract.sealing import local_day, stamp
from station.domain.ledger import Head
from station.domain.procedure import Act
from tests.browser.console import PASSWORD, POLICE, POLICE_2, ROAD, ROAD_2, Console
from tests.browser.served import served
from tests.fakes import NOON, FakeCentre, sealer

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("built_pages")]


@pytest.fixture
async def console(tmp_path):
    made = Console(tmp_path)
    await made.enrol()
    yield made
    made.close()


@pytest.fixture
async def server(console):
    async with served(console.app) as running:
        yield running


async def signed_in(open_page, url, number=ROAD):
    page = await open_page(url)
    await expect(page.get_by_test_id("station-name")).to_have_text("临河超限检测站")
    # The certificate field has the focus: an officer types at once.
    await expect(page.locator("#certificate-no")).to_be_focused()
    await page.keyboard.type(number)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("officer")).to_contain_text(number)
    await expect(page.get_by_test_id("stability")).to_be_visible()
    return page


async def test_a_wrong_password_is_refused_with_message_and_code(console, server, open_page):
    page = await open_page(server.url)
    await expect(page.locator("#certificate-no")).to_be_focused()
    await page.keyboard.type(ROAD)
    await page.keyboard.press("Tab")
    await page.keyboard.type("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("error")).to_contain_text("access.sign_in_refused")
    await expect(page.get_by_test_id("weight-panel")).to_have_count(0)


async def test_the_weight_is_shown_with_its_stability(console, server, open_page):
    page = await signed_in(open_page, server.url)
    console.show(gross_kg=43260, stable=False, occupied=True)
    await expect(page.get_by_test_id("weight")).to_have_text("43,260kg")
    await expect(page.get_by_test_id("stability")).to_have_text("未稳定")
    console.show(gross_kg=43260, stable=True)
    await expect(page.get_by_test_id("stability")).to_have_text("稳定")


async def test_a_silent_scale_shows_no_weight_but_the_reason(console, server, open_page):
    page = await signed_in(open_page, server.url)
    console.show(gross_kg=43260)
    await expect(page.get_by_test_id("weight")).to_contain_text("43,260")
    lost = Device(code="device.port_lost", detail="", since=console.clock.now())
    console.show(gross_kg=None, stable=False, scale=lost)
    await expect(page.get_by_test_id("weight")).to_contain_text("无示值")
    await expect(page.get_by_test_id("weight-panel")).not_to_contain_text("43,260")
    await expect(page.get_by_test_id("weight-reason")).to_contain_text("device.port_lost")
    await expect(page.get_by_test_id("device-scale")).not_to_contain_text("正常")
    await expect(page.get_by_test_id("device-camera")).to_contain_text("正常")


async def test_the_weight_goes_when_the_socket_dies_and_returns_with_it(console, server, open_page):
    page = await signed_in(open_page, server.url)
    console.show(gross_kg=43260)
    await expect(page.get_by_test_id("weight")).to_contain_text("43,260")
    await server.stop()
    await expect(page.get_by_test_id("weight")).to_contain_text("连接中断", timeout=5000)
    await expect(page.locator("body")).not_to_contain_text("43,260")


async def test_the_weight_goes_within_5_s_when_the_server_only_falls_silent(
    console, server, open_page
):
    page = await signed_in(open_page, server.url)
    console.show(gross_kg=43260)
    await expect(page.get_by_test_id("weight")).to_contain_text("43,260")
    # No close arrives, and the question by HTTP is never answered: a cut line, not a closed one.
    await page.route("**/api/**", lambda route: asyncio.sleep(0))
    await expect(page.get_by_test_id("weight")).to_contain_text("连接中断", timeout=5000)
    await page.unroute_all(behavior="ignoreErrors")
    await expect(page.get_by_test_id("weight")).to_contain_text("43,260")


async def test_a_quiet_lane_that_still_answers_keeps_its_weight(console, server, open_page):
    page = await signed_in(open_page, server.url)
    console.show(gross_kg=0)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    async with page.expect_response("**/api/lane"):
        pass
    await expect(page.get_by_test_id("weight")).to_have_text("0kg")


async def test_a_violation_shows_verdict_plates_axles_and_receipt(console, server, open_page):
    await console.truck("p1", 58300, plate="蒙L38216", trailer="蒙L5521挂")
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("outcome")).to_have_text("违法超限")
    await expect(page.get_by_test_id("verdict-limit")).to_have_text("49,000 kg")
    await expect(page.get_by_test_id("verdict-gross")).to_have_text("58,300 kg")
    await expect(page.get_by_test_id("verdict-excess")).to_have_text("9,300 kg")
    await expect(page.get_by_test_id("explanation")).to_contain_text("限值49 t")
    tractor = page.get_by_test_id("tractor")
    await expect(tractor.get_by_test_id("plate-text")).to_have_text("蒙L·38216")
    await expect(tractor).to_contain_text("96.7%")
    await expect(page.get_by_test_id("trailer").get_by_test_id("plate-text")).to_have_text(
        "蒙L·5521挂"
    )
    picture = page.get_by_test_id("passage").get_by_test_id("axle-picture")
    await expect(picture).to_have_attribute(
        "aria-label", "铰接列车，6 轴：单胎、双胎驱、双胎驱、双胎、双胎、双胎"
    )
    await expect(page.get_by_test_id("saved")).to_have_text("已保存")
    view = await console.store.passage("p1")
    await expect(page.get_by_test_id("receipt")).to_have_text(view.receipt)


async def test_a_weighing_that_waits_is_shown_as_not_saved(console, server, open_page):
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("pending")).to_have_count(0)
    console.show(pending=True, occupied=True, gross_kg=31000)
    await expect(page.get_by_test_id("pending")).to_contain_text("未保存")


async def test_an_unread_plate_is_said_to_be_unread_and_the_guess_is_only_a_guess(
    console, server, open_page
):
    await console.truck("p1", 44000, plate=None, guess="蒙L38216", drawing=None)
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("plate-text")).to_have_text("未能确认")
    guess = page.get_by_test_id("plate-guess")
    await expect(guess).to_contain_text("蒙L·38216")
    await expect(guess).to_contain_text("仅供参考")
    item = page.get_by_test_id("queue-item")
    await expect(item).to_contain_text("未能确认")
    await expect(item).not_to_contain_text("38216")
    await expect(page.get_by_test_id("outcome")).to_have_text("待人工核定")
    await expect(page.get_by_test_id("verdict-limit")).to_have_text("未定")


async def test_a_passage_is_reviewed_with_the_keyboard_alone(console, server, open_page):
    await console.truck("p1", 58300, plate=None, guess="蒙L38216", drawing=None)
    await console.truck("p2", 31000, plate="蒙L00001", drawing="TR-04-R/8x4")
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("review-count")).to_contain_text("待核定 1")
    await page.keyboard.press("F2")
    form = page.get_by_test_id("review-form")
    await expect(form).to_be_visible()
    await expect(form).to_contain_text("58,300 kg")
    await expect(page.locator("#review-plate")).to_be_focused()
    await page.keyboard.type("蒙L38216")
    # Plate, (fill-in of the guess), colour, trailer, three masses, then the axle filter.
    for _ in range(7):
        await page.keyboard.press("Tab")
    await expect(form.locator("input[name=axles]").first).to_be_focused()
    for _ in range(5):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(form.locator("input[value='TR-06-A/6x4']")).to_be_checked()
    await page.keyboard.press("Control+Enter")
    await expect(form).to_have_count(0)
    await expect(page.get_by_test_id("outcome")).to_have_text("违法超限")
    view = await console.store.passage("p1")
    assert (view.tractor.text, view.reviewed_by) == ("蒙L38216", ROAD)
    assert view.passage.weighing.gross_kg == 58300
    await expect(page.get_by_test_id("case")).to_contain_text("蒙L·38216")


async def test_a_wrong_review_is_refused_in_chinese_and_nothing_is_lost(console, server, open_page):
    await console.truck("p1", 58300, plate=None, guess="", drawing=None)
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("review")).to_be_visible()
    await page.keyboard.press("F2")
    await expect(page.locator("#review-plate")).to_be_focused()
    await page.keyboard.type("不是号牌")
    await page.keyboard.press("Control+Enter")
    error = page.get_by_test_id("review-form").get_by_test_id("error")
    await expect(error).to_contain_text("未保存")
    await expect(error).to_contain_text("facts.invalid")
    await expect(page.locator("#review-plate")).to_have_value("不是号牌")


async def test_the_arrows_walk_through_the_queue(console, server, open_page):
    for number in (1, 2, 3):
        await console.truck(f"p{number}", 30000 + number, plate=f"蒙L0000{number}")
    page = await signed_in(open_page, server.url)
    text = page.get_by_test_id("tractor").get_by_test_id("plate-text")
    await expect(text).to_have_text("蒙L·00003")
    await page.keyboard.press("ArrowDown")
    await expect(text).to_have_text("蒙L·00002")
    # A truck that comes now does not take the officer's selection away.
    await console.truck("p4", 30004, plate="蒙L00004")
    await expect(page.get_by_test_id("queue-item")).to_have_count(4)
    await expect(text).to_have_text("蒙L·00002")
    await page.keyboard.press("Home")
    await expect(text).to_have_text("蒙L·00004")
    await console.truck("p5", 30005, plate="蒙L00005")
    await expect(text).to_have_text("蒙L·00005")


async def test_acts_of_the_other_authority_are_shown_disabled_with_the_reason(
    console, server, open_page
):
    await console.on_duty(POLICE_2)
    await console.truck("p1", 58300)
    page = await signed_in(open_page, server.url, POLICE)
    await expect(page.get_by_test_id("act-order_to_correct")).to_be_disabled()
    await expect(page.get_by_test_id("why-order_to_correct")).to_contain_text("路政")
    await page.keyboard.press("F4")
    await expect(page.get_by_test_id("act-form")).to_have_count(0)
    await expect(page.get_by_test_id("review")).to_have_count(0)


async def test_what_is_due_is_shown_on_the_case_and_listed_with_a_key(console, server, open_page):
    console.clock.at = NOON  # in a year whose days off are known
    await console.truck("p1", 61000)
    console.clock.move(timedelta(days=100))
    page = await signed_in(open_page, server.url)
    clock = page.get_by_test_id("case-clocks").get_by_test_id("clock").first
    await expect(clock).to_contain_text("逾期")
    await expect(clock).to_contain_text("一般案件立案后作出决定")
    await expect(page.get_by_test_id("open-clocks")).to_contain_text("1 / 0")
    await page.keyboard.press("F10")
    await expect(page.get_by_test_id("clocks").get_by_test_id("clock")).to_have_count(1)
    await page.get_by_test_id("clocks").get_by_role("button").press("Enter")
    await expect(page.get_by_test_id("clocks")).to_be_hidden()


async def test_without_a_second_officer_nobody_acts(console, server, open_page):
    await console.on_duty(POLICE)
    await console.truck("p1", 58300)
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("stage-removal")).to_be_visible()
    await page.keyboard.press("F4")
    await expect(page.get_by_test_id("no-second")).to_be_visible()
    await expect(page.get_by_test_id("act-submit")).to_be_disabled()


async def test_who_drives_is_typed_and_a_wrong_number_is_said_in_chinese(
    console, server, open_page
):
    await console.on_duty(ROAD_2)
    await console.truck("p1", 58300)
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("stage-removal")).to_be_visible()
    await page.keyboard.press("F4")
    await expect(page.locator("#field-driver_name")).to_be_focused()
    await page.keyboard.type("张三")
    await page.keyboard.press("Tab")
    await page.keyboard.type("11010519491231002x")
    await page.keyboard.press("Tab")
    await page.keyboard.type("13800001234")
    await page.locator("#field-driver_licence_no").fill("110105194912310021")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("act-form")).to_contain_text("“驾驶证号”不正确")
    await page.locator("#field-driver_licence_no").fill("")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("act-saved")).to_contain_text("责令改正：已保存")
    history = page.get_by_test_id("history")
    for shown in ("张*", "1101************2X", "1380*****34"):
        await expect(history).to_contain_text(shown)
    await expect(history).not_to_contain_text("张三")


async def test_what_the_centre_knows_of_a_truck_stands_with_its_passage(console, server, open_page):
    head = Head()
    form = UnloadingForm(
        node="hailiutu",
        case_no="HA1",
        plate="蒙L38216",
        weighed_at=stamp(console.clock.now() - timedelta(hours=12)),
        gross_kg=61000,
        cleared_at=stamp(console.clock.now() - timedelta(hours=11, minutes=30)),
        cleared_kg=48000,
    )
    entry = sealer(node="centre").seal(Kind.UNLOADING_FORM, form, head)
    await console.truck("p1", 58300)
    asked = DriverRequest(
        node="linhe",
        case_no=(await console.store.cases(closed=False, limit=1))[0].case_no,
        plate="蒙L38216",
        what="recheck",
        at=stamp(console.clock.now()),
        answer_by=stamp(console.clock.now() + timedelta(hours=2)),
    )
    request = sealer(node="centre").seal(Kind.DRIVER_REQUEST, asked, entry.head)
    await console.centre.append([entry, request])
    page = await signed_in(open_page, server.url)
    known = page.get_by_test_id("known")
    await expect(known).to_contain_text("在查询页提出“请求复检”")
    await expect(known).to_contain_text("12 小时内在 hailiutu 已检测并卸载")
    await expect(known).to_contain_text("61,000 kg → 48,000 kg")


async def test_officers_answer_what_the_driver_wrote_and_are_told_how_much_room_is_left(
    console, server, open_page
):
    await console.truck("p1", 58300)
    opening = Opening(field="text", salt="5a" * 32, text="我是空车，请再核对。")
    asked = DriverRequest(
        node="linhe",
        case_no=(await console.store.cases(closed=False, limit=1))[0].case_no,
        plate="蒙L38216",
        what="objection",
        at=stamp(console.clock.now()),
        answer_by=stamp(console.clock.now() + timedelta(hours=24)),
        personal={"text": opening.commitment},
    )
    entry = sealer(node="centre").seal(Kind.DRIVER_REQUEST, asked, Head())
    await console.centre.append([entry], {entry.seq: (opening,)})
    await console.on_duty(ROAD_2)
    page = await signed_in(open_page, server.url)
    box = page.get_by_test_id("request-objection")
    await expect(box).to_contain_text("我是空车，请再核对。")
    await page.get_by_test_id("answer-objection").click()
    await box.get_by_label("异议不成立").check()
    await box.locator("textarea").fill("字" * 1001)
    await expect(box).to_contain_text("超出 1 个字")
    await expect(page.get_by_test_id("answer-save")).to_be_disabled()
    await box.locator("textarea").fill("已核对原始称重数据。")
    await page.get_by_test_id("answer-save").click()
    await expect(box).to_contain_text("异议不成立：已核对原始称重数据。")


async def test_a_clock_that_nobody_has_verified_is_shown(console, server, open_page):
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("device-scale")).to_be_visible()
    await expect(page.get_by_test_id("device-clock")).to_have_count(0)
    since = console.clock.now()
    console.show(clock=Device(code="clock.unverified", detail="+90.0 s", since=since))
    await expect(page.get_by_test_id("device-clock")).to_contain_text("+90.0 s")
    console.show(media_waiting=12)
    await expect(page.get_by_test_id("device-uplink")).to_contain_text("图片 12 张")


async def test_the_console_says_quietly_that_headquarters_looks_through_the_camera(
    console, server, open_page
):
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("device-camera")).to_be_visible()
    mark = page.get_by_test_id("watched")
    await expect(mark).to_have_count(0)
    console.show(watched_by=("HQ-001", "HQ-002"))
    await expect(mark).to_have_text("治超办调看中")
    await expect(mark).to_have_attribute("title", re.compile("HQ-001、HQ-002"))
    console.show(watched_by=())
    await expect(mark).to_have_count(0)


async def _weighed_again(console, road, case_no):
    """One kilogram over, and then clear."""
    await expect(road.get_by_test_id("act-release")).to_have_count(0)
    await expect(road.get_by_test_id("rechecks")).to_be_visible()
    await console.truck("p2", 49001, recheck_of=case_no)
    await expect(road.get_by_test_id("rechecks")).to_contain_text("49,001 kg")
    await expect(road.get_by_test_id("rechecks")).to_contain_text("仍超 1 kg")
    await road.keyboard.press("Control+Enter")
    await expect(road.get_by_test_id("history")).to_contain_text("复检仍超限")
    # By the limits alone 1 kg over is a warning and a release: not for a truck that must unload.
    await expect(road.get_by_test_id("outcome")).to_have_text("复检仍超限")
    await expect(road.get_by_test_id("act-release")).to_have_count(0)

    await expect(road.get_by_test_id("rechecks")).to_be_visible()
    await console.truck("p3", 49000, recheck_of=case_no)
    await expect(road.locator("input[name=recheck][value=p3]")).to_be_checked()
    await expect(road.locator("input[name=recheck][value=p2]")).to_be_disabled()
    await road.keyboard.press("Control+Enter")


async def _told(police, penalty):
    """From the hand-over to what the party says."""
    await police.keyboard.press("F3")
    await expect(penalty).to_have_text("已交接")
    await police.keyboard.press("F4")
    await police.keyboard.press("Control+Enter")
    await expect(penalty).to_have_text("已受理")
    await police.keyboard.press("F4")
    await expect(police.locator("#field-facts")).to_have_value(re.compile("58,300"))
    await police.locator("#field-rights_told").fill("已告知")
    await police.locator("#field-fine_fen").fill("500.005")
    await police.locator("#field-points").fill("3")
    await police.keyboard.press("Control+Enter")
    await expect(police.get_by_test_id("act-form")).to_contain_text("最多两位小数")
    await police.locator("#field-fine_fen").fill("500.5")
    await police.keyboard.press("Control+Enter")
    await expect(penalty).to_have_text("已告知")
    await police.get_by_test_id("act-waive").click()
    await police.locator("#field-statement").fill("当事人明确放弃陈述、申辩")
    await police.keyboard.press("Control+Enter")
    await expect(penalty).to_have_text("已听取意见")


async def _decided(police, penalty):
    """Nothing heavier than was told, and not served before the centre has answered."""
    await police.keyboard.press("F4")  # what was told is filled in, and nothing heavier is taken
    await expect(police.get_by_test_id("told")).to_contain_text("500.50")
    await police.locator("#field-reason").fill("事实清楚")
    await police.locator("#field-fine_fen").fill("500.51")
    await police.keyboard.press("Control+Enter")
    await expect(police.get_by_test_id("act-form")).to_contain_text("未保存")
    await police.locator("#field-fine_fen").fill("500.5")
    await police.keyboard.press("Control+Enter")
    await expect(penalty).to_have_text("待中心确认")
    await expect(police.get_by_test_id("waiting")).to_be_visible()
    await expect(police.get_by_test_id("act-serve")).to_have_count(0)


async def test_an_answer_that_comes_late_does_not_undo_what_was_told_meanwhile(
    console, server, open_page
):
    """The truck stands on the scale again before the page has fetched the case after an act."""
    await console.on_duty(ROAD_2)
    await console.truck("p1", 58300)
    road = await signed_in(open_page, server.url, ROAD)
    await expect(road.get_by_test_id("stage-removal")).to_have_text("认定超限")
    case_no = (await console.store.cases(closed=False, limit=1))[0].case_no
    held, answered = asyncio.Event(), asyncio.Event()

    async def late(route):
        answer = await route.fetch()
        held.set()
        await answered.wait()
        await route.fulfill(response=answer)

    await road.keyboard.press("F4")
    await expect(road.get_by_test_id("act-form")).to_contain_text("蒙L·38216")
    await road.keyboard.press("Control+Enter")
    await expect(road.get_by_test_id("stage-removal")).to_have_text("责令改正")
    await road.route(f"**/api/cases/{case_no}", late)
    await road.keyboard.press("F4")
    await road.keyboard.type("分装转运")
    await road.locator("#field-place").fill("本站卸货场")
    await road.keyboard.press("Enter")
    async with asyncio.timeout(20):
        await held.wait()
    await console.truck("p2", 49001, recheck_of=case_no)
    await expect(road.get_by_test_id("queue-item").get_by_text("49,001")).to_be_visible()
    answered.set()
    await expect(road.get_by_test_id("act-saved")).to_contain_text("已保存")
    await road.get_by_test_id("act-recheck").click()
    await expect(road.get_by_test_id("rechecks")).to_contain_text("49,001 kg")


async def test_the_whole_case_by_both_authorities(console, server, open_page):
    await console.on_duty(ROAD_2, POLICE_2)
    await console.truck("p1", 58300)
    road = await signed_in(open_page, server.url, ROAD)
    police = await signed_in(open_page, server.url, POLICE)
    stage, done = road.get_by_test_id("stage-removal"), road.get_by_test_id("act-saved")

    await expect(stage).to_have_text("认定超限")
    await road.keyboard.press("F4")  # order to correct: the plate is confirmed, one colleague
    await expect(road.get_by_test_id("act-form")).to_contain_text("蒙L·38216")
    await road.keyboard.press("Control+Enter")
    await expect(done).to_contain_text("责令改正：已保存")
    await expect(stage).to_have_text("责令改正")

    # The next step is open, filled in as it usually is; what is emptied is asked for again.
    await expect(road.locator("#field-place")).to_have_value("本站卸货场")
    await road.locator("#field-method").fill("")
    await road.keyboard.press("Control+Enter")
    await expect(road.get_by_test_id("act-form")).to_contain_text("此项必填")
    await road.locator("#field-method").fill("自行卸载")
    await road.keyboard.press("Enter")
    await expect(stage).to_have_text("监督卸载")

    case_no = (await console.store.cases(closed=False, limit=1))[0].case_no
    await _weighed_again(console, road, case_no)
    await expect(stage).to_have_text("复检合格")
    await expect(road.get_by_test_id("released")).to_have_text("车辆未放行")
    await road.keyboard.press("F8")  # released before, and without, any decision
    await road.keyboard.press("Control+Enter")
    await expect(road.get_by_test_id("released")).to_contain_text("已放行")

    await expect(road.get_by_test_id("act-form").locator("h3")).to_have_text("案件交接")
    await road.keyboard.press("Control+Enter")
    await expect(road.get_by_test_id("stage-penalty")).to_have_text("已交接")
    await expect(road.get_by_test_id("act-accept")).to_be_disabled()

    penalty = police.get_by_test_id("stage-penalty")
    await _told(police, penalty)
    await _decided(police, penalty)
    told = FakeCentre().confirm(case_no)
    await console.centre.append([told])
    await console.casework.answered(
        case_no, Act.TAKE_EFFECT, {"violation_id": "p1", "centre_seq": told.seq}
    )
    await expect(penalty).to_have_text("已生效待送达")
    await police.keyboard.press("F4")
    await police.locator("#field-received").fill("当场签收")
    await police.keyboard.press("Control+Enter")
    await expect(penalty).to_have_text("已送达待缴款")
    await police.keyboard.press("F4")
    await expect(police.locator("#field-amount_fen")).to_have_value("500.50")
    await police.locator("#field-receipt_no").fill("非税0001")
    await police.keyboard.press("Control+Enter")  # and closes it at once, which the file forbids
    await expect(penalty).to_have_text("已缴清")
    await expect(police.get_by_test_id("act-form")).to_contain_text("还不能结案")
    await expect(police.get_by_test_id("lacking")).to_contain_text("送达回证")
    await console.complete_file(case_no)
    await police.keyboard.press("Control+Enter")
    await expect(police.get_by_test_id("case")).to_contain_text("已结案")
    closed = await console.store.case(case_no)
    assert (closed.fine_fen, closed.points, closed.closed) == (50050, 3, True)
    await expect(police.get_by_test_id("case-item")).to_have_count(0)


async def test_a_warning_has_neither_fine_nor_points(console, server, open_page):
    await console.on_duty(ROAD, ROAD_2, POLICE_2)
    await console.truck("p1", 58300)
    case_no = (await console.store.cases(closed=False, limit=1))[0].case_no
    road = await console.accounts.account(ROAD)
    police = await console.accounts.account(POLICE)
    await console.on_duty(POLICE)

    async def act(who, name, second, **details):
        await console.casework.act(case_no, name, details, officer=who.officer, second_no=second)

    await act(road, "order_to_correct", ROAD_2, plate="蒙L38216")
    await act(road, "begin_unloading", ROAD_2, method="转运", place="场")
    await console.truck("p2", 48000, recheck_of=case_no)
    await act(road, "recheck", ROAD_2, passage_id="p2")
    await act(road, "hand_over", ROAD_2)
    await act(police, "accept", POLICE_2)
    page = await signed_in(open_page, server.url, POLICE)
    await expect(page.get_by_test_id("stage-penalty")).to_have_text("已受理")
    await page.keyboard.press("F4")
    await page.locator("input[name=kind][value=warning]").check()
    await expect(page.locator("#field-fine_fen")).to_have_count(0)
    await page.locator("#field-rights_told").fill("已告知")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("act-saved")).to_contain_text("处罚前告知：已保存")
    await act(police, "waive", POLICE_2, statement="无")
    await expect(page.get_by_test_id("stage-penalty")).to_have_text("已听取意见")
    await page.keyboard.press("F4")
    await expect(page.locator("input[name=kind][value=warning]")).to_be_checked()
    await page.locator("#field-reason").fill("轻微")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("act-saved")).to_contain_text("处罚决定：已保存")
    await expect(page.get_by_test_id("act-form")).to_have_count(0)
    await expect(page.get_by_test_id("case")).to_contain_text("警告")
    decided = await console.store.case(case_no)
    assert (decided.fine_fen, decided.points) == (0, 0)


async def test_the_end_of_the_session_leads_back_to_signing_in(console, server, open_page):
    page = await signed_in(open_page, server.url)
    await page.get_by_test_id("sign-out").click()
    await expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert await console.duty.all_on_duty() == []


async def test_an_expired_scale_certificate_is_warned_of(tmp_path, open_page):
    console = Console(tmp_path, certificate_days=-2)
    await console.enrol()
    try:
        async with served(console.app) as server:
            page = await signed_in(open_page, server.url)
            await expect(page.get_by_test_id("certificate-warning")).to_contain_text("已过期")
    finally:
        console.close()


async def test_the_question_mark_shows_the_shortcuts(console, server, open_page):
    page = await signed_in(open_page, server.url)
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("help")).to_contain_text("F4")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("help")).to_be_hidden()


async def test_a_permit_on_paper_is_entered_by_keyboard_and_voids_the_case(
    console, server, open_page, tmp_path
):
    paper = tmp_path / "paper.png"
    paper.write_bytes(cv2.imencode(".png", np.full((40, 60, 3), 200, np.uint8))[1].tobytes())
    await console.on_duty(ROAD_2)
    await console.truck("p1", 61_500)
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("paper-open")).to_be_visible()
    await page.keyboard.press("p")
    await expect(page.locator("#paper-permit_no")).to_be_focused()
    today = local_day(console.clock.now())
    for name, text in (
        ("permit_no", "蒙超限〔2026〕0123"),
        ("gross_kg", "70000"),
        ("route", "G110 临河—五原"),
        ("first_on", today),
        ("last_on", today),
    ):
        await page.locator(f"#paper-{name}").fill(text)
    await page.locator("#paper-picture").set_input_files(paper)
    await expect(page.get_by_test_id("paper").locator("img")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("permit")).to_contain_text("蒙超限〔2026〕0123")
    await expect(page.get_by_test_id("verdict")).to_contain_text("按许可")
    (case,) = await console.store.cases(closed=True, limit=9)
    assert case.state.penalty.value == "voided"


async def test_a_vehicle_that_is_not_as_it_should_be_is_written_down_by_keyboard(
    console, server, open_page
):
    await console.on_duty(ROAD_2)
    await console.truck("p1", 48_000)
    page = await signed_in(open_page, server.url)
    await expect(page.get_by_test_id("mismatch-open")).to_be_visible()
    await page.keyboard.press("m")
    await expect(page.get_by_label("与 GB 1589 不符")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.type("车厢加高约40厘米")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("mismatches")).to_contain_text("与行驶证记载不符")
