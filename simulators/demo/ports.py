"""Free TCP ports on the loopback, kept for this demo though its programs open them later."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

from simulators.demo.children import Broken

LOOPBACK: Final = "127.0.0.1"
_TRIES: Final = 50


class ReservedPorts:
    """Ports that no other demo takes while this object lives.

    A port is marked by a unix socket in the abstract namespace: the mark goes with the process,
    and the port itself stays free for the program that will listen there.
    """

    def __init__(self) -> None:
        self._marks: list[socket.socket] = []

    def take(self, wanted: Sequence[int]) -> list[int]:
        """Return the wanted ports, another free one for each that is taken; 0 takes any.

        Raises:
            Broken: no port is free.
        """
        return [self._one(port) for port in wanted]

    def release(self) -> None:
        """Let others have the ports."""
        for mark in self._marks:
            mark.close()
        self._marks.clear()

    def _one(self, wanted: int) -> int:
        for port in (wanted, *[0] * _TRIES):
            found = _bindable(port)
            if found is not None and self._mark(found):
                return found
        raise Broken("no free port")

    def _mark(self, port: int) -> bool:
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0zhichao-demo-port-{port}")
        except OSError:
            mark.close()
            return False
        self._marks.append(mark)
        return True


def _bindable(port: int) -> int | None:
    """Return *port*, or any free one for 0, if a program could listen there now."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError:
            return None
        number: int = one.getsockname()[1]
        return number
