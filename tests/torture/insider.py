"""What somebody with superuser rights can do to the centre's database, with and without keys.

The tables are read into values, changed there, and written back with every trigger off.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import asyncpg
import msgspec

from central.domain.auditing.values import StoredHead, StoredLog
from central.domain.log import grown
from central.store.auditing import SqlSnapshot
from station.contract.checkpoint import Checkpoint, read_note, signed_note
from station.contract.signature import Ed25519Signer
from station.domain.ledger import digest
from station.domain.merkle import EMPTY, leaf_hash
from tests.migration.audit_kit import LOG, free_hand
from tests.migration.central_kit import CENTRE
from tests.unit.audit_world import World

LIGHTER_KG = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an audit must name after an attack, and what the auditor still holds.

    Attributes:
        lost: nodes whose receipts the insider has destroyed too.
    """

    node: str
    seq: int
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an insider may know: the stations' keys, and how large a log was witnessed last."""

    signers: Mapping[str, Ed25519Signer]
    witnessed: int


class Tables(World):
    """The tables as values, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.keys: list[tuple[str, str, bytes]] = []
        """node, key_id, public key: what is to be changed in the table of keys."""

    @classmethod
    async def read(cls, insider: asyncpg.Connection) -> Tables:
        made = cls()
        snapshot = SqlSnapshot(insider)
        async with insider.transaction():
            made.rows = [row async for page in snapshot.pages(0) for row in page]
            made.heads = {head.node: head for head in await snapshot.heads()}
            made.log = await snapshot.log()
            made.notes = [one.note for one in await snapshot.checkpoints(0)]
        return made

    async def write(self, insider: asyncpg.Connection) -> None:
        await free_hand(insider)
        async with insider.transaction():
            await insider.execute("TRUNCATE entry, log_block, checkpoint")
            await insider.executemany(
                "INSERT INTO entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                [
                    (
                        row.node,
                        row.seq,
                        row.position,
                        row.kind,
                        row.digest,
                        row.body,
                        row.signature,
                        row.received_ms,
                        datetime.fromtimestamp(row.received_ms / 1000, UTC),
                    )
                    for row in self.rows
                ],
            )
            await insider.executemany(
                "UPDATE node SET last_seq = $2, last_digest = $3, last_position = $4"
                " WHERE node = $1",
                [
                    (head.node, head.seq, bytes.fromhex(head.digest), head.position)
                    for head in self.heads.values()
                ],
            )
            await insider.execute(
                "UPDATE log SET size = $1, peaks = $2", self.log.size, list(self.log.peaks)
            )
            await self._write_log(insider)
            await insider.executemany(
                "UPDATE node_key SET key_id = $2, public_key = $3 WHERE node = $1", self.keys
            )

    async def _write_log(self, insider: asyncpg.Connection) -> None:
        leaves = [leaf_hash(r.body, r.signature, r.received_ms) for r in self.rows]
        _, blocks = grown(EMPTY, leaves)
        await insider.executemany(
            "INSERT INTO log_block VALUES ($1, $2, $3)",
            [(block.level, block.number, block.root) for block in blocks],
        )
        checkpoints = [(read_note(n.encode(), LOG.public_keys), n) for n in self.notes]
        await insider.executemany(
            "INSERT INTO checkpoint VALUES ($1, $2, $3, $4)",
            [(c.size, c.root, datetime.fromisoformat(c.at), note) for c, note in checkpoints],
        )

    def close_up(self) -> None:
        """Count positions anew, without holes, and let the heads fit."""
        self.rows = [row._replace(position=at) for at, row in enumerate(self.rows, 1)]
        self.fit()

    def fit(self) -> None:
        """Let heads and log fit the rows, those of nodes without entries included."""
        heads = {node: StoredHead(node=node) for node in self.heads}
        for row in self.rows:
            heads[row.node] = StoredHead(
                node=row.node, seq=row.seq, digest=digest(row.body), position=row.position
            )
        self.heads = heads
        frontier = self.frontier
        self.log = StoredLog(size=frontier.size, peaks=frontier.peaks)

    def sign_checkpoints_anew(self) -> None:
        """Sign every checkpoint over what is there now: the centre's key is stolen too."""
        sizes = [read_note(note.encode(), LOG.public_keys) for note in self.notes]
        self.notes = [
            signed_note(
                Checkpoint(
                    origin=old.origin,
                    size=old.size,
                    root=self.frontier_at(old.size).root,
                    at=old.at,
                ),
                CENTRE.signer,
            ).decode()
            for old in sizes
            if old.size <= len(self.rows)
        ]


