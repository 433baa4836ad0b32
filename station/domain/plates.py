"""Number plates (机动车号牌, GA 36-2018): value, kinds, grammar, and what a camera saw."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""The 31 characters a plate begins with (省、自治区、直辖市简称)."""

ISSUING_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
"""发牌机关代号: never I. O (provincial police) and U (provincial government): legacy, flagged."""

SERIAL_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters of the serial (序号): never I or O."""

DIGITS = "0123456789"
_SERIAL = SERIAL_LETTERS + DIGITS
_LEGACY_ISSUERS = "OU"
_MOST_LETTERS = 2
_SEPARATORS = str.maketrans("", "", "·•・.- \t")


class PlateColour(Enum):
    """Ground colour of a plate; the value is the word used in records and on the wire."""

    YELLOW = "yellow"  # 大型汽车, 挂车
    BLUE = "blue"  # 小型汽车
    GREEN = "green"  # 小型新能源: gradient green
    YELLOW_GREEN = "yellow_green"  # 大型新能源: yellow and green
    WHITE = "white"  # 警用
    BLACK = "black"  # 使领馆, 港澳
    UNKNOWN = "unknown"


class PlateKind(Enum):
    """What the text alone tells. 大型 and 小型汽车 share a pattern: only the ground differs."""

    ORDINARY = "ordinary"  # 大型汽车, 小型汽车
    TRAILER = "trailer"  # 挂车
    COACH = "coach"  # 教练汽车
    POLICE = "police"  # 警用汽车
    CONSULATE = "consulate"  # 领馆汽车
    CROSS_BORDER = "cross_border"  # 港澳入出境车
    NEV_LARGE = "nev_large"  # 大型新能源汽车
    NEV_SMALL = "nev_small"  # 小型新能源汽车


class PlateFlag(Enum):
    """Accepted, but an officer should look at it."""

    LEGACY_ISSUER = "legacy_issuer"  # O or U as issuing letter
    MANY_LETTERS = "many_letters"  # more than two letters in an ordinary serial
    COLOUR_DISAGREES = "colour_disagrees"  # the ground is not the one of that kind


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate as text and ground colour. ``number`` is e.g. ``蒙L12345`` or ``蒙L1234挂``."""

    number: str
    colour: PlateColour = PlateColour.UNKNOWN

    @property
    def is_trailer(self) -> bool:
        """Tell whether this is a trailer's plate (挂车号牌); the tractor carries its own."""
        return self.number.endswith("挂")

    @property
    def kind(self) -> PlateKind | None:
        """The kind that the text shows, None when the text is no plate that the grammar knows."""
        return GRAMMAR.kind(self.number)

    @property
    def flags(self) -> tuple[PlateFlag, ...]:
        """What an officer should look at, although the text is accepted."""
        return tuple(_flags(self.number, self.kind, self.colour))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of plate as the characters allowed at each place."""

    kind: PlateKind
    slots: tuple[str, ...]

    def begins(self, text: str) -> bool:
        """Tell whether ``text`` is a beginning of such a plate, or all of it."""
        return len(text) <= len(self.slots) and all(
            character in slot for character, slot in zip(text, self.slots, strict=False)
        )


@dataclass(frozen=True, slots=True)
class Grammar:
    """What can stand on a plate. Immutable; a beam search asks it for the next character.

    Embassy (使), military, armed-police (WJ) and temporary plates are not in it: they go to
    manual handling.

    Attributes:
        nev_letters: D is battery electric, F any other. A province that has run out of them and
            uses A B C E or G H J K adds these letters here.

    Source: GA 36-2018.
    """

    nev_letters: str = "DF"

    def kind(self, number: str) -> PlateKind | None:
        """Return the kind of a whole number, None when it is none."""
        for pattern in _patterns(self.nev_letters):
            if len(number) == len(pattern.slots) and pattern.begins(number):
                return pattern.kind
        return None

    def next_characters(self, prefix: str) -> frozenset[str]:
        """Return the characters that may follow; empty after a whole plate or a wrong prefix."""
        return _next_characters(self.nev_letters, prefix)

    def parse(self, text: str, colour: PlateColour = PlateColour.UNKNOWN) -> Plate | None:
        """Read a written plate: see :func:`parse`."""
        number = unicodedata.normalize("NFKC", text).translate(_SEPARATORS).upper()
        return Plate(number, colour) if self.kind(number) else None


@lru_cache(maxsize=16)
def _patterns(nev_letters: str) -> tuple[Pattern, ...]:
    head = (PROVINCES, ISSUING_LETTERS)
    four = (_SERIAL,) * 4
    digits = (DIGITS,) * 4
    return (
        Pattern(PlateKind.ORDINARY, (*head, *four, _SERIAL)),
        Pattern(PlateKind.TRAILER, (*head, *four, "挂")),
        Pattern(PlateKind.COACH, (*head, *four, "学")),
        Pattern(PlateKind.POLICE, (*head, DIGITS + "ABCD", *digits[:3], "警")),
        Pattern(PlateKind.CONSULATE, (*head, *four, "领")),
        Pattern(PlateKind.CROSS_BORDER, ("粤", "Z", *four, "港澳")),
        Pattern(PlateKind.NEV_LARGE, (*head, *digits, DIGITS, nev_letters)),
        Pattern(PlateKind.NEV_SMALL, (*head, nev_letters, _SERIAL, *digits)),
    )


@lru_cache(maxsize=65536)
def _next_characters(nev_letters: str, prefix: str) -> frozenset[str]:
    place = len(prefix)
    return frozenset(
        character
        for pattern in _patterns(nev_letters)
        if place < len(pattern.slots) and pattern.begins(prefix)
        for character in pattern.slots[place]
    )


GRAMMAR = Grammar()
"""The grammar without a province's extra letters."""


