"""Pictures beside the ledger: named by their digest, written once, verified when read."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from station.contract.media import HEAD_BYTES, type_of
from station.domain.errors import NotFound, RecordingSpoilt, StoreFailed, StoreFull
from station.durable import flush_folder, make_folder
from station.store.database import NO_SPACE

_DIGEST_LENGTH: Final = 64
_PIECE: Final = 1 << 20


class FileMedia:
    """Implements :class:`~station.application.ports.Media`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="media")
        # Reading a long clip through must not keep the next truck's pictures waiting.
        self._showing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="showing")

    async def keep(self, data: bytes) -> str:
        """See :class:`~station.application.ports.Media`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._keep, data)

    async def fetch(self, sha256: str) -> bytes:
        """See :class:`~station.application.ports.Media`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.read, sha256)

    async def place(self, sha256: str) -> tuple[Path, str]:
        """See :class:`~station.application.ports.Media`."""
        return await asyncio.get_running_loop().run_in_executor(self._showing, self._place, sha256)

    def read(self, sha256: str) -> bytes:
        """Return what :meth:`fetch` does, and wait for it: for the command line."""
        with _reading(sha256):
            data = self._path(sha256).read_bytes()
        _require(sha256, hashlib.sha256(data).hexdigest())
        return data

    def keep_file(self, source: Path) -> tuple[str, int]:
        """Store a copy of a file durably, a piece at a time; return its SHA-256 (hex) and size.

        Waits for it, on the thread of whoever asks: pictures are kept meanwhile.

        Raises:
            FileNotFoundError: it is gone.
            StoreFull: nothing was kept.
            StoreFailed: the disk failed.
        """
        unfinished = self._folder / f"{uuid4().hex}.part"
        try:
            make_folder(self._folder)
            digest, size = _copy(source, unfinished)
            path = self._path(digest)
            make_folder(path.parent)
            unfinished.rename(path)
            flush_folder(path.parent)
        except FileNotFoundError:
            raise
        except OSError as exc:
            raise (StoreFull if exc.errno in NO_SPACE else StoreFailed)(str(exc)) from exc
        finally:
            unfinished.unlink(missing_ok=True)
        return digest, size

    async def erase(self, sha256: str) -> None:
        """See :class:`~station.application.ports.Media`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._erase, sha256)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
        self._showing.shutdown()

    def _place(self, sha256: str) -> tuple[Path, str]:
        path = self._path(sha256)
        with _reading(sha256), path.open("rb") as file:
            _require(sha256, hashlib.file_digest(file, "sha256").hexdigest())
            file.seek(0)
            return path, type_of(file.read(HEAD_BYTES))

    def _keep(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            make_folder(path.parent)
            if not path.exists():
                _write(path, data)
            # Also when it is there: who wrote it may have been killed before this.
            flush_folder(path.parent)
        except OSError as exc:
            raise (StoreFull if exc.errno in NO_SPACE else StoreFailed)(str(exc)) from exc
        return digest

    def _erase(self, sha256: str) -> None:
        path = self._path(sha256)
        try:
            path.unlink(missing_ok=True)
            if path.parent.exists():
                flush_folder(path.parent)
        except OSError as exc:
            raise StoreFailed(str(exc)) from exc

    def _path(self, digest: str) -> Path:
        if len(digest) != _DIGEST_LENGTH or not digest.isalnum():
            raise NotFound("media", sha256=digest[:_DIGEST_LENGTH])
        return self._folder / digest[:2] / digest


@contextmanager
def _reading(sha256: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as exc:
        raise NotFound("media", sha256=sha256) from exc
    except OSError as exc:  # a bad sector: one picture, not the station
        raise RecordingSpoilt(f"the file cannot be read: {exc}", sha256=sha256) from exc


def _require(sha256: str, found: str) -> None:
    if found != sha256:
        raise RecordingSpoilt("the file is no longer what it was", sha256=sha256)


def _copy(source: Path, target: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, target.open("wb") as copy:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest(), size


def _write(path: Path, data: bytes) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
