"""Wrong programs: ``python -m tests.torture.mutant NAME MODULE …`` patches, then runs MODULE."""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import apsw
from fastapi import Request

from central.api import bodies
from central.application import accept, appending, comparing, publishing
from central.application.ledger_ports import Placed
from central.application.refusing import Refuser
from central.domain import chain
from central.domain.auditing import values
from central.store import books, embedded, ledgers, recordings
from station.application import devices, findings, runtime, timekeeping
from station.application.ports import Draft
from station.application.rejoining import Rejoining
from station.contract.keyring import KeyRing
from station.contract.sealing import local_day
from station.domain.errors import Fork, StorageError, StoreFailed, StoreFull
from station.domain.ledger import Entry, parse
from station.store import (
    branches,
    centre_ledger,
    checking,
    database,
    high_water,
    ledger_rows,
    media,
    outbox,
    sealed,
    sqlite_store,
)


def command(mutant: str | None, *program: str) -> tuple[str, ...]:
    """Return what follows ``python -m``: the right program, or a mutant of it."""
    return program if mutant is None else ("tests.torture.mutant", mutant, *program)


def synchronous_normal() -> None:
    """A commit returns before its journal is synced; a checkpoint does sync."""
    _with_pragma("synchronous", "normal")


def synchronous_off() -> None:
    """Nothing is synced by the database."""
    _with_pragma("synchronous", "off")


def picture_not_synced() -> None:
    """A picture is only written, its content not synced, when an entry names it."""
    media.os = SimpleNamespace(**{**vars(os), "fsync": lambda _: None})  # type: ignore[attr-defined]


def picture_name_not_synced() -> None:
    """The content of a picture is synced; that it has a name is not."""
    media.flush_folder = media.make_folder = lambda folder: folder.mkdir(
        parents=True, exist_ok=True
    )


def acknowledged_before_commit() -> None:
    """Entries are told as soon as they are sealed; the commit comes with the next ones.

    The store would notice that the ledger became shorter; this program does not look.
    """
    close, right = database.Database.close, sqlite_store.immediate

    @contextmanager
    def later(connection: apsw.Connection) -> Iterator[None]:
        if connection.in_transaction:
            connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        yield

    @contextmanager
    def after(connection: apsw.Connection) -> Iterator[None]:
        if connection.in_transaction:
            connection.execute("COMMIT")
        with right(connection):
            yield

    def closed(self: database.Database) -> None:
        self.run_now(lambda c: c.execute("COMMIT") if c.in_transaction else None)
        close(self)

    sqlite_store.immediate = later
    branches.immediate = centre_ledger.immediate = outbox.immediate = after
    high_water.HighWater.require = lambda *_: None  # type: ignore[method-assign]
    database.Database.close = closed  # type: ignore[method-assign]


def views_in_their_own_transaction() -> None:
    """The entry is committed first, what follows from it afterwards."""
    append, project = sqlite_store.SqliteStore.append_with, ledger_rows.project
    ledger_rows.project = lambda *_: None

    def in_two(
        self: sqlite_store.SqliteStore,
        connection: apsw.Connection,
        work: Callable[[apsw.Connection], Sequence[Draft]],
    ) -> tuple[Entry, ...]:
        entries = append(self, connection, work)
        with sqlite_store.immediate(connection):
            for entry in entries:
                project(connection, entry)
        return entries

    sqlite_store.SqliteStore.append_with = in_two  # type: ignore[method-assign]


def page_checksums_not_checked() -> None:
    """Pages are read as they are, by the station and by its check."""
    _with_pragma("checksum_verification", "off")
    connect = checking.connect

    def unchecked(*arguments: object) -> apsw.Connection:
        connection = connect(*arguments)  # type: ignore[arg-type]
        connection.pragma("page_count")
        connection.pragma("checksum_verification", "off")
        return connection

    checking.connect = unchecked
    checking._structure = lambda _: iter(())


def view_digest_not_checked() -> None:
    """A view is taken as it stands in its row."""

    def decode(self: sealed.Sealed[object], blob: bytes) -> object:
        return self._decoder.decode(blob[sealed.DIGEST_BYTES :])

    sealed.Sealed.decode = decode  # type: ignore[method-assign,assignment]


def entry_not_verified() -> None:
    """An entry is taken as it stands in its row."""

    def taken(row: database.Row) -> Entry:
        _, _, body, signature = row
        return parse(body, signature)

    sqlite_store.entry_of = taken
    sqlite_store.SqliteStore._own = lambda _, entry: entry  # type: ignore[method-assign]


