"""What happens to bytes on a real line: upset bits, lost bytes, noise, pulled cables. Seeded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, Protocol

_LONGEST_BURST = 8


class Filter(Protocol):
    """Something that happens to bytes. Counts what really happened."""

    name: str
    count: int

    def __call__(self, data: bytes) -> bytes:
        """Return what is left of *data*."""
        ...


class BitFlips:
    """Upset bits: each byte has one bit turned with a chance of *per_byte*."""

    name = "flipped_bits"

    def __init__(self, rng: Random, per_byte: float) -> None:
        self._rng, self._per_byte = rng, per_byte
        self.count = 0

    def __call__(self, data: bytes) -> bytes:
        """Return *data* with some bits turned."""
        out = bytearray(data)
        for at in range(len(out)):
            if self._rng.random() < self._per_byte:
                out[at] ^= 1 << self._rng.randrange(8)
                self.count += 1
        return bytes(out)


class Loss:
    """Lost bytes: an overrun UART, a break in the cable."""

    name = "lost_bytes"

    def __init__(self, rng: Random, per_byte: float) -> None:
        self._rng, self._per_byte = rng, per_byte
        self.count = 0

    def __call__(self, data: bytes) -> bytes:
        """Return *data* without some bytes."""
        kept = bytes(byte for byte in data if self._rng.random() >= self._per_byte)
        self.count += len(data) - len(kept)
        return kept


class Noise:
    """Random bytes in between, one to eight at a time: a motor starts, an aerial is keyed."""

    name = "noise_bytes"

    def __init__(self, rng: Random, per_byte: float) -> None:
        self._rng, self._per_byte = rng, per_byte
        self.count = 0

    def __call__(self, data: bytes) -> bytes:
        """Return *data* with bursts before some of its bytes."""
        out = bytearray()
        for byte in data:
            if self._rng.random() < self._per_byte:
                burst = self._rng.randbytes(self._rng.randint(1, _LONGEST_BURST))
                self.count += len(burst)
                out += burst
            out.append(byte)
        return bytes(out)


class Outage(NamedTuple):
    """A pulled cable: the seconds that it stays plugged before, and unplugged then."""

    plugged_s: float
    unplugged_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What weather to make; chances per byte, seconds; all zero is a fine day."""

    flips: float = 0.0
    loss: float = 0.0
    noise: float = 0.0
    plugged_s: float = 0.0
    """Mean time between unplugs; 0 for never."""
    unplugged_s: float = 0.0
    byte_by_byte: bool = False
    """Every byte arrives alone, as from a slow adapter."""


class Weather:
    """The filters of a forecast, in the order in which a line has them."""

    def __init__(self, seed: int, forecast: Forecast) -> None:
        """Seed: the same seed and forecast make the same weather for the same bytes."""
        self._rng = Random(seed)
        self._forecast = forecast
        self._filters: tuple[Filter, ...] = (
            BitFlips(self._rng, forecast.flips),
            Loss(self._rng, forecast.loss),
            Noise(self._rng, forecast.noise),
        )
        self.unplugs = 0

    @property
    def byte_by_byte(self) -> bool:
        """Whether every byte arrives alone."""
        return self._forecast.byte_by_byte

    @property
    def counts(self) -> dict[str, int]:
        """What really happened so far."""
        return {each.name: each.count for each in self._filters} | {"unplugs": self.unplugs}

    def __call__(self, data: bytes) -> bytes:
        """Return what arrives of *data*."""
        for each in self._filters:
            data = each(data)
        return data

    def outages(self) -> Iterator[Outage]:
        """Yield the outages to come, half to one and a half of the forecast's mean times."""
        while self._forecast.plugged_s:
            yield Outage(
                self._forecast.plugged_s * self._rng.uniform(0.5, 1.5),
                self._forecast.unplugged_s * self._rng.uniform(0.5, 1.5),
            )


FINE = Forecast()
