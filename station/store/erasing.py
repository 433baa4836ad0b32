"""Erases clear texts of personal fields, and writes down that it did (个人信息销毁)."""

from __future__ import annotations

from typing import Final

import apsw

from station.application.ports import Draft
from station.contract.entries import Kind, PersonalErased
from station.store.marks import DELIVERED, mark
from station.store.sqlfile import load
from station.store.sqlite_store import SqliteStore

_SQL: Final = load("ledger")


def erase_openings(
    connection: apsw.Connection, ledger: SqliteStore, before: str, reason: str
) -> int:
    """Erase the clear texts of acts before a local day, on closed cases; return how many.

    Only what was delivered goes; of a branch that was set aside all goes. The entry that says so is
    of the same transaction; where nothing is left to erase, there is none. Nothing of the texts
    stays in the file or its journal.
    """
    count = 0

    def erased(connection: apsw.Connection) -> tuple[Draft, ...]:
        nonlocal count
        which = (before, mark(connection, DELIVERED))
        acts = list(connection.execute(_SQL["erasable_openings"], which))
        aside = list(connection.execute(_SQL["openings_aside"]))
        if not acts and not aside:
            return ()
        connection.execute(_SQL["erase_openings"], which)
        connection.execute(_SQL["erase_openings_aside"])
        count = sum(fields for _, fields in (*acts, *aside))
        payload = PersonalErased(
            before=before,
            reason=reason,
            fields=count,
            seqs=[seq for seq, _ in acts],
            set_aside=[digest for digest, _ in aside],
        )
        return (Draft(Kind.PERSONAL_ERASED, payload),)

    connection.pragma("secure_delete", True)
    ledger.append_with(connection, erased)
    # After a power cut between the two, the next call comes here though nothing is left to erase.
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return count