def picture_digest_not_checked() -> None:
    """A picture is shown as it lies on the disk."""
    media.FileMedia.read = lambda self, sha256: self._path(sha256).read_bytes()  # type: ignore[method-assign]


def shorter_ledger_not_noticed() -> None:
    """Nobody remembers where the ledger ended."""
    high_water.HighWater.require = lambda *_: None  # type: ignore[method-assign]


def check_finds_nothing() -> None:
    """The check goes through nothing, and the next entry is written to whatever is there."""
    checking.Check.__iter__ = lambda _: iter(())  # type: ignore[method-assign]
    shorter_ledger_not_noticed()


def repeated_is_taken_again() -> None:
    """The centre takes in again what it holds already."""
    step = chain._Way.step

    def again(self: chain._Way, entry: Entry, *, signed: bool) -> None:
        if entry.seq <= self.head.seq:
            self.accepted.append(entry)
            return
        step(self, entry, signed=signed)

    chain._Way.step = again  # type: ignore[method-assign]


def watermark_without_entries() -> None:
    """Now and then the centre moves a node's watermark and does not write its last entry."""
    append = ledgers.SqlDesk.append

    async def short(self: ledgers.SqlDesk, placed: Sequence[Placed], at: datetime) -> None:
        if len(placed) == 1 or placed[-1].position % 5:
            await append(self, placed, at)
            return
        await append(self, placed[:-1], at)
        last, entry = placed[-1], placed[-1].entry
        head = ([entry.node], [entry.seq], [bytes.fromhex(entry.digest)], [last.position], at)
        await self._connection.execute(ledgers._SQL["advance"], *head)

    ledgers.SqlDesk.append = short  # type: ignore[method-assign]


def one_body_at_a_time() -> None:
    """The centre reads a body only when the one before has arrived whole."""
    received = bodies._received

    async def in_turn(request: Request, kind: str | None) -> bytes:
        async with turn:
            return await received(request, kind)

    turn = asyncio.Lock()
    bodies._received = in_turn


def goes_on_after_a_failure() -> None:
    """Whatever fails on the disk is taken for a full one, and tried again."""
    wrapped = database.wrapped

    def full(exc: apsw.Error | OSError | UnicodeDecodeError) -> StorageError:
        error = wrapped(exc)
        return StoreFull(error.detail) if isinstance(error, StoreFailed) else error

    database.wrapped = full


def store_faults_not_shown() -> None:
    """Nobody is told how the store is."""
    report = devices.Board.report

    def but_the_store(self: devices.Board, device: str, code: str, detail: str = "") -> None:
        if device != devices.STORE:
            report(self, device, code, detail)

    devices.Board.report = but_the_store  # type: ignore[method-assign]


def stalled_not_noticed() -> None:
    """A write may take for ever."""
    runtime.STALLED_NS = 10**18  # type: ignore[misc]


def place_not_compared() -> None:
    """ON CONFLICT DO NOTHING: what stands at a place is taken for what was sent."""
    step = chain._Way.step

    def unlike(self: chain._Way, entry: Entry, *, signed: bool) -> None:
        if 1 <= entry.seq <= self.head.seq:
            self.duplicates += 1
        else:
            step(self, entry, signed=signed)

    chain._Way.step = unlike  # type: ignore[method-assign]


def fork_taken_in() -> None:
    """The other branch of a fork goes on where the first one ended."""
    walk = appending.walk

    def taken(*arguments: object) -> chain.Walk:
        found = walk(*arguments)  # type: ignore[arg-type]
        if not isinstance(found.refusal, Fork):
            return found
        both = (*found.accepted, *found.refused)
        head = found.refused[-1].head
        return replace(found, accepted=both, head=head, refusal=None, refused=())

    appending.walk = taken


def fork_not_quarantined() -> None:
    """A fork is refused and kept, and its node goes on."""
    refuse = Refuser.refuse

    async def goes_on(self: Refuser, *arguments: object) -> bool:
        await refuse(self, *arguments)  # type: ignore[arg-type]
        return False

    async def nothing(*_: object) -> None:
        pass

    Refuser.refuse = goes_on  # type: ignore[method-assign,assignment]
    ledgers.SqlDesk.quarantine = nothing  # type: ignore[method-assign,assignment]


def other_branch_not_kept() -> None:
    """What is refused is thrown away."""

    async def nothing(*_: object) -> bool:
        return False

    ledgers.SqlDesk.keep = nothing  # type: ignore[method-assign,assignment]


def any_key_is_good() -> None:
    """Nobody asks whose key signed an entry."""
    KeyRing.good = lambda self, _entry: self.keys[0]  # type: ignore[method-assign]
    KeyRing.verify_entry = lambda *_: None  # type: ignore[method-assign]


