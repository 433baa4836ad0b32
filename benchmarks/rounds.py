"""Times contenders turn by turn, so that a slow second of the machine hits all of them alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Contender:
    """One engine at one task.

    Attributes:
        name: of the engine.
        seconds: does the task once and returns the seconds that it took.
        work: units of work in one call; times are given for one unit.
    """

    name: str
    seconds: Callable[[], float]
    work: int = 1


class Timed(NamedTuple):
    """Seconds for one unit of work, one value a round."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the rounds, in seconds."""
        return median(self.seconds)

    def over(self, other: Timed) -> float:
        """Return how many times longer than *other* this took: the median of the pairs."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return median(mine / theirs for mine, theirs in pairs)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that does *work* and returns the seconds that it took."""

    def seconds() -> float:
        begun = perf_counter()
        work()
        return perf_counter() - begun

    return seconds


def interleaved(contenders: Sequence[Contender], rounds: int) -> dict[str, Timed]:
    """Time every contender once in each round, after a round that is not counted."""
    taken: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for turn in range(rounds + 1):
        for contender in contenders:
            with _no_gc():
                seconds = contender.seconds() / contender.work
            if turn:
                taken[contender.name].append(seconds)
    return {name: Timed(name, tuple(values)) for name, values in taken.items()}


@contextmanager
def _no_gc() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
