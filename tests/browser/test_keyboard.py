"""A whole resident case by the keyboard alone, and in how few steps.

One interaction is one key or chord that acts, or one field that somebody must fill in: typing a
whole field is one, choosing is one, and moving to it (Tab) is part of it. Issuing and printing the
documents is in it; signing in, once a shift, is not.
"""

import pytest
from playwright.async_api import expect

from station.domain.procedure import Act
from tests.browser.console import POLICE, POLICE_2, ROAD, ROAD_2
from tests.browser.test_station_page import console, server, signed_in  # noqa: F401 - fixtures
from tests.fakes import FakeCentre

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("built_pages")]

PATIENCE_MS = 20_000
"""Documents are set and printed between two forms."""
MOST_ROAD = 12
MOST_POLICE = 10


class Keyboard:
    """Somebody's keyboard; counts interactions. There is no mouse."""

    def __init__(self, page):
        self.page = page
        self.count = 0

    async def press(self, chord):
        self.count += 1
        await self.page.keyboard.press(chord)

    async def confirm(self):
        """Confirm the form that is open."""
        await self.press("Control+Enter")

    async def fill(self, field, text):
        """Type into the field; it has the focus, or is reached with Tab."""
        self.count += 1
        await self._to(f"#field-{field}")
        await self.page.keyboard.type(text)

    async def choose(self, name):
        """Tick what is offered."""
        self.count += 1
        await self._to(f"input[name={name}]")
        await self.page.keyboard.press("Space")

    async def form(self, name):
        """Wait until the form of an act has opened by itself."""
        form = self.page.get_by_test_id("act-form")
        await expect(form.locator("h3")).to_have_text(name, timeout=PATIENCE_MS)
        await expect(form.get_by_test_id("act-submit")).to_be_enabled()

    async def _to(self, field):
        for _ in range(12):
            if await self.page.locator(field).evaluate("one => one === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{field} is not reached with Tab")


async def test_a_resident_case_takes_few_keys_on_either_side(
    console,  # noqa: F811
    server,  # noqa: F811
    open_page,
):
    await console.on_duty(ROAD_2, POLICE_2)
    await console.truck("p1", 58300, registered=True)
    road = Keyboard(await signed_in(open_page, server.url, ROAD))
    police = Keyboard(await signed_in(open_page, server.url, POLICE))
    case_no = (await console.store.cases(closed=False, limit=1))[0].case_no
    await expect(road.page.get_by_test_id("stage-removal")).to_have_text("认定超限")

    await _by_road(console, road, case_no)
    await _by_police(console, police, case_no)

    await expect(police.page.get_by_test_id("document")).to_have_count(14)
    closed = await console.store.case(case_no)
    assert (closed.closed, closed.fine_fen, closed.points) == (True, 30000, 1)
    documents = (await console.issuing.of_case(case_no)).issued
    assert {one.prints for one in documents} == {1}
    checklist = await console.filing.checklist(case_no)
    assert [one.name for one in checklist if one.standing.value == "missing"] == []
    assert (road.count <= MOST_ROAD, police.count <= MOST_POLICE) == (True, True), (
        f"interactions: road {road.count}, police {police.count}"
    )


async def _by_road(console, road, case_no):  # noqa: F811
    await road.press("F4")
    await road.form("责令改正")
    await road.fill("driver_name", "张三")
    await road.fill("driver_id_no", "11010519491231002X")
    await road.confirm()
    await road.form("监督卸载")
    await road.confirm()
    await road.form("复检")
    await console.truck("p2", 48900, registered=True, recheck_of=case_no)
    await expect(road.page.locator("input[name=recheck][value=p2]")).to_be_checked()
    await road.confirm()
    await road.form("放行")
    await road.confirm()
    await road.form("案件交接")
    await road.confirm()
    await _signed(road, 3)


async def _by_police(console, police, case_no):  # noqa: F811
    await expect(police.page.get_by_test_id("stage-penalty")).to_have_text("已交接")
    await police.press("F4")
    await police.form("受理")
    await police.confirm()
    await police.form("处罚前告知")
    await expect(police.page.locator("#field-fine_fen")).to_be_focused()
    await police.fill("fine_fen", "300")
    await police.choose("sequel")  # the party waives at once what it was told of
    await police.confirm()
    await police.form("处罚决定")
    await police.confirm()
    await expect(police.page.get_by_test_id("waiting")).to_be_visible()
    told = FakeCentre().confirm(case_no)
    await console.centre.append([told])
    answer = {"violation_id": "p1", "centre_seq": told.seq}
    await console.casework.answered(case_no, Act.TAKE_EFFECT, answer)
    await police.form("送达")
    await police.confirm()
    await _signed(police, 3)
    await console.record(case_no)  # the cameras are docked; nobody touches a key for it
    await police.form("缴款回执")
    await police.fill("receipt_no", "非税0001")
    await police.confirm()
    await expect(police.page.get_by_test_id("case")).to_contain_text("已结案")


async def _signed(keyboard, count):
    """Record how the party took the papers: asked of all at once, each an entry of its own."""
    form = keyboard.page.get_by_test_id("file-form")
    await expect(form).to_be_visible(timeout=PATIENCE_MS)
    await expect(form.get_by_test_id("file-save")).to_be_enabled()
    numbers = (await form.locator(".figure").first.inner_text()).split("\u3000")
    assert len(numbers) == count
    await keyboard.confirm()
    await expect(form).to_have_count(0)
