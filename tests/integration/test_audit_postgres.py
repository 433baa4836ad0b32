"""The audit of a real database, as the centre has written it and as a superuser has changed it."""

import asyncpg
import pytest

from central.domain.auditing.values import Layer
from central.store.auditing import SqlAuditArchive
from station.contract.entries import KeyRevoked, Kind
from tests.migration.audit_kit import Audited, free_hand
from tests.migration.central_kit import FakeStation

pytest_plugins = ["tests.migration.central_database"]


@pytest.fixture
async def audited(database):
    made = Audited(database)
    await made.enrol()
    for _ in range(3):
        await made.deliver(10)
        await made.sign_checkpoint()
    await made.deliver(3)
    return made


@pytest.fixture
async def insider(postgres, audited):
    """A superuser, for whom no trigger runs."""
    (name,) = (await audited.centre.rows("SELECT current_database()"))[0]
    connection = await asyncpg.connect(postgres.dsn_of("postgres", name))
    await free_hand(connection)
    yield connection
    await connection.close()


async def test_an_honest_centre_gives_no_discrepancy(audited):
    report = await audited.audit()

    assert report.findings == ()
    (own,) = (await audited.centre.rows("SELECT last_seq FROM node WHERE node = 'centre'"))[0]
    assert report.entries == 66 + own
    assert (report.nodes, report.checkpoints, report.witnessed, report.receipts) == (3, 3, 3, 8)


async def test_what_is_accepted_while_an_audit_runs_is_no_discrepancy(audited):
    archive = SqlAuditArchive(audited.centre.database)
    async with archive.snapshot() as snapshot:
        before = [one async for page in snapshot.pages(0) for one in page]
        await audited.deliver(2)
        heads, log = await snapshot.heads(), await snapshot.log()
        after = [one async for page in snapshot.pages(0) for one in page]

    assert before == after
    assert log.size == len(after) == sum(head.seq for head in heads)


async def test_a_superusers_edit_is_named_by_node_and_place(audited, insider):
    changed = await insider.execute(
        "UPDATE entry SET body = convert_to(replace(convert_from(body, 'UTF8'),"
        " '61000', '48000'), 'UTF8') WHERE node = 'linhe' AND seq = 15"
    )
    assert changed == "UPDATE 1"

    report = await audited.audit()

    first, _ = report.findings[0]
    assert (first.node, first.seq, first.layer) == ("linhe", 15, Layer.CHAIN)
    assert {one.layer for one, _ in report.findings} == {
        Layer.CHAIN,
        Layer.SIGNATURE,
        Layer.TREE,
        Layer.WITNESS,
        Layer.RECEIPTS,
    }


async def test_a_checkpoint_that_was_changed_in_the_table_is_said(audited, insider):
    await insider.execute("UPDATE checkpoint SET root = $1 WHERE log_size > 60", b"\1" * 32)
    await insider.execute(
        "UPDATE checkpoint SET note = replace(note, 'zhichao', 'another') WHERE log_size < 30"
    )

    report = await audited.audit()

    assert [(one.layer, one.code, count) for one, count in report.findings] == [
        (Layer.TREE, "checkpoint", 2)
    ]


async def test_a_key_that_was_put_into_the_table_is_said_and_is_believed_by_nobody(
    audited, insider
):
    stranger = FakeStation("linhe", key=9)
    await insider.execute(
        "UPDATE node_key SET public_key = $1, key_id = $2 WHERE node = 'linhe'",
        stranger.public_key,
        stranger.sealer.signer.key_id,
    )

    report = await audited.audit()

    assert [(one.layer, one.node, one.code, count) for one, count in report.findings] == [
        (Layer.SIGNATURE, "linhe", "register", 2)
    ]


async def test_a_key_that_was_revoked_by_an_entry_is_good_no_more_though_the_table_says_so(audited):
    linhe = audited.stations[0]
    revoked = KeyRevoked(
        node="linhe",
        key_id=linhe.sealer.signer.key_id,
        from_seq=33,
        reason="stolen",
        officers=["R1", "R2"],
    )
    async with audited.centre.archive.desk() as desk:
        await audited.centre.own.write(desk, [(Kind.KEY_REVOKED, revoked)])

    report = await audited.audit()

    assert [(one.code, one.place, count) for one, count in report.findings] == [
        ("key", "linhe#33", 1),
        ("register", "linhe#1", 2),
    ]
