"""Remembers which signing keys of this node have ended, in the transaction that ends them."""

from __future__ import annotations

from typing import Final

import apsw

from station.contract.entries import KeyRotate
from station.domain.errors import SigningKeyGone
from station.store.sqlfile import load

_SQL: Final = load("ledger")
_ENDED: Final = "key ended: "


def note_rotation(connection: apsw.Connection, key_id: str, rotated: KeyRotate) -> None:
    """Write that *key_id* has ended with the entry that is being written."""
    connection.execute(_SQL["set_meta"], (_ENDED + key_id, rotated.key_id))


def successor(connection: apsw.Connection, key_id: str) -> str | None:
    """Return the key that took the place of *key_id*; None while it has not ended."""
    for (found,) in connection.execute(_SQL["get_meta"], (_ENDED + key_id,)):
        return str(found)
    return None


def check_in_force(connection: apsw.Connection, key_id: str) -> None:
    """Check that *key_id* may sign the next entry.

    Raises:
        SigningKeyGone: it has ended: the key was rotated while this program ran, or its ledger
            is older than a rotation that the centre gave back.
    """
    named = successor(connection, key_id)
    if named is not None:
        raise SigningKeyGone("it was rotated meanwhile", key_id=named, path="station.key")


def last_rotation(connection: apsw.Connection) -> int:
    """Return the seq of the newest rotation, 0 for none."""
    [(seq,)] = connection.execute(_SQL["last_rotation"])
    return int(seq)


def begun(connection: apsw.Connection) -> bool:
    """Tell whether the ledger has an entry."""
    return any(True for _ in connection.execute(_SQL["head"]))
