"""What the three administrations see, at a station and at headquarters, in a real Chromium."""

from datetime import date, timedelta

import pytest
from playwright.async_api import expect

from central.api import schemas
from station.domain.access import Account, RefusedAccess
from station.domain.officers import Officer, Role
from station.store.access_log import SqliteRefusedAccesses
from tests.browser.console import HASHED, PASSWORD, Console
from tests.browser.headquarters import PLACES, Headquarters
from tests.browser.served import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("built_pages")]

NAMES = {Role.ADMIN: "系统甲", Role.SECURITY: "安全甲", Role.AUDIT: "审计甲"}


@pytest.fixture
async def console(tmp_path):
    made = Console(tmp_path)
    await made.enrol()
    for role, name in NAMES.items():
        await made.accounts.put_account(account(f"NM-{role.name}", name, role))
    await made.accounts.put_account(account("NM-LZ-009", "路政新", Role.ROAD), unconfirmed=True)
    yield made
    made.close()


def account(number, name, role):
    officer = Officer(
        certificate_no=number, name=name, role=role, valid_until=date(2099, 12, 31), crew="甲班"
    )
    return Account(officer=officer, password_hash=HASHED)


async def signed_in(open_page, url, role):
    page = await open_page(url)
    await expect(page.locator("#certificate-no")).to_be_focused()
    await page.keyboard.type(f"NM-{role.name}")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    return page


async def test_the_security_administrator_confirms_and_revokes_by_keyboard(console, open_page):
    async with served(console.app) as server:
        page = await signed_in(open_page, server.url, Role.SECURITY)
        new, old = (
            page.get_by_test_id("account-NM-LZ-009"),
            page.get_by_test_id("account-NM-LZ-001"),
        )
        await expect(new).to_contain_text("待确认")
        await new.get_by_role("button", name="确认").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("account-said")).to_contain_text("已确认，路政新")
        await expect(new).to_contain_text("正常")
        await old.get_by_role("button", name="吊销").focus()
        await page.keyboard.press("Enter")
        await expect(old.get_by_role("button", name="吊销路政甲的账号")).to_be_focused()
        await expect(old).to_contain_text("正常")
        await page.keyboard.press("Enter")
        await expect(old).to_contain_text("已吊销")
    assert await console.accounts.account("NM-LZ-001") is None
    assert await console.accounts.account("NM-LZ-009") is not None


async def test_the_system_administrator_sees_devices_and_accounts_and_decides_nothing(
    console, open_page
):
    async with served(console.app) as server:
        page = await signed_in(open_page, server.url, Role.ADMIN)
        await expect(page.get_by_test_id("devices")).to_contain_text("称重仪表")
        accounts = page.get_by_test_id("accounts")
        await expect(accounts).to_contain_text("待确认")
        await expect(accounts.get_by_role("button")).to_have_count(0)


async def test_the_auditor_turns_the_pages_of_refused_accesses(console, open_page):
    now = console.clock.now()
    await SqliteRefusedAccesses(console.database).add(
        [
            RefusedAccess(
                day=now.date(),
                who="",
                what=f"GET /api/{number}",
                why="password",
                times=1,
                first_at=now,
                last_at=now - timedelta(seconds=number),
                last_from="192.0.2.1",
            )
            for number in range(25)  # and one of this page, before anybody is signed in
        ]
    )
    async with served(console.app) as server:
        page = await signed_in(open_page, server.url, Role.AUDIT)
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(25)
        await expect(page.get_by_test_id("refused")).to_contain_text("口令错误")
        await page.get_by_test_id("later-page").focus()
        await page.keyboard.press("Enter")
        await expect(rows).to_have_count(1)
        await expect(page.get_by_test_id("page")).to_have_text("第 2 / 2 页")


async def test_headquarters_shows_its_administrators_the_same(open_page):
    hq = Headquarters()
    hq.accounts = [
        schemas.AccountOut(
            certificate_no="HQ-009",
            name="治超新",
            role="hq",
            valid_until=date(2099, 12, 31),
            crew=None,
            locked=False,
            revoked=False,
            unconfirmed=True,
        )
    ]
    async with served(hq.app) as server:
        hq.role = "admin"
        page = await signed_in(open_page, server.url, Role.ADMIN)
        await expect(page.get_by_test_id("stations").locator("tbody tr")).to_have_count(len(PLACES))
        await expect(page.get_by_test_id("account-HQ-009")).to_contain_text("待确认")
        await expect(page.get_by_test_id("link")).to_have_count(0)
        hq.role = "security"
        await page.reload()
        await page.get_by_role("button", name="确认 HQ-009").click()
        await expect(page.get_by_test_id("account-HQ-009")).to_contain_text("正常")
