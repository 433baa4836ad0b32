"""The inbox of clips on the disk: when each began, and its way into the recordings."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from station.application.importing import Found, Told
from station.domain.clock import CHINA
from station.domain.errors import (
    RecordingBroken,
    RecordingOfNoKind,
    RecordingUnreadable,
    RecordingUntimed,
)
from station.store.media import FileMedia
from station.store.mp4 import span_of

TYPES: Final = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".mkv": "video/x-matroska",
    ".wav": "audio/wav",
}
_BOXED: Final = (".mp4", ".mov")
_BESIDE: Final = ".json"
_LONGEST_BESIDE: Final = 64 * 1024
_IN_NAME: Final = re.compile(r"(?:(.*?)[_-])?(\d{14})[_-](\d{14})")


class FolderInbox:
    """Implements :class:`~station.application.importing.Inbox`.

    A clip ``x.mp4`` is timed by, in this order: a file ``x.mp4.json`` beside it, ``{began_at,
    ended_at, device}`` with times that have a zone; two local times in its name,
    ``…_YYYYMMDDhhmmss_YYYYMMDDhhmmss``; for MP4 and QuickTime, time and length in the file.
    """

    def __init__(self, folder: Path, media: FileMedia) -> None:
        self._folder = folder
        self._media = media
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox")

    async def look(self) -> list[Found]:
        """See :class:`~station.application.importing.Inbox`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look)

    async def told(self, found: Found) -> Told:
        """See :class:`~station.application.importing.Inbox`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._told, found)

    async def keep(self, found: Found) -> tuple[str, int] | None:
        """See :class:`~station.application.importing.Inbox`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._keep, found)

    async def remove(self, found: Found) -> None:
        """See :class:`~station.application.importing.Inbox`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._remove, found)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _look(self) -> list[Found]:
        found = []
        try:
            for folder in sorted(self._folder.iterdir()):
                if not folder.is_dir() or folder.is_symlink():
                    continue
                for path in sorted(folder.iterdir()):
                    status = path.lstat()
                    hidden = path.name.startswith(".") or path.suffix.lower() == _BESIDE
                    if stat.S_ISREG(status.st_mode) and not hidden:
                        mark = (status.st_size, status.st_mtime_ns)
                        found.append(Found(folder=folder.name, name=path.name, mark=mark))
        except OSError as exc:
            raise RecordingUnreadable(str(exc)) from exc
        return found

    def _told(self, found: Found) -> Told:
        path = self._path(found)
        suffix = path.suffix.lower()
        if suffix not in TYPES:
            raise RecordingOfNoKind(known=" ".join(TYPES))
        try:
            span = _beside(path) or _named(path.stem)
            # Looked into whoever times it: a clip whose end is missing is none.
            inside = span_of(path) if suffix in _BOXED else None
        except OSError as exc:
            raise RecordingUnreadable(str(exc)) from exc
        if span is None and inside is not None:
            span = (*inside, "container", "")
        if span is None:
            raise RecordingUntimed()
        began_at, ended_at, timed_by, device = span
        return Told(
            began_at=began_at,
            ended_at=ended_at,
            timed_by=timed_by,
            device=device[:64],
            media_type=TYPES[suffix],
        )

    def _keep(self, found: Found) -> tuple[str, int] | None:
        try:
            kept = self._media.keep_file(self._path(found))
        except FileNotFoundError as exc:
            raise RecordingUnreadable(str(exc)) from exc
        return kept if self._unchanged(found) and kept[1] == found.mark[0] else None

    def _remove(self, found: Found) -> None:
        path = self._path(found)
        if self._unchanged(found):
            try:
                path.unlink()
                path.with_name(path.name + _BESIDE).unlink(missing_ok=True)
            except OSError as exc:
                raise RecordingUnreadable(str(exc)) from exc

    def _unchanged(self, found: Found) -> bool:
        try:
            status = self._path(found).lstat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == found.mark

    def _path(self, found: Found) -> Path:
        return self._folder / found.folder / found.name


_Span = tuple[datetime, datetime, str, str]


def _beside(path: Path) -> _Span | None:
    beside = path.with_name(path.name + _BESIDE)
    try:
        if beside.stat().st_size > _LONGEST_BESIDE:
            raise RecordingBroken(f"{beside.name}: too long")
        tree = json.loads(beside.read_bytes())
        began_at, ended_at = (datetime.fromisoformat(tree[n]) for n in ("began_at", "ended_at"))
        device = str(tree.get("device", ""))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise RecordingBroken(f"{beside.name}: {exc}") from exc
    if began_at.tzinfo is None or ended_at.tzinfo is None:
        raise RecordingBroken(f"{beside.name}: a time without a zone")
    return began_at.astimezone(UTC), ended_at.astimezone(UTC), "sidecar", device


def _named(stem: str) -> _Span | None:
    match = _IN_NAME.fullmatch(stem)
    if match is None:
        return None
    try:
        began_at, ended_at = (
            datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA).astimezone(UTC)
            for text in match.group(2, 3)
        )
    except ValueError:
        return None
    return began_at, ended_at, "name", match.group(1) or ""
