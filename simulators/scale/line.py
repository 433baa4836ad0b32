"""What a simulated indicator is wired to."""

from __future__ import annotations

from typing import Protocol

BITS_PER_BYTE = 10
"""On the line: 8N1 and 7E1 both frame a byte in ten bits."""


class Line(Protocol):
    """A cable that can be plugged, and that drops what nobody takes, as a UART does."""

    @property
    def url(self) -> str:
        """What a station opens."""
        ...

    @property
    def dropped_bytes(self) -> int:
        """Bytes that nobody took."""
        ...

    async def plug(self) -> None:
        """Plug the cable in; nothing happens when it is."""
        ...

    async def unplug(self) -> None:
        """Pull the cable; nothing happens when it is."""
        ...

    def send(self, data: bytes) -> None:
        """Put bytes on the line now. Never blocks, never fails: an unplugged line drops them."""
        ...
