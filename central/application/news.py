"""What watchers are told, and the text of the frames that tell it.

The projector numbers its turns; a row keeps the turn that wrote it last. Who has heard everything
up to a turn holds that number as his token (续传标记), whichever process told him.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from central.domain.access import Scope


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news, as JSON. ``node``: whose it is, "" when nobody's."""

    node: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who watches: a session (its token's digest) and what it may see."""

    session: bytes
    scope: Scope


def tick_text(token: int, bodies: Sequence[bytes]) -> bytes:
    """Return the text of one tick. *bodies*: JSON of each piece of news."""
    return b'{"type":"tick","token":"%d","news":[%b]}' % (token, b",".join(bodies))


def reload_text(token: int) -> bytes:
    """Return the text that makes a page load everything anew."""
    return b'{"type":"reload","token":"%d"}' % token
