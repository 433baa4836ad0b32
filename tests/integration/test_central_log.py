"""The log: every entry stands in it, provably, and what was signed of it cannot be taken back."""

import base64
from dataclasses import replace
from itertools import pairwise

import asyncpg
import msgspec
import pytest

from central.application.checkpointing import Checkpointer
from central.application.publishing import Publish
from central.application.serving import Serve
from central.store.shelf import SqlShelf
from station.contract.checkpoint import read_note
from station.contract.entries import AllowedProgram, KeyRotate, Kind, LegalIds, Run
from station.contract.personal import Opening
from station.contract.signature import Ed25519Signer, Ed25519Verifier, rotation_message
from station.contract.uplink import Down, batch, check_receipt, opened
from station.domain.errors import BadProof, InvalidFacts, KeyNotGood, NotFound
from station.domain.ledger import Head, check
from station.domain.merkle import EMPTY, leaf_hash, verify_consistency, verify_inclusion
from station.domain.procedure import Act
from tests.migration.central_kit import CENTRE, FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

KEY = CENTRE.signer.public_key


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation(), FakeStation("dashuncheng", key=7))
    await made.enrol()
    return made


@pytest.fixture
def linhe(hq):
    return hq.stations[0]


@pytest.fixture
def serve(hq):
    return Serve(shelf=SqlShelf(hq.database), node="centre", clock=hq.clock)


@pytest.fixture
def checkpointer(hq):
    return Checkpointer(
        archive=hq.archive, origin="zhichao.test", signer=CENTRE.signer, clock=hq.clock, every_s=60
    )


def notes(station, count, text="x"):
    for number in range(count):
        station.write(Kind.START, Run(program=text, detail=str(number)))


async def leaves(hq):
    rows = await hq.rows("SELECT body, signature, received_ms FROM entry ORDER BY position")
    return [leaf_hash(*row) for row in rows]


async def test_the_log_is_the_tree_over_the_bytes_whatever_the_batches(hq, linhe):
    notes(linhe, 600)
    notes(hq.stations[1], 300)
    for first, last in ((1, 255), (256, 256), (257, 600)):
        await hq.accept(linhe.batch(first, last))
    await hq.accept(hq.stations[1].batch())

    ((size, peaks),) = await hq.rows("SELECT size, peaks FROM log")
    expected = EMPTY.extended(await leaves(hq))
    assert (size, tuple(peaks)) == (900, expected.peaks)
    blocks = await hq.rows("SELECT level, number, root FROM log_block ORDER BY level, number")
    all_leaves = await leaves(hq)
    assert blocks == [
        (1, n, EMPTY.extended(all_leaves[n * 256 : (n + 1) * 256]).root) for n in range(3)
    ]
    positions = await hq.rows("SELECT position FROM entry ORDER BY position")
    assert positions == [(n,) for n in range(1, 901)]


async def test_a_receipt_is_signed_and_names_the_place_in_the_tree(hq, linhe):
    notes(linhe, 3)
    receipt = (await hq.accept(linhe.batch())).receipt

    check_receipt(receipt, Ed25519Verifier(KEY))
    assert (receipt.leaf_index, receipt.log_size) == (2, 3)
    assert bytes.fromhex(receipt.root) == EMPTY.extended(await leaves(hq)).root


async def test_every_entry_is_proved_to_the_checkpoint(hq, linhe, serve, checkpointer):
    notes(linhe, 300)
    await hq.accept(linhe.batch())
    assert await checkpointer.step()
    notes(linhe, 1)
    await hq.accept(linhe.batch(301))

    found = await serve.proofs("linhe", [1, 256, 257, 300, 301, 999])

    signed = read_note(found.checkpoint.encode(), [KEY])
    assert [one.seq for one in found.proofs] == [1, 256, 257, 300]  # 301 is not covered yet
    all_leaves = await leaves(hq)
    for one in found.proofs:
        proof = [base64.b64decode(part) for part in one.proof]
        leaf = all_leaves[one.leaf_index]
        verify_inclusion(leaf, one.leaf_index, signed.size, proof, signed.root)
        with pytest.raises(BadProof):
            verify_inclusion(leaf, one.leaf_index, signed.size, proof[1:], signed.root)


async def test_checkpoints_are_consistent_and_signed_only_when_the_log_has_grown(
    hq, linhe, serve, checkpointer
):
    with pytest.raises(NotFound):
        await serve.checkpoint()
    assert not await checkpointer.step()
    signed = []
    for count in (1, 299, 400):
        notes(linhe, count)
        await hq.accept(linhe.batch(len(linhe.entries) - count + 1))
        assert await checkpointer.step()
        assert not await checkpointer.step()
        signed.append(read_note((await serve.checkpoint()).encode(), [KEY]))

    for old, new in pairwise(signed):
        proof = [base64.b64decode(one) for one in await serve.consistency(old.size, new.size)]
        verify_consistency(old.size, old.root, new.size, new.root, proof)
    with pytest.raises(NotFound):
        await serve.consistency(1, 2)
    with pytest.raises(BadProof):
        await serve.consistency(700, 1)


