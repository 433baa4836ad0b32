"""Two demos at a time do not take one another's ports."""

from __future__ import annotations

import socket

from simulators.demo.ports import ReservedPorts


def listening() -> socket.socket:
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen()
    return one


def test_a_port_that_is_listened_at_is_replaced() -> None:
    with listening() as taken:
        number = taken.getsockname()[1]
        ports = ReservedPorts()
        (got,) = ports.take([number])
        assert got != number
        ports.release()


def test_a_reserved_port_is_not_given_twice_though_nobody_listens_yet() -> None:
    first, second = ReservedPorts(), ReservedPorts()
    (port,) = first.take([0])
    (other,) = second.take([port])
    assert other != port
    second.release()
    first.release()
    assert second.take([port]) == [port]
    second.release()


def test_a_program_can_listen_at_a_reserved_port() -> None:
    ports = ReservedPorts()
    (port,) = ports.take([0])
    with socket.socket() as program:
        program.bind(("127.0.0.1", port))
        program.listen()
    ports.release()
