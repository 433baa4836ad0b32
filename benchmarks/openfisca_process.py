"""openfisca-core in an environment of its own: made from a lock, spoken to over pipes.

Its dependencies are not ours and its licence (AGPL) is not ours either: it is run, never imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.report import Row

HERE = Path(__file__).parent
LOCK = HERE / "openfisca.lock"
ENVIRONMENT = HERE.parent / ".venv-openfisca"
INSTALL_S = 90


class CannotRun(Exception):
    """The peer cannot be set up on this machine; the message says why."""


def environment(folder: Path = ENVIRONMENT, lock: Path = LOCK) -> Path:
    """Return the interpreter of the environment, making it at the first call.

    Raises:
        CannotRun: the packages of the lock cannot be had.
    """
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    wanted = sha256(lock.read_bytes()).hexdigest()
    if ready.exists() and ready.read_text() == wanted:
        return python
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "-r", str(lock)]
    try:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)  # noqa: S603
    except subprocess.CalledProcessError as error:
        lines = str(error.stderr or error.stdout or "").strip().splitlines()
        raise CannotRun(f"cannot be installed: {lines[-1] if lines else error}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(f"cannot be installed: {error}") from error
    ready.write_text(wanted)
    return python


class OpenFisca:
    """The peer process; ``running`` is False when it could not be started, ``why`` says why."""

    name = "openfisca-core"

    def __init__(self, table: dict[str, list[int]], make: Callable[[], Path] = environment) -> None:
        self.why = ""
        self._process: subprocess.Popen[str] | None = None
        try:
            python = make()
            self._process = subprocess.Popen(  # noqa: S603
                [str(python), "-I", str(HERE / "openfisca_peer.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self._say(table)
            self.limits()
        except (CannotRun, OSError, ValueError) as error:
            self.why = str(error)
            self.close()

    def __enter__(self) -> OpenFisca:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Tell whether it can be asked."""
        return self._process is not None

    def limits(self) -> list[int]:
        """Return the limit of every vehicle of the table, kg."""
        found: list[int] = self._ask({"ask": "limits"})["limits"]
        return found

    def single_seconds(self) -> float:
        """Look every limit up once; return the seconds for one look-up."""
        return float(self._ask({"ask": "time_single"})["seconds"])

    def load(self, folder: Path) -> None:
        """Make it read the columns in *folder*."""
        self._ask({"ask": "load", "folder": str(folder)})

    def bulk_seconds(self) -> float:
        """Decide every record once; return the seconds that it took by its own clock."""
        return float(self._ask({"ask": "bulk"})["seconds"])

    def bulk_digest(self) -> str:
        """Decide every record once; return the digest of the results."""
        return str(self._ask({"ask": "bulk"})["digest"])

    def absent(self, task: str, unit: str) -> Row:
        """Return the row that says why there is no number."""
        return Row(task=task, engine=self.name, unit=unit, median=None, note=self.why)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.terminate()
        process.wait(timeout=10)

    def _say(self, message: object) -> subprocess.Popen[str]:
        process = self._process
        if process is None or process.stdin is None:
            raise CannotRun(self.why)
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        return process

    def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        process = self._say(question)
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            told = process.stderr.read().strip().splitlines() if process.stderr else []
            raise CannotRun(f"cannot run: {told[-1] if told else 'it ended'}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def versions() -> str:
    """Return the versions of the interpreter and of the engines in this environment."""
    engines = ", ".join(
        f"{name} {version(name)}" for name in ("zen-engine", "rule-engine", "polars", "numpy")
    )
    return f"Python {sys.version.split()[0]}, {engines}"
