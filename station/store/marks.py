"""Numbers beside the ledgers: how far delivery, and what follows the ledger, have come (水位)."""

from __future__ import annotations

from typing import Final

import apsw

from station.store.sqlfile import load

_LEDGER: Final = load("ledger")
DELIVERED: Final = "delivered"
MEDIA_SENT: Final = "media_sent"
INDEXED: Final = "recordings_indexed"
LOG: Final = "log"
"""How many times the centre has contradicted itself: receipts of two logs are not compared."""


def mark(connection: apsw.Connection, key: str) -> int:
    """Return a watermark; 0 before it was ever set."""
    for (value,) in connection.execute(_LEDGER["get_meta"], (key,)):
        return int(value)
    return 0