async def test_a_key_is_rotated_in_the_middle_of_a_batch(hq, linhe):
    notes(linhe, 1)
    old, new = linhe.sealer.signer, Ed25519Signer(bytes(range(100, 132)))
    rotate(linhe, new)
    linhe.sealer = replace(linhe.sealer, signer=new)
    notes(linhe, 2)

    assert (await hq.accept(linhe.batch())).receipt.seq == 4
    keys = await hq.rows(
        "SELECT key_id, from_seq, until_seq FROM node_key WHERE node = 'linhe' ORDER BY from_seq"
    )
    assert keys == [(old.key_id, 1, 2), (new.key_id, 3, None)]
    linhe.sealer = replace(linhe.sealer, signer=old)
    notes(linhe, 1)
    with pytest.raises(KeyNotGood):
        await hq.accept(linhe.batch(5))


async def test_a_key_that_ends_in_the_batch_that_brought_it_is_good_no_more(hq, linhe):
    middle, last = (Ed25519Signer(bytes(range(at, at + 32))) for at in (100, 140))
    for new in (middle, last):
        rotate(linhe, new)
        linhe.sealer = replace(linhe.sealer, signer=new)
    await hq.accept(linhe.batch())
    linhe.sealer = replace(linhe.sealer, signer=middle)
    notes(linhe, 1)

    with pytest.raises(KeyNotGood):
        await hq.accept(linhe.batch(3))
    assert await hq.rows(
        "SELECT from_seq, until_seq FROM node_key WHERE node = 'linhe' ORDER BY from_seq"
    ) == [(1, 1), (2, 2), (3, None)]


async def test_a_rotation_without_the_new_keys_proof_changes_nothing(hq, linhe):
    new = Ed25519Signer(bytes(range(100, 132)))
    rotate(linhe, new, proof_by=linhe.sealer.signer)
    notes(linhe, 1)
    linhe.sealer = replace(linhe.sealer, signer=new)
    notes(linhe, 1)

    with pytest.raises(KeyNotGood):
        await hq.accept(linhe.batch())
    assert len(await hq.held()) == 2


def rotate(station, new, proof_by=None):
    message = rotation_message(station.node, station.sealer.signer.key_id, new.public_key)
    station.write(
        Kind.KEY_ROTATE,
        KeyRotate(
            alg="ed25519",
            key_id=new.key_id,
            public_key=new.public_key.hex(),
            proof=(proof_by or new).sign(message).hex(),
        ),
    )


async def test_the_centre_tells_every_station_in_a_ledger_of_its_own(hq, linhe, serve):
    allowed = LegalIds(
        allowed=[AllowedProgram(legal_id="sha256:other", first_on="2026-01-01", last_on=None)]
    )
    await Publish(archive=hq.archive, own=hq.own)(Kind.LEGAL_IDS, allowed)
    linhe.decided_case(1)
    linhe.write(Kind.START, Run(program="station", detail=""))
    await hq.accept(linhe.batch())

    down = msgspec.json.decode(msgspec.json.encode(await serve.down(0, "linhe")), type=Down)

    entries = opened(down.entries, "centre")
    assert [one.kind for one in entries] == ["legal_ids", "unloading_form", "decision_in_force"]
    head = Head()
    for entry in entries:
        check(entry, head, Ed25519Verifier(KEY))
        head = entry.head
    assert down.head == 3
    assert (await serve.down(2, "linhe")).entries == down.entries[2:]
    assert await hq.rows("SELECT node, code FROM alarm") == [("linhe", "legal.not_allowed")]
    with pytest.raises(InvalidFacts):
        await Publish(archive=hq.archive, own=hq.own)(Kind.START, Run(program="x", detail=""))


async def test_openings_are_kept_when_they_open_their_commitment_and_alarmed_when_not(hq, linhe):
    good = Opening(field="driver_name", salt="11" * 32, text="张三")
    forged = Opening(field="driver_phone", salt="22" * 32, text="1")
    linhe.weigh()
    linhe.open_case()
    entry = linhe.act(Act.ORDER_TO_CORRECT)
    payload = msgspec.json.decode(entry.body)["payload"]
    commitments = {"driver_name": good.commitment, "driver_phone": "00" * 32}
    entry = linhe.rewrite(payload={**payload, "personal": commitments})

    await hq.taking(batch("linhe", linhe.entries, {entry.seq: (good, forged)}), "linhe")

    assert await hq.rows("SELECT seq, field, text FROM opening") == [(3, "driver_name", "张三")]
    assert await hq.rows("SELECT seq, code FROM alarm") == [(3, "evidence.bad_opening")]


@pytest.mark.parametrize("who", ["zhichao", "postgres"])
async def test_a_month_of_the_ledger_is_guarded_like_the_whole(hq, linhe, postgres, who):
    notes(linhe, 1)
    await hq.accept(linhe.batch())
    name = await hq.database.fetchval("SELECT current_database()")
    connection = await asyncpg.connect(postgres.dsn_of(who, name))
    try:
        for statement in (
            "UPDATE entry_2026_03 SET node = 'x'",
            "DELETE FROM entry_2026_03",
            "TRUNCATE entry_2026_03",
        ):
            with pytest.raises(asyncpg.PostgresError, match=r"permission denied|append-only"):
                await connection.execute(statement)
    finally:
        await connection.close()
    forced = "SELECT relname, relforcerowsecurity FROM pg_class WHERE relname LIKE 'entry%' "
    rows = await hq.rows(forced + "AND relkind IN ('r', 'p') ORDER BY 1")
    assert rows == [("entry", True), ("entry_2026_03", True)]
