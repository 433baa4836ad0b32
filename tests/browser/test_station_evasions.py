"""Evasion cases on the console: reported, handed over, answered, by keyboard."""

import pytest
from playwright.async_api import expect

from tests.browser.console import POLICE, ROAD, ROAD_2
from tests.browser.test_station_page import console, server, signed_in  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("built_pages")]


async def test_a_truck_that_ran_the_barrier_is_reported_and_handed_over_with_the_keyboard(
    console,  # noqa: F811
    server,  # noqa: F811
    open_page,
):
    await console.truck("p1", 48000)
    await console.on_duty(ROAD_2)
    page = await signed_in(open_page, server.url, ROAD)
    await page.keyboard.press("e")
    await expect(page.get_by_test_id("evasions")).to_be_focused()
    await page.keyboard.press("n")
    report = page.get_by_test_id("evasion-report")
    await expect(report.locator("input[value=barrier]")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(report.get_by_role("alert")).to_contain_text("号牌")  # nothing was sent

    await expect(page.get_by_test_id("evasion-passage").locator("option")).to_have_count(2)
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")  # the newest weighing
    await expect(page.get_by_test_id("evasion-plate")).to_have_value("蒙L38216")
    await page.get_by_test_id("evasion-facts").fill("强行冲过道闸")
    await report.get_by_label("过车照片").press("Space")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("evasion-stage")).to_have_text("已立案")
    await expect(page.get_by_test_id("evasion-evidence")).to_contain_text("过车照片")

    await page.keyboard.press("3")  # hand over
    act = page.get_by_test_id("evasion-act")
    await expect(act.locator("input[value=public_security]")).to_be_focused()
    for name, text in (("body", "某公安分局"), ("letter_no", "移1")):
        await page.get_by_test_id(f"evasion-{name}").fill(text)
    await act.get_by_label("理由").fill("阻碍执行职务")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("evasion-stage")).to_have_text("已移送")
    await expect(page.get_by_test_id("evasion-letter")).to_be_visible()
    (file,) = await console.store.evasions(closed=False, limit=9)
    assert (file.passage_id, file.plate, file.stage.value) == ("p1", "蒙L38216", "transferred")

    await page.keyboard.press("2")  # the receipt came back
    await page.get_by_test_id("evasion-receipt_no").fill("收1")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("evasion-stage")).to_have_text("已回执")


async def test_a_plate_that_nobody_could_read_is_no_obstacle_and_police_only_look(
    console,  # noqa: F811
    server,  # noqa: F811
    open_page,
):
    await console.on_duty(ROAD_2)
    page = await signed_in(open_page, server.url, ROAD)
    await page.keyboard.press("e")
    await page.keyboard.press("n")
    await page.get_by_label("号牌无法辨认").check()
    await page.get_by_test_id("evasion-facts").fill("绕行")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("evasion-file")).to_contain_text("号牌无法辨认")

    police = await signed_in(open_page, server.url, POLICE)
    await police.keyboard.press("e")
    await expect(police.get_by_test_id("evasion-file")).to_contain_text("绕行")
    await expect(police.get_by_test_id("evasion-new")).to_be_disabled()
    await expect(police.get_by_test_id("evasion-do-transfer")).to_have_count(0)
