"""A serial line made of a pseudo-terminal. The station opens its symlink like any /dev/ttyUSB0."""

from __future__ import annotations

import os
import pty
import tty
from pathlib import Path


class PtyScale:
    """A pseudo-terminal behind a stable name.

    Its number changes each time it is plugged, as with a USB adapter under udev: the symlink is
    pointed anew, and is gone while unplugged.
    """

    def __init__(self, link: Path) -> None:
        """Prepare; *link* is made by ``plug``."""
        self._link = link
        self._ours = self._theirs = -1
        self.dropped_bytes = 0

    @property
    def url(self) -> str:
        """What a station opens."""
        return str(self._link)

    async def plug(self) -> None:
        """Make the pseudo-terminal and point the symlink to it."""
        if self._ours >= 0:
            return
        self._ours, self._theirs = pty.openpty()
        # Raw before any reader: a cooked terminal would echo the bytes back.
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        fresh = self._link.with_name(f".{self._link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._theirs))
        fresh.replace(self._link)

    async def unplug(self) -> None:
        """Close both ends: a reader sees a hang-up."""
        if self._ours < 0:
            return
        self._link.unlink(missing_ok=True)
        for fd in (self._ours, self._theirs):
            os.close(fd)
        self._ours = self._theirs = -1

    def send(self, data: bytes) -> None:
        """Write what the terminal takes; nobody reading is no reason to wait."""
        written = 0
        if self._ours >= 0:
            try:
                written = os.write(self._ours, data)
            except BlockingIOError:
                written = 0
        self.dropped_bytes += len(data) - written
