"""A centre's tables as plain values, honest at first, and what an insider can do to them."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from central.domain.auditing.claims import claims_of
from central.domain.auditing.signing import check_signatures
from central.domain.auditing.times import moment_ms
from central.domain.auditing.values import Claim, Layer, StoredEntry, StoredHead, StoredLog
from central.domain.auditing.walking import Audit, Start
from station.contract.keyring import KeyRing, NodeKey
from station.contract.uplink import Receipt
from station.domain.ledger import TAG, canonical, digest, parse
from station.domain.merkle import EMPTY, Frontier, leaf_hash

TRAVEL_MS = 700


class World:
    """Rows of ``entry``, ``node`` and ``log``; checkpoints and receipts in other hands."""

    def __init__(self, *stations):
        self.rows = []
        self.heads = {}
        self.log = StoredLog()
        self.checkpoints = []
        self.witnessed = []
        self.receipts = []
        self.rings = {one.node: KeyRing((key_of(one),)) for one in stations}

    # What the centre does.

    def accept(self, entry, received_ms=None):
        if received_ms is None:
            wall_ms = moment_ms(msgspec.json.decode(entry.body)["wall_utc"])
            received_ms = wall_ms + TRAVEL_MS
        self.rows.append(
            StoredEntry(
                position=len(self.rows) + 1,
                node=entry.node,
                seq=entry.seq,
                kind=entry.kind,
                digest=bytes.fromhex(entry.digest),
                body=entry.body,
                signature=entry.signature,
                received_ms=received_ms,
            )
        )
        row = self.rows[-1]
        frontier = Frontier(self.log.size, self.log.peaks).extended(
            [leaf_hash(row.body, row.signature, received_ms)]
        )
        self._stand(row, frontier)
        self.receipts.append(
            Receipt(
                node=entry.node,
                seq=entry.seq,
                digest=entry.digest,
                leaf_index=frontier.size - 1,
                log_size=frontier.size,
                root=frontier.root.hex(),
                at="",
                key_id="",
                sig="",
            )
        )

    def sign_checkpoint(self, *, witnessed=False):
        claim = Claim(layer=Layer.TREE, by="log", size=self.frontier.size, root=self.frontier.root)
        self.checkpoints.append(claim)
        if witnessed:
            self.witnessed.append(replace(claim, layer=Layer.WITNESS, by="discipline"))

    @property
    def frontier(self):
        return self.frontier_at(len(self.rows))

    def frontier_at(self, size):
        return EMPTY.extended(
            leaf_hash(row.body, row.signature, row.received_ms) for row in self.rows[:size]
        )

    def settle(self):
        """Make heads and log fit the rows; an insider can do that as well as the centre."""
        self.heads.clear()
        frontier = self.frontier
        for row in self.rows:
            self._stand(row, frontier)

    def _stand(self, row, frontier):
        self.heads[row.node] = StoredHead(
            node=row.node, seq=row.seq, digest=digest(row.body), position=row.position
        )
        self.log = StoredLog(size=frontier.size, peaks=frontier.peaks)

    # What an insider does.

    def edit(self, seq, change, *, sign=None, fix_column=False, node="linhe"):
        """Change one body; its place, and by default its digest column, stay as they are."""
        at = self.at(seq, node)
        row = self.rows[at]
        body = canonical(change(msgspec.json.decode(row.body)))
        column = bytes.fromhex(digest(body)) if fix_column else row.digest
        signature = sign(TAG + body) if sign else row.signature
        self.rows[at] = row._replace(body=body, digest=column, signature=signature)

    def rechain(self, seq, sign=None, node="linhe"):
        """Make all entries of the node after *seq* follow what is there now."""
        prev = digest(self.rows[self.at(seq, node)].body)
        for later in [row.seq for row in self.rows if row.node == node and row.seq > seq]:
            self.edit(
                later,
                lambda tree, prev=prev: {**tree, "prev": prev},
                sign=sign,
                fix_column=True,
                node=node,
            )
            prev = digest(self.rows[self.at(later, node)].body)
        self.settle()

    def at(self, seq, node="linhe"):
        return next(at for at, row in enumerate(self.rows) if row.node == node and row.seq == seq)

    # What an auditor sees.

    def audit(self, layers=frozenset(Layer), page=33, **options):
        audit = Audit(Start(), self.receipts, layers=layers, **options)
        audit.expect(self.checkpoints)
        audit.expect(self.witnessed)
        audit.expect(claims_of(self.receipts))
        found = []
        for first in range(0, len(self.rows), page):
            found += audit.feed(self.rows[first : first + page])
        found += audit.standing(self.heads.values(), self.log)
        if Layer.SIGNATURE in layers:
            found += check_signatures(self.rows, 0, self.rings)
        return found

    def entry(self, seq, node="linhe"):
        row = self.rows[self.at(seq, node)]
        return parse(row.body, row.signature)


def key_of(station):
    return NodeKey(key_id=station.sealer.signer.key_id, public_key=station.public_key, from_seq=1)
