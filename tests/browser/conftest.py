"""One Chromium for the session; a fresh context, watched for strangers, for each page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import FLAGS, chromium, missing

OpenPage = Callable[[str], Awaitable[Page]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Open a page; at the end it must have asked nobody but its own server, and never crashed."""
    opened = []

    async def open_one(url: str) -> Page:
        context = await browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        hosts: set[str] = set()
        crashes: list[str] = []
        context.on("request", lambda request: hosts.add(_host(request.url)))
        page.on("pageerror", lambda error: crashes.append(str(error)))
        await page.goto(url)
        opened.append((context, urlsplit(url).netloc, hosts, crashes))
        return page

    yield open_one
    for context, own, hosts, crashes in opened:
        await context.close()
        # "" is the page's own data: and blob: addresses.
        assert hosts <= {own, ""}, f"the page asked strangers: {hosts - {own}}"
        assert crashes == []


def _host(url: str) -> str:
    """Return whom a request goes to; "" for what the browser asks itself, as to show a PDF."""
    asked = urlsplit(url)
    return "" if asked.scheme in ("chrome", "chrome-extension") else asked.netloc


@pytest.fixture(scope="session")
def built_pages() -> None:
    """The pages must have been built."""
    for package in ("station.api", "central.api"):
        if not (Path(str(files(package))) / "static/index.html").is_file():
            missing("the pages are not built: run make web")
