"""What a record says of a person (个人信息): a commitment in the entry, the clear text beside it.

The clear text can be erased without touching the entry; as long as it is there, anybody can check
that it is what was recorded.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Final

import msgspec

from station.domain.errors import BadOpening

TAG: Final = b"zhichao-personal-v1\0"
SALT_BYTES: Final = 32


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The clear text of one field, and the salt (hex) that binds it to its commitment."""

    field: str
    salt: str
    text: str

    @property
    def commitment(self) -> str:
        """Return the commitment (hex) that an entry must hold for this field."""
        field, text = (unicodedata.normalize("NFC", one) for one in (self.field, self.text))
        message = TAG + bytes.fromhex(self.salt) + field.encode() + b"\0" + text.encode()
        return hashlib.sha256(message).hexdigest()


def check_opening(opening: Opening, commitments: Mapping[str, str]) -> None:
    """Check that *opening* is of one of the *commitments* of its entry, by field.

    Raises:
        BadOpening: no such field, a salt of another length, or another text.
    """
    try:
        salted = len(bytes.fromhex(opening.salt)) == SALT_BYTES
    except ValueError:
        salted = False
    if not salted or commitments.get(opening.field) != opening.commitment:
        raise BadOpening(opening.field, field=opening.field)
