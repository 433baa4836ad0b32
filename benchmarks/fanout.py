"""Live fan-out: messages to many watchers on real loopback sockets.

The limit is one C ``write()`` for each message and watcher; headquarters writes one frame for each
tick and watcher. Each contender is a process of its own, and so are its watchers.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks.fanout_server import message
from benchmarks.report import Row, rounded, row
from benchmarks.rounds import Contender, Timed, interleaved

RATIOS: Final = ("fanout_vs_c", "fanout_p99_vs_c")
SIZES: Final = (100, 500, 1000)
ROUNDS: Final = 4
DELIVERIES: Final = 45_000
"""Messages times watchers in one burst."""

RATE: Final = 20_000
"""Deliveries in a second where lateness is measured; messages come at random moments."""

PACED_ROUNDS: Final = 5
PACED_S: Final = 0.8
LIMIT: Final = "write() per message"
OURS: Final = "central, by ticks"
BROADCAST: Final = "websockets.broadcast"

_SOURCE: Final = Path(__file__).parent / "fanout.c"
_START_S: Final = 60


class Programs(NamedTuple):
    """How to start the limit's writer and the watchers. ``note``: what is not as it should be."""

    writer: list[str]
    sink: list[str]
    note: str


class Answer(NamedTuple):
    """What the watchers of one contender saw: messages, and nanoseconds."""

    messages: int
    elapsed: int
    p50: int
    p99: int


class Pair:
    """A contender and its watchers, running."""

    def __init__(self, server: subprocess.Popen[str], sink: subprocess.Popen[str]) -> None:
        self._server = server
        self._sink = sink

    def told(self, command: str, deliveries: int) -> Answer:
        """Give the contender a task and return what its watchers saw.

        Raises:
            RuntimeError: not everything arrived.
        """
        _write(self._sink, f"expect {deliveries}")
        _write(self._server, command)
        answer = Answer(*map(int, _read(self._sink).split()))
        if answer.messages != deliveries:
            raise RuntimeError(f"{answer.messages} of {deliveries} arrived: {self._server.args!r}")
        return answer


def run(progress: Callable[[str], None]) -> tuple[dict[str, float | None], list[Row]]:
    """Measure everything.

    Returns:
        The ratios of :data:`RATIOS`, each the worst over the numbers of watchers, and the rows.
    """
    through: list[float] = []
    late: list[float] = []
    rows: list[Row] = []
    with programs() as found:
        for watchers in SIZES:
            progress(f"fan-out to {watchers} watchers")
            with pairs(found, watchers) as running:
                times = _bursts(running, watchers)
                lateness = _paced(running, watchers)
            through.append(times[LIMIT].over(times[OURS]))
            late.append(lateness[OURS].over(lateness[LIMIT]))
            rows += _rows(watchers, times, lateness, found.note)
    return dict(zip(RATIOS, map(rounded, (min(through), max(late))), strict=True)), rows


@contextmanager
def programs() -> Iterator[Programs]:
    """Compile the limit and the watchers, or take Python's own where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        server, sink = "benchmarks.fanout_server", "benchmarks.fanout_sink"
        yield Programs(_python(server, "writes"), _python(sink), "os.write: no C compiler")
        return
    with TemporaryDirectory() as folder:
        program = str(Path(folder) / "fanout")
        subprocess.run(  # noqa: S603 - our own source
            [compiler, "-O2", "-o", program, str(_SOURCE)], check=True, timeout=_START_S
        )
        yield Programs([program, "writer"], [program, "sink"], "")


@contextmanager
def pairs(found: Programs, watchers: int) -> Iterator[dict[str, Pair]]:
    """Run all contenders, each with its watchers."""
    commands = {
        LIMIT: found.writer,
        OURS: _python("benchmarks.fanout_server", "ours"),
        BROADCAST: _python("benchmarks.fanout_server", "broadcast"),
    }
    size = [str(len(message()))] if found.writer[-1] == "writer" else []
    with ExitStack() as stack:
        running: dict[str, Pair] = {}
        for name, command in commands.items():
            more = [str(watchers), *(size if name == LIMIT else [])]
            server = stack.enter_context(_started([*command, *more]))
            sink = stack.enter_context(_started([*found.sink, _read(server), str(watchers)]))
            _read(sink)
            _read(server)
            running[name] = Pair(server, sink)
        yield running


def _bursts(running: dict[str, Pair], watchers: int) -> dict[str, Timed]:
    messages = DELIVERIES // watchers

    def seconds(pair: Pair) -> Callable[[], float]:
        return lambda: pair.told(f"burst {messages}", messages * watchers).elapsed / 1e9

    contenders = [
        Contender(name, seconds(pair), messages * watchers) for name, pair in running.items()
    ]
    return interleaved(contenders, ROUNDS)


def _paced(running: dict[str, Pair], watchers: int) -> dict[str, Timed]:
    """Return the 99th percentiles of the lateness; in each round all meet the same messages."""
    random = Random(watchers)  # noqa: S311 - not a secret
    rounds = [
        [
            int(random.expovariate(RATE / watchers) * 1e6)
            for _ in range(int(RATE / watchers * PACED_S))
        ]
        for _ in range(PACED_ROUNDS)
    ]
    found: dict[str, list[float]] = {LIMIT: [], OURS: []}
    for gaps in rounds:
        command = f"paced {' '.join(map(str, gaps))}"
        for name, values in found.items():
            values.append(running[name].told(command, len(gaps) * watchers).p99 / 1e9)
    return {name: Timed(name, tuple(values)) for name, values in found.items()}


def _rows(
    watchers: int, times: dict[str, Timed], late: dict[str, Timed], note: str
) -> Iterator[Row]:
    for name, found in times.items():
        shown = note if name == LIMIT else ""
        yield row(f"one message to one of {watchers}", "µs", found, times[LIMIT], shown)
    for found in late.values():
        task = f"99 of 100 messages come within, {RATE} deliveries/s to {watchers}"
        yield row(task, "ms", found, late[LIMIT])


@contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own programs
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _read(process: subprocess.Popen[str]) -> str:
    """Return its next line.

    Raises:
        RuntimeError: it ended.
    """
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"ended: {process.args!r}")
    return line.strip()


def _write(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin:
        process.stdin.write(line + "\n")
        process.stdin.flush()
