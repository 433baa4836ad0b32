"""Documents on the console: issued, printed and signed for by keyboard."""

import pytest

from tests.browser.console import ROAD, ROAD_2
from tests.browser.test_station_page import console, server, signed_in  # noqa: F401 - fixtures

pytestmark = pytest.mark.usefixtures("built_pages")


async def test_a_document_is_issued_printed_and_signed_for_with_the_keyboard(
    console,  # noqa: F811
    server,  # noqa: F811
    open_page,
):
    await console.truck("p1", 58300)
    await console.on_duty(ROAD_2)
    page = await signed_in(open_page, server.url, ROAD)
    await page.get_by_test_id("issue-weighing_slip").wait_for()

    await page.keyboard.press("F9")
    document = page.get_by_test_id("document")
    await document.get_by_text("已打印 1 次").wait_for()

    await page.keyboard.press("F4")  # the order to correct
    await page.keyboard.press("Control+Enter")
    await page.get_by_test_id("issue-order_to_correct").wait_for()
    await page.keyboard.press("F9")
    sign = page.get_by_test_id("sign-order_to_correct")
    await sign.wait_for()
    await page.keyboard.press("F9")
    form = page.get_by_test_id("file-form")
    await form.wait_for()
    await form.get_by_label("拒绝签名").check()
    await form.locator("textarea").fill("当事人拒绝签名，已当场说明")
    await page.keyboard.press("Control+Enter")
    await sign.wait_for(state="detached")
    told = await console.filing.timeline(
        page_case(await console.store.cases(closed=False, limit=1))
    )
    assert [one.moment.name for one in told if one.moment.kind == "document_signed"] == ["refused"]


def page_case(cases):
    return cases[0].case_no
