"""How far delivery has come, and what the centre signed for it."""

from __future__ import annotations

from typing import Final

import apsw

from station.contract.receipts import check_both, check_place
from station.contract.uplink import Receipt
from station.domain.errors import BadReceipt
from station.domain.ledger import digest
from station.store.database import Database, Row, immediate
from station.store.sqlfile import load

_SQL: Final = load("delivery")
_LEDGER: Final = load("ledger")
DELIVERED: Final = "delivered"
MEDIA_SENT: Final = "media_sent"


class SqliteOutbox:
    """Implements :class:`~station.application.centre_ports.Outbox`."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    async def delivered(self) -> int:
        """See :class:`~station.application.centre_ports.Outbox`."""
        return await self._database.run(lambda c: mark(c, DELIVERED))

    async def go_back(self, seq: int) -> None:
        """See :class:`~station.application.centre_ports.Outbox`."""

        def work(connection: apsw.Connection) -> None:
            with immediate(connection):
                for key in (DELIVERED, MEDIA_SENT):
                    reached = min(mark(connection, key), seq)
                    connection.execute(_LEDGER["set_meta"], (key, str(reached)))

        await self._database.run(work)

    async def note_receipt(self, receipt: Receipt) -> None:
        """See :class:`~station.application.centre_ports.Outbox`."""
        refusal = await self._database.run(lambda c: self._note(c, receipt))
        if refusal is not None:
            raise refusal

    def _note(self, connection: apsw.Connection, receipt: Receipt) -> BadReceipt | None:
        with immediate(connection):
            refusal = self._contradiction(connection, receipt)
            connection.execute(_SQL["keep_receipt"], _row(receipt))
            if refusal is None:
                delivered = max(mark(connection, DELIVERED), receipt.seq)
                connection.execute(_LEDGER["set_meta"], (DELIVERED, str(delivered)))
        return refusal

    def _contradiction(self, connection: apsw.Connection, receipt: Receipt) -> BadReceipt | None:
        # From the bytes, never from a column beside them.
        own = [digest(body) for (body,) in connection.execute(_SQL["body_at"], (receipt.seq,))]
        earlier = list(connection.execute(_SQL["earlier_receipts"], (receipt.seq,)))
        try:
            check_place(receipt)
            if own != [receipt.digest]:
                raise BadReceipt("it names another entry", node=self._node, seq=receipt.seq)
            for row in earlier:
                check_both(receipt_of(self._node, row), receipt)
        except BadReceipt as exc:
            return exc
        return None

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

        return await self._database.run(work)


def mark(connection: apsw.Connection, key: str) -> int:
    """Return a watermark; 0 before it was ever set."""
    for (value,) in connection.execute(_LEDGER["get_meta"], (key,)):
        return int(value)
    return 0


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
