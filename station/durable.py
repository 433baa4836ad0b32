"""Names in folders that a power cut does not take."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make *folder* and those above it; their names are on the disk on return.

    Raises:
        OSError: the disk or a folder does not allow it.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(made):
        flush_folder(path.parent)
    if not made:
        # Whoever made it may not have synced its name. Above it, reading may be forbidden.
        with contextlib.suppress(PermissionError):
            flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Bring the names in *folder* to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
