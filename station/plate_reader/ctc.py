"""Turns a recogniser's frame probabilities into the likeliest plate (CTC beam search)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from station.domain.plates import DIGITS, GRAMMAR, PROVINCES, SERIAL_LETTERS, Grammar
from station.plate_reader.models import Floats

BLANK = 0
_BEAM = 12
_LEAST = 1e-6
"""Probability below which a character is not followed."""

ALPHABET = PROVINCES + DIGITS + SERIAL_LETTERS + "OI" + "挂学警领港澳"
_SEPARATORS = "·•・.-:'`"
_LOOKALIKE = {"O": "0", "I": "1"}
"""What a letter can only be where the grammar forbids it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A plate as one engine read it.

    Attributes:
        text: accepted by the grammar, or empty when nothing was.
        permilles: probability of each character, 0 to 1000.
    """

    text: str
    permilles: tuple[int, ...]

    @property
    def worst_permille(self) -> int:
        """The probability of its least certain character; 0 for nothing."""
        return min(self.permilles, default=0)


NOTHING = Text("", ())


class Alphabet:
    """Folds the columns of a recogniser onto the characters of plates.

    Args:
        characters: the recogniser's characters; column 0 is the blank, column 1 the first of them.
    """

    def __init__(self, characters: list[str]) -> None:
        column = {character: place + 1 for place, character in enumerate(characters)}
        self._known = [character for character in ALPHABET if character in column]
        self._columns = [column[character] for character in self._known]
        self._blanks = [BLANK, *(column[mark] for mark in _SEPARATORS if mark in column)]
        self._place = {character: index + 1 for index, character in enumerate(self._known)}

    def folded(self, frames: Floats) -> Floats:
        """Return (frames, 1 + known characters): separators are counted as blank."""
        blank = frames[:, self._blanks].sum(axis=1, keepdims=True)
        return np.concatenate([blank, frames[:, self._columns]], axis=1)

    def seen(self, frame: Floats) -> list[tuple[str, float]]:
        """Return the characters that one folded frame may show."""
        return [
            (self._known[place - 1], float(frame[place]))
            for place in np.flatnonzero(frame >= _LEAST).tolist()
            if place != BLANK
        ]

    def chances(self, folded: Floats, character: str, allowed: frozenset[str]) -> Floats:
        """Return, frame by frame, the chance of ``character`` where ``allowed`` may stand."""
        meant = [
            place
            for known, place in self._place.items()
            if known == character or (known not in allowed and _LOOKALIKE.get(known) == character)
        ]
        total: Floats = folded[:, meant].sum(axis=1)
        return total


def likeliest(frames: Floats, alphabet: Alphabet, grammar: Grammar = GRAMMAR) -> Text:
    """Return the plate that the grammar accepts and the frames make likeliest.

    ``frames``: float array (time, columns) of probabilities, one recogniser's output for one crop.
    """
    folded = alphabet.folded(frames)
    beams = _search(folded, alphabet, grammar)
    whole = [(score, text) for text, score in beams.items() if grammar.kind(text)]
    if not whole:
        return NOTHING
    text = max(whole)[1]
    peaks = _character_peaks(folded, text, alphabet, grammar)
    return Text(text, tuple(min(1000, int(peak * 1000)) for peak in peaks))


def _search(folded: Floats, alphabet: Alphabet, grammar: Grammar) -> dict[str, float]:
    """Prefix beam search; the state of a prefix is (ends in blank, ends in its last character)."""
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for frame in folded:
        seen = alphabet.seen(frame)
        grown: dict[str, tuple[float, float]] = {}
        blank = float(frame[BLANK])
        for prefix, (in_blank, in_last) in beams.items():
            _add(grown, prefix, (in_blank + in_last) * blank, 0.0)
            if prefix:
                again = _allowed(seen, grammar.next_characters(prefix[:-1])).get(prefix[-1], 0.0)
                _add(grown, prefix, 0.0, in_last * again)
            for character, chance in _allowed(seen, grammar.next_characters(prefix)).items():
                start = in_blank if prefix[-1:] == character else in_blank + in_last
                _add(grown, prefix + character, 0.0, start * chance)
        beams = _best(grown)
    return {prefix: sum(state) for prefix, state in beams.items()}


def _allowed(seen: list[tuple[str, float]], allowed: frozenset[str]) -> dict[str, float]:
    """Return the chance of each allowed character in one frame.

    Where the grammar forbids a letter, what looks like it counts for the digit.
    """
    chances: dict[str, float] = {}
    for character, chance in seen:
        meant = character if character in allowed else _LOOKALIKE.get(character)
        if meant in allowed:
            chances[meant] = chances.get(meant, 0.0) + chance
    return chances


def _add(grown: dict[str, tuple[float, float]], prefix: str, blank: float, last: float) -> None:
    old = grown.get(prefix, (0.0, 0.0))
    grown[prefix] = (old[0] + blank, old[1] + last)


def _best(grown: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    kept = sorted(grown.items(), key=lambda item: sum(item[1]), reverse=True)[:_BEAM]
    # Long texts would sink below the smallest float: only ratios matter, so scale to the best.
    top = sum(kept[0][1]) or 1.0
    return {prefix: (state[0] / top, state[1] / top) for prefix, state in kept}


def _character_peaks(
    folded: Floats, text: str, alphabet: Alphabet, grammar: Grammar
) -> list[float]:
    """Return, for each character, its highest probability among the frames aligned to it."""
    states = 2 * len(text) + 1
    chances = np.empty((len(folded), states))
    chances[:, 0::2] = folded[:, :1]
    for index, character in enumerate(text):
        chances[:, 2 * index + 1] = alphabet.chances(
            folded, character, grammar.next_characters(text[:index])
        )
    path = _aligned(np.log(np.maximum(chances, 1e-30)), text)
    peaks = [0.0] * len(text)
    for time, state in enumerate(path):
        if state % 2:
            peaks[state // 2] = max(peaks[state // 2], float(chances[time, state]))
    return peaks


def _aligned(logs: np.ndarray[tuple[int, int], np.dtype[np.float64]], text: str) -> list[int]:
    """Return the likeliest state of every frame (Viterbi); odd states are characters."""
    times, states = logs.shape
    score = [-math.inf] * states
    score[0], score[1] = float(logs[0, 0]), float(logs[0, 1])
    back: list[list[int]] = []
    for time in range(1, times):
        origin = [_origin(score, state, text) for state in range(states)]
        score = [score[origin[state]] + float(logs[time, state]) for state in range(states)]
        back.append(origin)
    state = states - 1 if score[-1] > score[-2] else states - 2
    path = [state]
    for origin in reversed(back):
        state = origin[state]
        path.append(state)
    return path[::-1]


def _origin(score: list[float], state: int, text: str) -> int:
    choices = [state]
    if state:
        choices.append(state - 1)
    character = state // 2
    if state % 2 and character and text[character] != text[character - 1]:
        choices.append(state - 2)
    return max(choices, key=lambda choice: score[choice])
