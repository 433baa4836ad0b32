"""The demo from its first line to its report."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console as Terminal
from rich.table import Table

from simulators.demo.auditing import audited
from simulators.demo.children import Broken
from simulators.demo.installation import emptied
from simulators.demo.options import Options
from simulators.demo.progress import Progress
from simulators.demo.report import Report
from simulators.demo.stage import Stage

EXIT_CLEAN: Final = 0
EXIT_WRONG: Final = 1
EXIT_BROKEN: Final = 2
SETTLE_S: Final = 240.0
"""So long the trucks under way and the open cases may take to come to their end."""
_PIPE_WIDTH: Final = 120
_PLATFORM_S: Final = 30.0
_POLL_S: Final = 0.2


def run_demo(options: Options) -> int:
    """Run the demo and return its exit status: 1 when anything went wrong, 2 when it cannot run."""
    return asyncio.run(_demo(options))


async def _demo(options: Options) -> int:
    terminal = Terminal(soft_wrap=options.headless, width=_PIPE_WIDTH if _piped() else None)
    progress = Progress(terminal, headless=options.headless)
    report, broken = None, False
    try:
        stage = Stage(options, emptied(options.folder), progress.say)
        report = await _played(stage, progress, terminal)
    except* Broken as group:
        broken = True
        for exc in _leaves(group):
            progress.say(str(exc))
    if broken:
        return EXIT_BROKEN
    if report is None:
        progress.say("stopped")
        return EXIT_CLEAN
    _tell(report, options.report, terminal)
    return EXIT_CLEAN if report.clean else EXIT_WRONG


async def _played(stage: Stage, progress: Progress, terminal: Terminal) -> Report | None:
    """Play until the minutes are over or somebody stops it; None when stopped."""
    stop = _stop_signals()
    report = None
    try:
        async with _until(stop):
            await stage.install()
            async with _background() as start:
                for site in stage.sites:
                    start(site.yard.devices())
                await stage.start_stations()
                _announce(stage, terminal)
                start(stage.watch())
                start(progress.run(stage.sites))
                report = await _show(stage, progress)
    finally:
        progress.say("stopping everything")
        await stage.strike()
    return report


async def _show(stage: Stage, progress: Progress) -> Report:
    """Let traffic and officers do their work; end it; hold it against the truth."""
    options, begun_at = stage.options, stage.clock.now()
    async with _background() as start:
        for site in stage.sites:
            start(site.yard.life())
            start(site.crew.run())
        if options.minutes is None:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets this event")
        seconds = options.minutes * 60
        if options.kill_station:
            await asyncio.sleep(seconds / 2)
            await _power_cut(stage)
        await asyncio.sleep(max(0.0, begun_at + seconds - stage.clock.now()))
        for site in stage.sites:
            site.yard.close_road()
        progress.phase = "settling"
        progress.say("no new trucks; those under way and the open cases come to their end")
        await _when(lambda: all(site.settled for site in stage.sites), SETTLE_S)
    progress.phase = "draining"
    return await audited(stage, seconds=round(stage.clock.now() - begun_at))


async def _power_cut(stage: Stage) -> None:
    """Kill the first station with a truck on its platform."""
    actor = stage.actors[0]
    await _when(actor.site.yard.on_platform, _PLATFORM_S)
    await stage.power_cut(actor)


async def _when(true: Callable[[], bool], timeout_s: float) -> None:
    """Wait until something is true, or until time is up."""
    for _ in range(round(timeout_s / _POLL_S)):
        if true():
            return
        await asyncio.sleep(_POLL_S)


def _announce(stage: Stage, terminal: Terminal) -> None:
    table = Table(title="地址与账号 addresses and accounts (made for this run)")
    for heading in ("", "地址 address", "执法证号 certificate", "口令 password", "身份 role"):
        table.add_column(heading)
    table.add_column("动态口令密钥 secret", no_wrap=True)
    centre = stage.centre
    rows = [
        ("治超办 headquarters", centre.url, centre.hq, "hq"),
        ("", "", centre.transport, "transport"),
    ]
    for actor in stage.actors:
        place, accounts = actor.installed.place, actor.installed.accounts
        crew = [(one, "road 路政") for one in accounts.road]
        crew += [(one, "police 交警") for one in accounts.police]
        name, url = f"{place.name} {place.road}", actor.installed.url
        for account, role in crew:
            rows.append((name, url, account, role))
            name, url = "", ""
    for name, url, account, role in rows:
        table.add_row(name, url, account.certificate_no, account.password, role, account.secret)
    terminal.print(table)
    terminal.print("动态口令 one-time code: python -m simulators code SECRET")


def _tell(report: Report, path: Path | None, terminal: Terminal) -> None:
    tree = report.as_tree()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(tree, ensure_ascii=False, indent=2) + "\n", "utf-8")
    table = Table(title="结果 report")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in tree.items():
        if isinstance(value, int):
            table.add_row(name, str(value))
    for mode, count in sorted(report.cases_closed_by_mode.items()):
        table.add_row(f"cases_closed_by_mode.{mode}", str(count))
    terminal.print(table)
    for line in report.errors:
        terminal.print(line, markup=False, highlight=False, style="red")


def _piped() -> bool:
    return not sys.stdout.isatty()


def _stop_signals() -> asyncio.Event:
    """Return an event that Ctrl-C and its like set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def _until(stop: asyncio.Event) -> AsyncIterator[None]:
    """Run the block until *stop* is set; then it is cancelled, and no error comes of that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None) as limit:
            watcher = asyncio.create_task(_expire(stop, limit))
            try:
                yield
            finally:
                watcher.cancel()


async def _expire(stop: asyncio.Event, limit: asyncio.Timeout) -> None:
    await stop.wait()
    limit.reschedule(0.0)


@contextlib.asynccontextmanager
async def _background() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Run what the block starts beside it, and end that when the block ends."""
    tasks: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:
        try:
            yield lambda doing: tasks.append(group.create_task(doing))
        finally:
            for task in tasks:
                task.cancel()


def _leaves(group: BaseExceptionGroup[Broken]) -> Iterator[BaseException]:
    for exc in group.exceptions:
        if isinstance(exc, BaseExceptionGroup):
            yield from _leaves(exc)
        else:
            yield exc