def parse(text: str, colour: PlateColour = PlateColour.UNKNOWN) -> Plate | None:
    """Read a written plate; None when the grammar does not accept it.

    Full-width forms, small letters and the separators ``· • . -`` and blanks are forgiven; nothing
    is corrected (an O in a serial is not a 0).

    Source: GA 36-2018.
    """
    return GRAMMAR.parse(text, colour)


def masked(number: str) -> str:
    """Hide the middle of a number for logs and public lists: ``蒙L***45``, ``蒙L**34挂``."""
    head, tail = 2, 3 if number[-1:] in "挂学警领港澳" else 2
    hidden = len(number) - head - tail
    if hidden < 1:
        return "*" * len(number)
    return number[:head] + "*" * hidden + number[-tail:]


_COLOURS = {
    PlateKind.ORDINARY: {PlateColour.YELLOW, PlateColour.BLUE, PlateColour.BLACK},
    PlateKind.TRAILER: {PlateColour.YELLOW},
    PlateKind.COACH: {PlateColour.YELLOW},
    PlateKind.POLICE: {PlateColour.WHITE},
    PlateKind.CONSULATE: {PlateColour.BLACK},
    PlateKind.CROSS_BORDER: {PlateColour.BLACK},
    PlateKind.NEV_LARGE: {PlateColour.YELLOW_GREEN},
    PlateKind.NEV_SMALL: {PlateColour.GREEN},
}


def _flags(number: str, kind: PlateKind | None, colour: PlateColour) -> list[PlateFlag]:
    flags: list[PlateFlag] = []
    if kind is None:
        return flags
    if number[1] in _LEGACY_ISSUERS:
        flags.append(PlateFlag.LEGACY_ISSUER)
    letters = sum(character in SERIAL_LETTERS for character in number[2:])
    if kind is PlateKind.ORDINARY and letters > _MOST_LETTERS:
        flags.append(PlateFlag.MANY_LETTERS)
    if colour is not PlateColour.UNKNOWN and colour not in _COLOURS[kind]:
        flags.append(PlateFlag.COLOUR_DISAGREES)
    return flags


Point = tuple[int, int]
Corners = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateReading:
    """What was read of one plate in one picture.

    Attributes:
        text: the number, None when the reader is not sure. Never a guess.
        best_guess: what it would say if it had to; for an officer to compare with the picture.
        confidence_permille: of the *worst* character of ``best_guess``, 0 to 1000.
        rows: 1, or 2 for a double-row plate (双层号牌).
        box: corners in pixels of the picture: top left, top right, bottom right, bottom left.
    """

    text: str | None
    best_guess: str
    confidence_permille: int
    colour: PlateColour
    rows: int
    box: Corners

    @property
    def plate(self) -> Plate | None:
        """The plate when it is certain."""
        return None if self.text is None else Plate(self.text, self.colour)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One picture in which something was looked for, and what was read in it.

    Attributes:
        at: when the camera's frame was taken (aware), not when reading it was done.
        mono_ns: the same moment on the monotonic clock.
        readings: empty when the scene has become empty.
        picture_jpeg: the whole picture.
        crops_jpeg: the plates cut out, in the order of ``readings``.
    """

    at: datetime
    mono_ns: int
    readings: tuple[PlateReading, ...]
    picture_jpeg: bytes
    crops_jpeg: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What several readings of one vehicle come to, for one plate (the tractor's or the trailer's).

    Attributes:
        reading: the best certain reading, None when there is none or when two contradict.
        ambiguous: two certain readings gave different numbers: an officer decides.
        candidates: every number that was certain once, then the best guess; for the officer.
    """

    reading: PlateReading | None
    ambiguous: bool
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePlates:
    """The two plates of a combination (牵引车与挂车分别核发号牌)."""

    tractor: Settled
    trailer: Settled
