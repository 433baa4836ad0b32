"""Documents on the console: issued, printed and signed for by keyboard."""

import pytest

from station.domain.closing import Need
from station.domain.procedure import Act
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

    await page.keyboard.press("F4")  # the order to correct: not every crew prints as it goes
    await page.get_by_test_id("act-form").locator("input[name=papers]").uncheck()
    await page.keyboard.press("Control+Enter")
    await page.get_by_test_id("issue-order_to_correct").wait_for()
    await page.keyboard.press("Escape")
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


async def test_the_whole_process_shows_what_is_missing_and_plays_a_clip(
    console,  # noqa: F811
    server,  # noqa: F811
    open_page,
    tmp_path,
):
    await console.truck("p1", 58300)
    case_no = page_case(await console.store.cases(closed=False, limit=1))
    await console.on_duty(ROAD, ROAD_2)
    road = (await console.accounts.account(ROAD)).officer
    for act, details in (
        (Act.ORDER_TO_CORRECT, {"plate": "蒙L38216"}),
        (Act.BEGIN_UNLOADING, {"method": "转运", "place": "卸载场"}),
    ):
        await console.casework.act(case_no, act.value, details, officer=road, second_no=ROAD_2)
    items = await console.filing.checklist(case_no)
    (ordered, _) = [one.seq for one in items if one.need is Need.RECORDING]
    await console.clip(tmp_path / "a.mp4", case_no, Act.ORDER_TO_CORRECT, ordered)

    page = await signed_in(open_page, server.url, ROAD)
    await page.get_by_test_id("case-file").wait_for()
    await page.keyboard.press("t")
    timeline = page.get_by_test_id("timeline")
    await timeline.get_by_text("立案").wait_for()
    row = timeline.locator("li", has_text="监督卸载")
    await row.get_by_test_id("unrecorded").wait_for()
    assert await timeline.get_by_test_id("unrecorded").count() == 1
    missing = page.get_by_test_id("timeline-missing")
    await missing.get_by_text("监督卸载没有录像").wait_for()

    clip = timeline.locator("li", has_text="所录：责令改正")
    await clip.get_by_role("button", name="查看").press("Enter")
    await page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
    await page.keyboard.press("Escape")
    await timeline.wait_for(state="hidden")


def page_case(cases):
    return cases[0].case_no
