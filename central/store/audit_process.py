"""Runs the full audit as a program of its own, which the running centre hardly feels."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from central.domain.auditing.values import Discrepancy, Layer
from station.domain.errors import AuditFailed
from station.keys.files import PUBLIC, write_durably

LONGEST_S: Final = 48 * 3600.0
_NICE: Final = 10
_FOUND: Final = (0, 1)
_LAST_WORDS: Final = 300


class _Finding(msgspec.Struct):
    layer: Layer
    node: str
    seq: int | None
    last: int | None
    code: str
    detail: str


class _Report(msgspec.Struct):
    findings: list[_Finding]


@dataclass(frozen=True, slots=True)
class AuditProcess:
    """``python -m central audit`` with this configuration."""

    config: Path

    async def __call__(self) -> list[Discrepancy]:
        """Audit everything.

        Raises:
            AuditFailed: the program did not come to its end.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "central", "audit", "--json", "--config", str(self.config)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as exc:
            raise AuditFailed(f"it does not start: {exc}") from exc
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            async with asyncio.timeout(LONGEST_S):
                out, err = await process.communicate()
        except TimeoutError as exc:
            raise AuditFailed(f"not ended after {LONGEST_S} s") from exc
        finally:
            await _ended(process)
        if process.returncode not in _FOUND or not out:
            raise AuditFailed(err.decode(errors="replace")[-_LAST_WORDS:])
        return _read(out)


class FileDiary:
    """Remembers in a small file when the last full audit ended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> datetime | None:
        """Return when that was, None when none is known of."""
        try:
            last = datetime.fromisoformat(self._path.read_text("utf-8").strip())
        except (OSError, ValueError):
            return None
        return last if last.tzinfo else None

    def note(self, at: datetime) -> None:
        """Remember that one has ended.

        Raises:
            SettingsError: the folder cannot be written.
        """
        write_durably(self._path, f"{at.isoformat()}\n".encode(), PUBLIC)


def _read(out: bytes) -> list[Discrepancy]:
    try:
        report = msgspec.json.decode(out, type=_Report)
    except msgspec.MsgspecError as exc:
        raise AuditFailed(f"its report cannot be read: {exc}") from exc
    return [
        Discrepancy(
            layer=one.layer,
            node=one.node,
            seq=one.seq,
            last=one.last,
            code=one.code,
            detail=one.detail,
        )
        for one in report.findings
    ]


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End the program and the workers that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
