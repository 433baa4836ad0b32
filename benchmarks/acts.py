"""An officer's act, from the click until it is durable; beside a bare handler that commits a row.

The station is its own program: over HTTP, with a session, a lane that weighs, a live socket; an act
is checked by the table and the law, sealed, signed, chained, folded and durable when it is
answered. In turn with it, the same client posts the same body to what somebody would write instead.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import httpx

from benchmarks.acts_site import PASSWORD, ROOT, Site, site
from benchmarks.report import Row, rounded, row
from benchmarks.rounds import Timed

RATIOS: Final = (
    "act_vs_bare",
    "act_p99_vs_bare",
    "act_p50_ms",
    "act_p99_ms",
    "act_cpu_ms",
    "act_page_ms",
)
ACTS: Final = 512
ON_THE_PAGE: Final = 9
BARE: Final = "FastAPI, one SQLite row"
OURS: Final = "station"
PAGE: Final = "station, on the page"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_NOT_COUNTED: Final = 8
_FINE: Final[dict[str, str | int]] = {"kind": "fine", "fine_fen": 50_000, "points": 3}

Act = tuple[str, str, str, dict[str, str | int]]
"""Who, with whom, what, and its details."""


def run(
    progress: Callable[[str], None], acts: int = ACTS, on_the_page: int = ON_THE_PAGE
) -> tuple[dict[str, float | None], list[Row]]:
    """Time both.

    Args:
        progress: told what is being timed.
        acts: how many are counted.
        on_the_page: how many of the page's own, in a Chromium; none without one.

    Returns:
        How many times as long as the bare handler an act takes, milliseconds, and a row for each.
        ``act_cpu_ms``: of the station's processor for an act, with all else that it did meanwhile.
    """
    return asyncio.run(_run(progress, acts, on_the_page))


async def _run(
    progress: Callable[[str], None], acts: int, on_the_page: int
) -> tuple[dict[str, float | None], list[Row]]:
    of_a_case = len(list(_lawful("", _FINE)))
    cases = -(-(acts + _NOT_COUNTED) // of_a_case)
    with TemporaryDirectory(prefix="zc-") as name:
        folder = Path(name)
        async with site(folder, cases + on_the_page) as station, _peer(folder) as bare:
            progress("acts")
            used = station.cpu_s
            found, ours = await _timed(station, bare, cases, acts)
            used = (station.cpu_s - used) / (cases * of_a_case)
            progress("acts on the page")
            page = await _on_the_page(station, list(station.cases)[cases:])
            note = f"{await station.passages()} trucks weighed, {station.frames} live messages"
    ratios: dict[str, float | None] = {
        "act_vs_bare": rounded(ours.over(found)),
        "act_p99_vs_bare": rounded(_p99(ours) / _p99(found)),
        "act_p50_ms": rounded(ours.median * 1e3),
        "act_p99_ms": rounded(_p99(ours) * 1e3),
        "act_cpu_ms": rounded(used * 1e3),
        "act_page_ms": None if page is None else rounded(page.median * 1e3),
    }
    rows = [
        row("an act", "ms", found, note="one row of that body, durable, and nothing else"),
        row("an act", "ms", ours, found, f"durable, meanwhile {note}"),
    ]
    if page is None:
        why = "no Chromium, or pages not built (make web)"
        rows.append(Row(task="an act", engine=PAGE, unit="ms", median=None, note=why))
    else:
        rows.append(row("an act", "ms", page, note="from the key to 已保存 on the screen"))
    return ratios, rows


def _p99(timed: Timed) -> float:
    return quantiles(timed.seconds, n=100)[-1]


async def _timed(
    station: Site, bare: httpx.AsyncClient, cases: int, acts: int
) -> tuple[Timed, Timed]:
    taken: list[tuple[float, float]] = []
    for case_no in list(station.cases)[:cases]:
        fine = await _fine(station, case_no)
        for who, second, name, details in _lawful(station.cases[case_no].plate, fine):
            asked = {"act": name, "second_officer": second, "details": details}
            begun = perf_counter()
            (await bare.post(f"/cases/{case_no}/acts", json=asked)).raise_for_status()
            between = perf_counter()
            answer = await station.officers[who].post(f"/api/cases/{case_no}/acts", json=asked)
            taken.append((between - begun, perf_counter() - between))
            if not answer.is_success:
                raise RuntimeError(f"{name} is refused: {answer.text}")
    first, ours = zip(*taken[_NOT_COUNTED : _NOT_COUNTED + acts], strict=True)
    return Timed(BARE, first), Timed(OURS, ours)


async def _fine(station: Site, case_no: str) -> dict[str, str | int]:
    """Return a fine within the band that the case itself suggests."""
    case = (await station.officers["P1"].get(f"/api/cases/{case_no}")).raise_for_status().json()
    low, points = case["suggestion"]["fine_min_fen"], case["suggestion"]["points"]
    return {**_FINE, "fine_fen": low or 50_000, "points": 3 if points is None else points}


def _lawful(plate: str, fine: dict[str, str | int]) -> Iterator[Act]:
    """Yield the acts of a case that ends without a decision: that one needs the centre's time."""
    road, police = ("R1", "R2"), ("P1", "P2")
    yield *road, "order_to_correct", {"plate": plate}
    yield *road, "begin_unloading", {"method": "分装转运", "place": "本站卸货场"}
    yield *road, "record_refusal", {"reason": "拒不卸载", "witness": "站内视频"}
    yield *road, "hand_over", {}
    yield *police, "accept", {}
    yield *police, "notify", {"facts": "超限", "rights_told": "已告知", **fine}
    yield *police, "hear", {"statement": "无异议", "review": "意见已复核"}
    yield *police, "not_punish", {"reason": "测量"}


@asynccontextmanager
async def _peer(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.acts_peer", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("nobody listens to the peer")
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            yield client
    finally:
        process.stdin.close()
        await process.wait()


async def _on_the_page(station: Site, cases: list[str]) -> Timed | None:
    """Time the first act of each case on the console's page, from the key to what it says then."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    built = (Path(str(files("station.api"))) / "static/index.html").is_file()
    if browser is None or not built or not cases:
        return None
    from playwright.async_api import async_playwright

    taken: list[float] = []
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = await launched.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(station.url)
        await page.locator("#certificate-no").fill("R1")
        await page.locator("input[type=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        for case_no in cases:
            number = station.cases[case_no].plate[-5:]
            await page.get_by_test_id("case-item").filter(has_text=number).first.click()
            await page.keyboard.press("F4")
            form = page.get_by_test_id("act-form")
            await form.locator("input[name=papers]").uncheck()
            begun = perf_counter()
            await page.keyboard.press("Control+Enter")
            await page.get_by_test_id("act-saved").wait_for()
            taken.append(perf_counter() - begun)
        await launched.close()
    return Timed(PAGE, tuple(taken))
