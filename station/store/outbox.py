"""How far delivery has come, and what the centre signed for it."""

from __future__ import annotations

from typing import Final

import apsw
import msgspec

from station.application.ports import Draft
from station.contract.entries import CentreContradiction, Kind
from station.contract.receipts import check_both, check_place
from station.contract.uplink import Receipt
from station.domain.errors import BadReceipt, CentreContradicts, EvidenceError
from station.domain.ledger import digest
from station.store.database import Database, Row, immediate
from station.store.indexing import indexed
from station.store.marks import DELIVERED, LOG, MEDIA_SENT, mark
from station.store.sqlfile import load
from station.store.sqlite_store import SqliteStore

_SQL: Final = load("delivery")
_LEDGER: Final = load("ledger")


class SqliteOutbox:
    """Implements :class:`~station.application.centre_ports.Outbox`."""

    def __init__(self, database: Database, ledger: SqliteStore) -> None:
        self._database = database
        self._ledger = ledger
        self._node = ledger.node

    async def delivered(self) -> int:
        """See :class:`~station.application.centre_ports.Outbox`."""
        return await self._database.run(lambda c: mark(c, DELIVERED))

    async def go_back(self, seq: int) -> None:
        """See :class:`~station.application.centre_ports.Outbox`."""

        def asked_again(connection: apsw.Connection) -> tuple[Draft, ...]:
            rows = list(connection.execute(_SQL["last_receipt"], (mark(connection, LOG),)))
            former = _text(receipt_of(self._node, rows[0])) if rows else ""
            _begin_log(connection, seq)
            return (_contradiction("asked_again", former, str(seq + 1)),)

        await self._database.run(lambda c: self._ledger.append_with(c, asked_again))

    async def note_receipt(self, receipt: Receipt) -> None:
        """See :class:`~station.application.centre_ports.Outbox`."""
        refusal = await self._database.run(lambda c: self._note(c, receipt))
        if refusal is not None:
            raise refusal

    def _note(self, connection: apsw.Connection, receipt: Receipt) -> EvidenceError | None:
        refusal = self._untrue(connection, receipt)
        if refusal is None:
            for row in list(connection.execute(*self._earlier(connection, receipt))):
                former = receipt_of(self._node, row)
                try:
                    check_both(former, receipt)
                except BadReceipt as exc:
                    return self._contradicted(connection, former, receipt, exc)
        with immediate(connection):
            _keep(connection, receipt)
            if refusal is None:
                delivered = max(mark(connection, DELIVERED), receipt.seq)
                connection.execute(_LEDGER["set_meta"], (DELIVERED, str(delivered)))
        return refusal

    def _untrue(self, connection: apsw.Connection, receipt: Receipt) -> BadReceipt | None:
        # From the bytes, never from a column beside them.
        own = [digest(body) for (body,) in connection.execute(_SQL["body_at"], (receipt.seq,))]
        try:
            check_place(receipt)
        except BadReceipt as exc:
            return exc
        if own != [receipt.digest]:
            return BadReceipt("it names another entry", node=self._node, seq=receipt.seq)
        return None

    def _earlier(
        self, connection: apsw.Connection, receipt: Receipt
    ) -> tuple[str, tuple[int, int]]:
        return _SQL["earlier_receipts"], (receipt.seq, mark(connection, LOG))

    def _contradicted(
        self, connection: apsw.Connection, former: Receipt, later: Receipt, why: BadReceipt
    ) -> CentreContradicts:
        """Write both receipts into the ledger, and go on by the later one's log."""

        def work(connection: apsw.Connection) -> tuple[Draft, ...]:
            _begin_log(connection, later.seq)
            _keep(connection, later)
            return (_contradiction("receipt", _text(former), _text(later)),)

        self._ledger.append_with(connection, work)
        return CentreContradicts(why.detail, **why.fields)

    async def covering(self, seq: int) -> Receipt | None:
        """See :class:`~station.application.centre_ports.Outbox`."""

        def work(connection: apsw.Connection) -> list[Row]:
            which = (seq, mark(connection, LOG))
            return list(connection.execute(_SQL["covering_receipt"], which))

        rows = await self._database.run(work)
        return receipt_of(self._node, rows[0]) if rows else None

    async def receipts(self, first: int, last: int) -> list[Receipt]:
        """Return the receipts for entries from *first* to *last*."""
        rows = await self._database.rows(_SQL["receipts"], first, last)
        return [receipt_of(self._node, row) for row in rows]

    async def media_sent(self) -> int:
        """See :class:`~station.application.centre_ports.Outbox`."""
        return await self._database.run(lambda c: mark(c, MEDIA_SENT))

    async def note_media_sent(self, seq: int) -> None:
        """See :class:`~station.application.centre_ports.Outbox`."""
        await self._database.rows(_LEDGER["set_meta"], MEDIA_SENT, str(seq))

    async def media_waiting(self) -> int:
        """See :class:`~station.application.centre_ports.Outbox`."""

        def work(connection: apsw.Connection) -> int:
            marks = mark(connection, MEDIA_SENT), mark(connection, DELIVERED)
            ((count,),) = connection.execute(_SQL["media_waiting"], marks)
            return int(count)

        await indexed(self._database)
        return await self._database.run(work)


def _begin_log(connection: apsw.Connection, seq: int) -> None:
    """Deliver again what comes after *seq*, to a log of which nothing is known yet."""
    for key in (DELIVERED, MEDIA_SENT):
        reached = min(mark(connection, key), seq)
        connection.execute(_LEDGER["set_meta"], (key, str(reached)))
    connection.execute(_LEDGER["set_meta"], (LOG, str(mark(connection, LOG) + 1)))


def _keep(connection: apsw.Connection, receipt: Receipt) -> None:
    connection.execute(_SQL["keep_receipt"], (*_row(receipt), mark(connection, LOG)))


def _contradiction(what: str, former: str, later: str) -> Draft:
    payload = CentreContradiction(what=what, former=former, later=later)
    return Draft(Kind.CENTRE_CONTRADICTION, payload)


def _text(receipt: Receipt) -> str:
    return msgspec.json.encode(receipt, order="sorted").decode()


def receipt_of(node: str, row: Row) -> Receipt:
    """Return the receipt that a row keeps."""
    seq, log_size, root, named, leaf_index, at, key_id, sig = row
    return Receipt(
        node=node,
        seq=seq,
        digest=named,
        leaf_index=leaf_index,
        log_size=log_size,
        root=root,
        at=at,
        key_id=key_id,
        sig=sig,
    )


def _row(receipt: Receipt) -> Row:
    return (
        receipt.seq,
        receipt.log_size,
        receipt.root,
        receipt.digest,
        receipt.leaf_index,
        receipt.at,
        receipt.key_id,
        receipt.sig,
    )
