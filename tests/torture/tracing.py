"""Runs a program under ``strace`` and reads its system calls on files; injects faults into them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture.harness import Skipped, started

PATIENCE_S = 240

CALLS = (
    "open,openat,creat,close,dup,dup2,dup3,write,writev,pwrite64,pwritev,pwritev2,lseek,ftruncate,"
    "truncate,fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,"
    "symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,sendfile,copy_file_range"
)

_WHOLE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)(.*)$")
_BEGUN = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_ENDED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded.

    Attributes:
        words: the arguments as ``strace`` shows them, but for the text.
        texts: those in quotation marks, as bytes.
    """

    name: str
    words: tuple[str, ...]
    texts: tuple[bytes, ...]
    result: int


def traced(
    program: Sequence[str], record: Path, *, inject: Sequence[str] = (), paths: Sequence[Path] = ()
) -> list[str]:
    """Return the command that runs ``python -m program…`` under strace, writing to *record*.

    Args:
        inject: faults as strace takes them, e.g. ``fdatasync:error=EIO:when=7``.
        paths: only calls on these files are seen, and failed.

    Raises:
        Skipped: there is no strace, or it may not trace here.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise Skipped("strace is not installed (apt-get install strace)")
    if subprocess.run([strace, "-o", os.devnull, "true"], check=False).returncode != 0:
        raise Skipped("strace may not trace here (ptrace is forbidden)")
    command = [strace, "-f", "-q", "-xx", "-s", "1048576", "-o", str(record), "-e"]
    command += [f"trace={CALLS}", "-e", "signal=none"]
    for fault in inject:
        command += ["-e", f"inject={fault}"]
    for path in paths:
        command += ["-P", str(path)]
    return [*command, sys.executable, "-m", *program]


def run_traced(program: Sequence[str], record: Path, *, inject: Sequence[str] = ()) -> list[Call]:
    """Run ``python -m program…`` to its end and return what it did, in order."""
    with started(traced(program, record, inject=inject)) as child:
        _, errors = child.communicate(timeout=PATIENCE_S)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(program)}: {errors.decode()[-2000:]}")
    with record.open(encoding="ascii") as lines:
        return list(calls(lines))


def calls(lines: Iterator[str]) -> Iterator[Call]:
    """Read a record. A call that strace failed or faked had no effect and is left out."""
    begun: dict[str, str] = {}
    for line in lines:
        if match := _BEGUN.match(line):
            begun[match[1]] = match[3]
            continue
        if match := _ENDED.match(line):
            pid, name, arguments, result, note = match.groups()
            arguments = begun.pop(pid) + arguments
        elif match := _WHOLE.match(line):
            _, name, arguments, result, note = match.groups()
        else:
            continue  # an exit, a signal
        if "INJECTED" in note or result == "?" or int(result) < 0:
            continue
        texts = tuple(bytes.fromhex(t.replace("\\x", "")) for t in _TEXT.findall(arguments))
        words = tuple(word.strip() for word in _TEXT.sub('""', arguments).split(","))
        yield Call(name, words, texts, int(result))
