"""Faults of disk and clock inside a real program that knows nothing of them (``faults.c``)."""

from __future__ import annotations

import ctypes
import mmap
import shutil
import subprocess
import time
from enum import IntEnum
from pathlib import Path

from tests.torture.harness import Skipped

SOURCE = Path(__file__).with_name("faults.c")


class Disk(IntEnum):
    """What is wrong with the disk, as ``faults.c`` counts it."""

    WELL = 0
    SYNC_EIO = 1
    WRITE_EIO = 2
    NO_SPACE = 3
    SHORT = 4
    READ_ONLY = 5
    FROZEN = 6


class _Control(ctypes.Structure):
    _fields_ = (
        ("disk", ctypes.c_int64),
        ("hits", ctypes.c_int64),
        ("first_hit_ns", ctypes.c_int64),
        ("clock_step_ns", ctypes.c_int64),
        ("clock_frozen_ns", ctypes.c_int64),
    )


class Shim:
    """The faults of one program; *under*: the folder whose files its disk faults hit."""

    def __init__(self, folder: Path, under: Path) -> None:
        """Compile it.

        Raises:
            Skipped: there is no compiler.
        """
        library, page = folder / "faults.so", folder / "faults.page"
        if not library.exists():
            _compile(library)
        page.write_bytes(bytes(mmap.PAGESIZE))
        with page.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._control = _Control.from_buffer(self._page)
        self.environment = {
            "LD_PRELOAD": str(library),
            "TORTURE_CONTROL": str(page),
            "TORTURE_UNDER": str(under),
        }

    def break_disk(self, fault: Disk) -> None:
        """Let *fault* hit from now on; the hits are counted anew."""
        self._control.hits = 0
        self._control.first_hit_ns = 0
        self._control.disk = fault

    def mend_disk(self) -> None:
        """Let the disk be well."""
        self._control.disk = Disk.WELL

    @property
    def hits(self) -> int:
        """Return how many calls the disk's fault has hit."""
        return int(self._control.hits)

    @property
    def first_hit_at(self) -> float:
        """Return when the first one was, in seconds as of :func:`time.monotonic`."""
        return int(self._control.first_hit_ns) / 1e9

    def set_clock(self, step_s: float) -> None:
        """Let the wall clock go, *step_s* ahead of the true one."""
        self._control.clock_step_ns = round(step_s * 1e9)
        self._control.clock_frozen_ns = 0

    def freeze_clock(self) -> None:
        """Let the wall clock stand where it is."""
        self._control.clock_frozen_ns = time.time_ns() + self._control.clock_step_ns


def _compile(library: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise Skipped("cc is not installed")
    command = (compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC")
    subprocess.run((*command, "-o", str(library), str(SOURCE), "-ldl", "-pthread"), check=True)