def any_peer_is_good() -> None:
    """Nobody asks whose line a batch comes over."""
    accept.check_node = lambda *_: None


def old_disk_goes_on() -> None:
    """A station that starts does not ask what the centre holds of it."""

    async def nothing(_: Rejoining) -> int:
        return 0

    Rejoining.catch_up = nothing  # type: ignore[method-assign]


def clock_set_in_silence() -> None:
    """A station writes on when its clock was set, as if nothing were."""
    timekeeping.TimeKeeper.pending = lambda _: ()  # type: ignore[method-assign]


def start_forgets_the_clock() -> None:
    """At the start nobody looks whether the clock was set back."""
    timekeeping.TimeKeeper.continue_from = lambda *_: None  # type: ignore[method-assign]


def clock_always_verified() -> None:
    """Once the centre was heard the clock counts as right."""
    code = timekeeping.TimeKeeper._code

    def always(self: timekeeping.TimeKeeper, now: datetime, ns: int) -> str:
        return code(self, now, ns) if self._centre is None else devices.OK

    timekeeping.TimeKeeper._code = always  # type: ignore[method-assign]


def law_of_the_day_of_the_finding() -> None:
    """A weighing is judged by the law of the day on which somebody judges it."""
    finding = findings.Judge.finding

    def today(self: findings.Judge, *known: object, **more: object) -> findings.Finding:
        more["occurred_on"] = date.fromisoformat(local_day(datetime.now(UTC)))
        return finding(self, *known, **more)  # type: ignore[arg-type]

    findings.Judge.finding = today  # type: ignore[method-assign]


def database_checksums_ignored() -> None:
    """PostgreSQL reads pages as they are."""
    embedded._OPTIONS["ignore_checksum_failure"] = "on"


def views_not_compared() -> None:
    """An audit looks at the entries alone."""

    async def nothing(*_: object) -> list[object]:
        return []

    comparing.compared = nothing


def recording_digest_not_checked() -> None:
    """The centre gives a picture as it lies on the disk."""
    recordings.FileRecordings._fetch = (  # type: ignore[method-assign]
        lambda self, sha256: self._path(sha256).read_bytes()
    )


def audit_finds_nothing() -> None:
    """An audit goes through everything and says nothing."""
    values.Findings.all = lambda _: []  # type: ignore[method-assign]
    views_not_compared()


def every_decision_stands() -> None:
    """Nobody looks whether the transport was fined before."""

    async def none(*_: object) -> None:
        return None

    books.SqlBooks.standing = none  # type: ignore[method-assign,assignment]


def transport_not_compared() -> None:
    """Only the number that a station gives the act is compared."""
    books._SQL["standing"] = books._SQL["standing"].replace(
        "d.plate = $4", "d.plate = $4 AND false"
    )


def decision_answered_twice() -> None:
    """What stations must hear is written into the centre's ledger twice."""
    write = publishing.OwnLedger.write

    async def twice(self: publishing.OwnLedger, desk: object, said: Sequence[object]) -> None:
        await write(self, desk, [*said, *said])  # type: ignore[arg-type,list-item]

    publishing.OwnLedger.write = twice  # type: ignore[method-assign,assignment]


def _with_pragma(name: str, value: str) -> None:
    opened = database.Database._open

    def opened_so(self: database.Database) -> apsw.Connection:
        connection = opened(self)
        connection.pragma(name, value)
        return connection

    database.Database._open = opened_so  # type: ignore[method-assign]


PROGRAMS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        synchronous_normal,
        synchronous_off,
        picture_not_synced,
        picture_name_not_synced,
        acknowledged_before_commit,
        views_in_their_own_transaction,
        page_checksums_not_checked,
        view_digest_not_checked,
        entry_not_verified,
        picture_digest_not_checked,
        shorter_ledger_not_noticed,
        check_finds_nothing,
        repeated_is_taken_again,
        watermark_without_entries,
        one_body_at_a_time,
        goes_on_after_a_failure,
        store_faults_not_shown,
        stalled_not_noticed,
        place_not_compared,
        fork_taken_in,
        fork_not_quarantined,
        other_branch_not_kept,
        any_key_is_good,
        any_peer_is_good,
        old_disk_goes_on,
        clock_set_in_silence,
        start_forgets_the_clock,
        clock_always_verified,
        law_of_the_day_of_the_finding,
        database_checksums_ignored,
        views_not_compared,
        recording_digest_not_checked,
        audit_finds_nothing,
        every_decision_stands,
        transport_not_compared,
        decision_answered_twice,
    )
}


if __name__ == "__main__":
    _, name, module, *arguments = sys.argv
    PROGRAMS[name]()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
