"""One module per make of indicator (称重显示仪表). Sans-I/O: bytes in, domain events out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from station.domain.errors import UnknownProtocol
from station.domain.units import Kg
from station.domain.weighing import DecoderCounts, ScaleEvent
from station.scale_driver.protocols import toledo, yaohua


class Decoder(Protocol):
    """Turns the bytes of one stream into events. One decoder, one stream."""

    @property
    def counts(self) -> DecoderCounts:
        """The line's health so far."""
        ...

    def feed(self, data: bytes) -> list[ScaleEvent]:
        """Consume *data*, in any chunking; never raise, never block.

        Returns:
            The events that it completes, in the order of the stream. Every byte belongs to
            exactly one event, and any chunking gives the same events.
        """
        ...

    def finish(self) -> list[ScaleEvent]:
        """Return the events of the bytes still held: the stream has ended."""
        ...


class Encoder(Protocol):
    """Sends what an indicator of one make sends: the decoder turned round."""

    def __call__(self, weight: Kg, *, stable: bool) -> bytes:
        """Return one frame.

        Raises:
            InvalidFacts: the display has no room for the weight.
        """
        ...


class _DecoderMaker(Protocol):
    def __call__(self) -> Decoder: ...


class _Make(NamedTuple):
    decoder: _DecoderMaker
    encoder: Encoder


_MAKES = {
    yaohua.NAME: _Make(yaohua.YaohuaDecoder, yaohua.frame_of),
    toledo.NAME: _Make(toledo.ToledoDecoder, toledo.frame_of),
}


def names() -> tuple[str, ...]:
    """Return the protocols that there are."""
    return tuple(_MAKES)


def decoder(name: str) -> Decoder:
    """Return a fresh decoder for one stream.

    Raises:
        UnknownProtocol: there is none of that name.
    """
    return _make(name).decoder()


def encoder(name: str) -> Encoder:
    """Return what serialises a weight in the protocol.

    Raises:
        UnknownProtocol: there is none of that name.
    """
    return _make(name).encoder


def _make(name: str) -> _Make:
    if name not in _MAKES:
        raise UnknownProtocol(name, known=", ".join(_MAKES))
    return _MAKES[name]
