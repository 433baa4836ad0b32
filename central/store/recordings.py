"""Recordings that stations send (影像资料): named by their digest, kept when it is right."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack

from central.application.recording_audit import State
from station.contract.media import MOST_SENT
from station.contract.uplink import Held
from station.domain.errors import (
    MalformedEntry,
    NotFound,
    RecordingSpoilt,
    StoreFailed,
    StoreFull,
    WrongRecording,
)
from station.durable import flush_folder
from station.keys.files import move_durably

T = TypeVar("T")
A = TypeVarTuple("A")

MOST_BYTES: Final = MOST_SENT
_DIGEST_LENGTH: Final = 64
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_HEX: Final = frozenset("0123456789abcdef")


class FileRecordings:
    """Files in one folder. A recording arrives in pieces, in order, and may go on after a break."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recordings")

    async def held(self, node: str, sha256: str) -> Held:
        """Return how much of a recording is held, of what *node* has sent.

        Raises:
            NotFound: *sha256* is no digest.
        """
        return await self._run(self._held, node, sha256)

    async def add(self, node: str, sha256: str, offset: int, size: int, data: bytes) -> Held:
        """Append *data* when it begins where the held part ends; durable on return.

        Raises:
            NotFound: *sha256* is no digest.
            WrongRecording: it is whole and has another digest: thrown away, to be sent again.
            MalformedEntry: larger than any recording, or more than its own size.
            StoreFull: no room.
        """
        return await self._run(self._add, node, sha256, offset, size, data)

    async def fetch(self, sha256: str) -> bytes:
        """Return a whole recording, verified.

        Raises:
            NotFound: it is not here, or is no longer what it was.
        """
        return await self._run(self._fetch, sha256)

    async def erase(self, sha256: str) -> None:
        """Erase a recording, durably; idempotent."""
        await self._run(self._erase, sha256)

    async def set_aside(self, sha256: str) -> None:
        """Lay a recording that is no longer what it was beside its place; a sound one stays."""
        await self._run(self._set_aside, sha256)

    def state(self, sha256: str, *, whole: bool) -> State:
        """Tell how a recording is; *whole*: read all of it. For a thread of the caller's."""
        if not whole:
            return State.SOUND if self._path(sha256).exists() else State.MISSING
        try:
            self._fetch(sha256)
        except RecordingSpoilt:
            return State.CHANGED
        except NotFound:
            return State.MISSING
        return State.SOUND

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    async def _run(self, work: Callable[[Unpack[A]], T], *arguments: *A) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work, *arguments)

    def _held(self, node: str, sha256: str) -> Held:
        path = self._path(sha256)
        if path.exists():
            return Held(held=path.stat().st_size, complete=True)
        part = _part(path, node)
        return Held(held=part.stat().st_size if part.exists() else 0, complete=False)

    def _add(self, node: str, sha256: str, offset: int, size: int, data: bytes) -> Held:
        if not 0 < size <= MOST_BYTES or offset + len(data) > size:
            raise MalformedEntry("no recording is that large", sha256=sha256, size=size)
        held = self._held(node, sha256)
        if held.complete or held.held != offset:
            return held
        path = self._path(sha256)
        part = _part(path, node)
        try:
            self._make_folder(path.parent)
            with part.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if offset + len(data) == size:
                self._finish(part, path, sha256)
        except OSError as exc:
            raise (StoreFull if exc.errno in _NO_SPACE else StoreFailed)(str(exc)) from exc
        return self._held(node, sha256)

    def _make_folder(self, folder: Path) -> None:
        """Make *folder*; a power cut does not take its name."""
        for made in (self._folder, folder):
            if not made.exists():
                made.mkdir(parents=True)
                flush_folder(made.parent)

    def _finish(self, part: Path, path: Path, sha256: str) -> None:
        with part.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        if not right:
            part.unlink()
            raise WrongRecording(sha256, sha256=sha256)
        move_durably(part, path)

    def _fetch(self, sha256: str) -> bytes:
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError as exc:
            raise NotFound("media", sha256=sha256) from exc
        except OSError as exc:  # a bad sector: one recording, not the centre
            raise RecordingSpoilt(f"the file cannot be read: {exc}", sha256=sha256) from exc
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RecordingSpoilt("the file is no longer what it was", sha256=sha256)
        return data

    def _erase(self, sha256: str) -> None:
        path = self._path(sha256)
        try:
            path.unlink(missing_ok=True)
            _spoilt(path).unlink(missing_ok=True)
            if path.parent.exists():
                flush_folder(path.parent)
        except OSError as exc:
            raise StoreFailed(str(exc)) from exc

    def _set_aside(self, sha256: str) -> None:
        path = self._path(sha256)
        try:
            self._fetch(sha256)
        except RecordingSpoilt:
            try:
                move_durably(path, _spoilt(path))
            except OSError as exc:
                raise StoreFailed(str(exc)) from exc
        except NotFound:
            pass

    def _path(self, sha256: str) -> Path:
        if len(sha256) != _DIGEST_LENGTH or not set(sha256) <= _HEX:
            raise NotFound("media", sha256=sha256[:_DIGEST_LENGTH])
        return self._folder / sha256[:2] / sha256


def _part(path: Path, node: str) -> Path:
    """Return where the beginning of a recording lies: nobody else's pieces get into it."""
    return path.with_name(f"{path.name}.{node}.part")


def _spoilt(path: Path) -> Path:
    """Return where a recording lies that is no longer what it was."""
    return path.with_name(f"{path.name}.spoilt")
