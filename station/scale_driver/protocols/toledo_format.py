"""Settles, once per stream, whether Toledo frames carry a check and whether bytes carry parity.

A *body* (STX to CR, 17 bytes) is certain by itself: no byte inside it can be STX. Only the byte
after it is in question: the frame's check, or already the next frame. A single frame can not tell,
since a check may have any value, STX included; so bodies vote:

* a byte follows that is the right check, and no body begins on it: for 18 bytes;
* the next body follows at once: for 17 bytes;
* anything else (a wrong check, or noise): no vote.

A vote for 18 is wrong in one of 128 bodies followed by noise; a vote for 17 whenever a check was
lost. So two votes ahead settle 18 and three settle 17. When the stream ends first, the majority
does, and doubt means 18: then nothing is accepted whose check is not right.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from station.scale_driver.protocols.frames import STX

BODY_LENGTH = 17
WINDOW = 512
"""Bytes that are held while a stream is not settled."""

EVEN_PARITY = bytes(byte & 0x7F | (byte & 0x7F).bit_count() % 2 << 7 for byte in range(256))

_STATUS_A = range(0x28, 0x40)
_NUMBER = b"(?:" + b"|".join(b" {%d}[0-9]{%d}" % (n, 6 - n) for n in range(6)) + b")"
_IN_RANGE, _OUT_OF_RANGE = (
    b"[" + b"".join(b"\\x%02x" % b for b in range(0x80) if b & 0x20 and b >> 2 & 1 == bit) + b"]"
    for bit in (0, 1)
)
_STATUS = b"[" + b"".join(b"\\x%02x" % b for b in range(0x80) if b & 0x20) + b"]"

# SWA: bit 6 is 0, bit 5 is 1, an increment is given. SWB and SWC: bit 5 is 1; their bit 6 is used
# by some makes. The weight of a frame out of range may be any text.
BODY = re.compile(
    rb"\x02[\x28-\x3f](?:%b%b%b%b|%b%b[\x20-\x7e]{12})\r"
    % (_IN_RANGE, _STATUS, _NUMBER, _NUMBER, _OUT_OF_RANGE, _STATUS)
)


class Format(NamedTuple):
    """What holds for every frame of one stream."""

    has_check: bool
    even_parity: bool


_VOTES_NEEDED = {True: 2, False: 3}


def even_parity(raw: bytes, seen: bytes, at: int) -> bool | None:
    """Say whether the body at *at* was sent as 7E1 (True) or 8N1 (False); None for neither.

    STX alone has an odd number of ones: its bit 7 tells which, and all other bytes must agree.
    """
    sent, body = raw[at : at + BODY_LENGTH], seen[at : at + BODY_LENGTH]
    if sent == body:
        return False
    return True if sent == body.translate(EVEN_PARITY) else None


def check_holds(raw: bytes, seen: bytes, at: int, *, parity: bool) -> bool:
    """Say whether the body at *at* is followed by its check, sent as the body was."""
    check_at = at + BODY_LENGTH
    check = seen[check_at]
    if raw[check_at] != (EVEN_PARITY[check] if parity else check):
        return False
    return sum(seen[at : check_at + 1]) & 0x7F == 0


def may_become_body(seen: bytes, at: int) -> bool:
    """Say whether the body that may begin at *at* still lacks bytes."""
    held = len(seen) - at
    return held < BODY_LENGTH and (held == 1 or seen[at + 1] in _STATUS_A)


def settled(raw: bytes, seen: bytes, *, ended: bool) -> Format | None:
    """Return the format that the bodies of a window show, None while they do not.

    Args:
        raw: the window as it came, from its first body on.
        seen: the same without bit 7.
        ended: no more bytes will come; a format is then returned in any case.
    """
    votes: Counter[Format] = Counter()
    abstained = 0
    last_open: Format | None = None
    for body in BODY.finditer(seen):
        parity = even_parity(raw, seen, body.start())
        if parity is None:
            continue
        if not ended and _needs_more(seen, body.end()):
            break
        has_check = _vote(raw, seen, body.start(), parity=parity)
        if has_check is None:
            if _is_open(seen, body.end()):
                last_open = Format(has_check=False, even_parity=parity)
            else:
                abstained += 1
            continue
        choice = Format(has_check, parity)
        votes[choice] += 1
        if _lead(votes, choice) >= _VOTES_NEEDED[has_check]:
            return choice
    if not ended:
        return None
    if votes:
        return max(votes, key=lambda choice: (votes[choice], choice.has_check))
    if last_open and not abstained:
        return last_open
    return Format(has_check=True, even_parity=bool(even_parity(raw, seen, 0)))


def _vote(raw: bytes, seen: bytes, start: int, *, parity: bool) -> bool | None:
    end = start + BODY_LENGTH
    if BODY.match(seen, end) and even_parity(raw, seen, end) is parity:
        return False
    if end == len(seen) or (seen[end] == STX and seen[end + 1 : end + 2] not in (b"\x02", b"")):
        return None
    return True if check_holds(raw, seen, start, parity=parity) else None


def _needs_more(seen: bytes, end: int) -> bool:
    """Say whether the bytes after a body are too few to vote on."""
    return end == len(seen) or (seen[end] == STX and may_become_body(seen, end))


def _is_open(seen: bytes, end: int) -> bool:
    """Say whether the stream ended at a body's end, or within what may be the next body.

    A single STX does not count: it may as well be a check, and a wrong one.
    """
    return end == len(seen) or (
        seen[end] == STX and len(seen) > end + 1 and may_become_body(seen, end)
    )


def _lead(votes: Counter[Format], choice: Format) -> int:
    return votes[choice] - max((n for other, n in votes.items() if other != choice), default=0)
