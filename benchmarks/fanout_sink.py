"""The watchers of the fan-out benchmark where there is no C compiler; see ``fanout.c``."""

from __future__ import annotations

import re
import selectors
import socket
import sys
import time
from typing import Final

QUIET_S: Final = 10
_STAMP: Final = re.compile(rb"@t(\d{19})")
_KEPT: Final = 20
_HELLO: Final = (
    b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def sink(port: int, watchers: int) -> None:
    """Take messages until standard input ends."""
    chosen = selectors.DefaultSelector()
    for _ in range(watchers):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(_HELLO)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += one.recv(1)
        chosen.register(one, selectors.EVENT_READ, bytearray())
    _say("ready")
    for line in sys.stdin:
        _say(_measured(chosen, int(line.split()[1])))


def _measured(chosen: selectors.BaseSelector, wanted: int) -> str:
    late: list[int] = []
    first = time.monotonic_ns()
    while len(late) < wanted:
        ready = chosen.select(QUIET_S)
        if not ready:
            break
        for key, _ in ready:
            tail: bytearray = key.data
            tail += key.fileobj.recv(256 * 1024)  # type: ignore[union-attr]
            at = time.monotonic_ns()
            for stamp in _STAMP.findall(tail):
                late.append(at - int(stamp))
                first = min(first, int(stamp))
            end = max((found.end() for found in _STAMP.finditer(tail)), default=0)
            del tail[: max(end, len(tail) - _KEPT)]
    elapsed = time.monotonic_ns() - first
    late.sort()
    middle, last = late[len(late) // 2], late[len(late) * 99 // 100]
    return f"{len(late)} {elapsed} {middle} {last}"


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sink(int(sys.argv[1]), int(sys.argv[2]))
