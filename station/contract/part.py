"""What payloads are made of."""

from __future__ import annotations

import msgspec

Record = dict[str, object]
"""A part that another module defines (the finding, the facts): kept whole, read there."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every payload and of its parts."""
