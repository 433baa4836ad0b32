"""What every scenario shares: its options, its outcome, its mutants, and the run of all of them.

A scenario is a module of this package with ``NAME``, ``MUTANTS`` and ``run(options) -> Outcome``;
its docstring says what it promises. It is listed in ``tests/torture/__main__.py``. ``run`` raises
:exc:`Skipped` when the machine lacks what it needs, ends what it starts, and works in
``options.scratch`` only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
SHM = Path("/dev/shm")
MOST_SHOWN = 20


class Skipped(Exception):
    """The machine lacks what the scenario needs; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run is asked for.

    Attributes:
        faults, states: how many; None: the scenario's own number.
        mutant: name of the wrong program that takes the place of the right one.
        scratch: an empty folder of this run alone.
    """

    seed: int
    scratch: Path
    faults: int | None = None
    states: int | None = None
    mutant: str | None = None

    @property
    def until_broken(self) -> bool:
        """Tell whether the first broken promise settles it: a mutant is caught only once."""
        return self.mutant is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run.

    Attributes:
        faults: those that really happened.
        acknowledged: what the programs said was saved.
        lost, duplicated: of those, missing or there twice.
        broken: each broken promise in words.
        more: further numbers for the report.
    """

    faults: int
    acknowledged: int
    lost: int = 0
    duplicated: int = 0
    broken: tuple[str, ...] = ()
    more: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Report:
    """One line of the result."""

    scenario: str
    seed: int
    faults: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    mutants: int = 0
    mutants_caught: int = 0
    alive: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    skipped: str | None = None
    seconds: float = 0
    more: dict[str, object] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Tell whether every promise held and every mutant was caught."""
        return not self.broken and not self.alive

    def line(self) -> str:
        """Return the report as one line of JSON."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "more"}
        return json.dumps({**fields, **self.more}, ensure_ascii=False)


def run_scenario(
    scenario: ModuleType,
    options: Options,
    *,
    mutants: tuple[str, ...],
    status: Callable[[str], None],
) -> Report:
    """Run the scenario on the right program, then on each wrong one."""
    report = Report(scenario=scenario.NAME, seed=options.seed)
    began = time.monotonic()
    try:
        status(scenario.NAME)
        outcome = _run(scenario, options)
        report.faults, report.acknowledged = outcome.faults, outcome.acknowledged
        report.lost, report.duplicated = outcome.lost, outcome.duplicated
        report.broken, report.more = list(outcome.broken[:MOST_SHOWN]), outcome.more
        for mutant in mutants:
            status(f"{scenario.NAME}, mutant {mutant}")
            report.mutants += 1
            if _run(scenario, replace(options, mutant=mutant)).broken:
                report.mutants_caught += 1
            else:
                report.alive.append(mutant)
    except Skipped as exc:
        report.skipped = str(exc)
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _run(scenario: ModuleType, options: Options) -> Outcome:
    with scratch_folder(options.scratch) as folder:
        return scenario.run(replace(options, scratch=folder))


@contextmanager
def started(command: Sequence[str], **more: object) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; it and whatever it started is ended when the block ends."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **more,  # type: ignore[call-overload]
    ) as child:
        try:
            yield child
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def run_program(*program: str, patience_s: float = 900) -> list[bytes]:
    """Run ``python -m program…`` to its end and return the lines that it wrote.

    Raises:
        RuntimeError: it failed.
    """
    with started([sys.executable, "-m", *program]) as child:
        written, errors = child.communicate(timeout=patience_s)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(program)}: {errors.decode()[-2000:]}")
    return written.splitlines()


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """Give an empty folder, in memory where possible, and remove it at the end."""
    parent = parent or (SHM if SHM.is_dir() else None)
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