Attack = Callable[[Tables, Known, random.Random], Named]


def edit_a_weight(tables: Tables, known: Known, rng: random.Random) -> Named:
    """One weight; everything else stays."""
    target = _passage(tables, rng, upto=known.witnessed)
    tables.edit(target.seq, _lighter, node=target.node)
    return target


def edit_and_rechain(tables: Tables, known: Known, rng: random.Random) -> Named:
    """Hash and chain anew, without any key."""
    target = _passage(tables, rng, upto=known.witnessed)
    tables.edit(target.seq, _lighter, node=target.node, fix_column=True)
    tables.rechain(target.seq, node=target.node)
    tables.fit()
    return target


def edit_with_a_stolen_key(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The same, signed anew by the station's key."""
    return _rewritten(tables, known, _passage(tables, rng, upto=known.witnessed))


def edit_after_the_last_checkpoint(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The same, where no witness has looked yet."""
    return _rewritten(tables, known, _passage(tables, rng, after=known.witnessed))


def edit_with_a_stolen_key_and_no_receipts(
    tables: Tables, known: Known, rng: random.Random
) -> Named:
    """The same below a checkpoint, and nobody has kept a receipt."""
    target = edit_with_a_stolen_key(tables, known, rng)
    return replace(target, lost=frozenset(known.signers))


def edit_and_leave_the_digest(tables: Tables, known: Known, rng: random.Random) -> Named:
    """One that another follows, signed anew by the station's key; its digest column stays.

    No witness has looked, nobody has kept a receipt: only the bytes and the next entry tell.
    """
    newest = {head.node: head.seq for head in tables.heads.values()}
    target = _passage(tables, rng, after=known.witnessed, but=newest)
    sign = known.signers[target.node].sign
    tables.edit(target.seq, _lighter, node=target.node, sign=sign)
    frontier = tables.frontier
    tables.log = StoredLog(size=frontier.size, peaks=frontier.peaks)
    return replace(target, lost=frozenset(known.signers))


def delete_in_the_middle(tables: Tables, known: Known, rng: random.Random) -> Named:
    """One entry that others follow."""
    target = _passage(tables, rng, upto=known.witnessed)
    del tables.rows[tables.at(target.seq, target.node)]
    return target


def delete_the_last_five(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The newest entries of one station; the heads stay."""
    return _cut(tables, rng.choice(sorted(known.signers)))


def delete_the_last_five_and_fit(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The same; places are counted anew, heads and log fit."""
    target = _cut(tables, rng.choice(sorted(known.signers)))
    tables.close_up()
    return target


def insert_an_entry(tables: Tables, known: Known, rng: random.Random) -> Named:
    """A second one at a place that is taken, signed by the station's key."""
    target = _passage(tables, rng, upto=known.witnessed)
    at = tables.at(target.seq, target.node)
    tables.rows.insert(at + 1, tables.rows[at])
    tables.edit(target.seq, _lighter, sign=known.signers[target.node].sign, node=target.node)
    tables.close_up()
    return target


def back_date_a_new_one(tables: Tables, known: Known, rng: random.Random) -> Named:
    """A new entry with a time of two days ago, signed, in its place, taken in by the centre."""
    node = rng.choice(sorted(known.signers))
    newest = next(row for row in reversed(tables.rows) if row.node == node)
    tables.rows.append(
        newest._replace(
            position=len(tables.rows) + 1, seq=newest.seq + 1, received_ms=newest.received_ms + 1000
        )
    )
    days_ago = _wall(newest) - timedelta(days=2)
    tables.edit(
        newest.seq + 1,
        lambda tree: {
            **tree,
            "seq": newest.seq + 1,
            "prev": digest(newest.body),
            "wall_utc": f"{days_ago:%Y-%m-%dT%H:%M:%S}.000Z",
            "anchor": None,
        },
        node=node,
        sign=known.signers[node].sign,
        fix_column=True,
    )
    tables.fit()
    return Named(node=node, seq=newest.seq + 1)


def put_a_rolled_back_station_in(tables: Tables, known: Known, rng: random.Random) -> Named:
    """From a place on a station's entries are others, as it would write them a second time."""
    target = _passage(tables, rng, upto=known.witnessed)
    sign = known.signers[target.node].sign
    for row in [r for r in tables.rows if r.node == target.node and r.seq >= target.seq]:
        tables.edit(row.seq, _again, node=row.node, sign=sign, fix_column=True)
    tables.rechain(target.seq, sign, target.node)
    tables.fit()
    return target


def change_a_time_of_receipt(tables: Tables, known: Known, rng: random.Random) -> Named:
    """One entry came earlier than it did."""
    target = _passage(tables, rng, upto=known.witnessed)
    at = tables.at(target.seq, target.node)
    earlier = tables.rows[at].received_ms - rng.randint(1, 10**6)
    tables.rows[at] = tables.rows[at]._replace(received_ms=earlier)
    tables.fit()
    return target


def move_to_another_station(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The column says another station than the bytes."""
    target = _passage(tables, rng)
    at = tables.at(target.seq, target.node)
    other = rng.choice(sorted(set(known.signers) - {target.node}))
    tables.rows[at] = tables.rows[at]._replace(node=other, seq=900_000)
    return target


def put_an_own_key_in(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The insider's key stands in the table, and has signed what he changed."""
    target = _passage(tables, rng, upto=known.witnessed)
    stranger = Ed25519Signer(rng.randbytes(32))
    own = known.signers[target.node]
    tables.keys = [(target.node, own.key_id, stranger.public_key)]
    signers = {**known.signers, target.node: stranger}
    return _rewritten(tables, replace(known, signers=signers), target)


def steal_the_centres_key_too(tables: Tables, known: Known, rng: random.Random) -> Named:
    """Everything that the centre has signed is signed anew; receipts and witness remember."""
    target = _rewritten(tables, known, _passage(tables, rng, upto=known.witnessed))
    tables.sign_checkpoints_anew()
    return target


def steal_both_keys_and_the_receipts(tables: Tables, known: Known, rng: random.Random) -> Named:
    """The same, and the station's receipts are gone: only the witness remembers."""
    target = steal_the_centres_key_too(tables, known, rng)
    return replace(target, lost=frozenset(known.signers))


def forget_a_checkpoint(tables: Tables, _known: Known, rng: random.Random) -> Named:
    """A checkpoint goes; an entry that names it stays."""
    anchored = [
        (row, msgspec.json.decode(row.body)["anchor"])
        for row in tables.rows
        if row.node != CENTRE.node
    ]
    sizes = sorted({anchor["log_size"] for _, anchor in anchored if anchor})
    size = rng.choice(sizes)
    tables.notes = [n for n in tables.notes if read_note(n.encode(), LOG.public_keys).size != size]
    row = next(row for row, anchor in anchored if anchor and anchor["log_size"] == size)
    return Named(node=row.node, seq=row.seq)


ATTACKS: Sequence[Attack] = (
    edit_a_weight,
    edit_and_rechain,
    edit_with_a_stolen_key,
    edit_with_a_stolen_key_and_no_receipts,
    edit_after_the_last_checkpoint,
    edit_and_leave_the_digest,
    delete_in_the_middle,
    delete_the_last_five,
    delete_the_last_five_and_fit,
    insert_an_entry,
    back_date_a_new_one,
    put_a_rolled_back_station_in,
    change_a_time_of_receipt,
    move_to_another_station,
    put_an_own_key_in,
    steal_the_centres_key_too,
    steal_both_keys_and_the_receipts,
    forget_a_checkpoint,
)


def _passage(
    tables: Tables,
    rng: random.Random,
    *,
    after: int = 0,
    upto: int | None = None,
    but: Mapping[str, int] = MappingProxyType({}),
) -> Named:
    """Choose a passage among the leaves after one size and up to another, *but* some."""
    rows = [row for row in tables.rows[after:upto] if but.get(row.node) != row.seq]
    row = rng.choice([row for row in rows if row.kind == "passage"])
    return Named(node=row.node, seq=row.seq)


def _rewritten(tables: Tables, known: Known, target: Named) -> Named:
    sign = known.signers[target.node].sign
    tables.edit(target.seq, _lighter, node=target.node, sign=sign, fix_column=True)
    tables.rechain(target.seq, sign, target.node)
    tables.fit()
    return target


def _cut(tables: Tables, node: str) -> Named:
    last = tables.heads[node].seq
    tables.rows = [row for row in tables.rows if row.node != node or row.seq <= last - 5]
    return Named(node=node, seq=last - 4)


def _lighter(tree: dict) -> dict:
    weighing = {**tree["payload"]["weighing"], "gross_kg": LIGHTER_KG}
    return {**tree, "payload": {**tree["payload"], "weighing": weighing}}


def _again(tree: dict) -> dict:
    return {**tree, "boot_id": "again"}


def _wall(row: object) -> datetime:
    return datetime.fromisoformat(msgspec.json.decode(row.body)["wall_utc"])
