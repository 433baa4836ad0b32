"""The audit of a real database, as the centre has written it and as a superuser has changed it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import asyncpg
import pytest

from central.application.auditing import FullAudit, Outside
from central.domain.auditing.claims import LogKeys, good_receipts, witnessed_claims
from central.domain.auditing.values import Layer
from central.store.auditing import SqlAuditArchive
from station.contract.checkpoint import Checkpoint, signed_note
from station.contract.sealing import stamp
from tests.migration.central_kit import CENTRE, FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

LOG = LogKeys(origin="zhichao-centre", public_keys=(CENTRE.signer.public_key,))


class Audited:
    """A centre with two stations, its checkpoints, and what stands outside of it."""

    def __init__(self, database):
        self.stations = [FakeStation("linhe"), FakeStation("dongsheng", key=1)]
        self.centre = Headquarters(database, *self.stations)
        self.receipts = []
        self.notes = []

    async def deliver(self, entries):
        for one in self.stations:
            first = len(one.entries) + 1
            for number in range(entries):
                one.weigh(f"p{first + number}")
            acknowledged = await self.centre.accept(one.batch(first))
            self.receipts.append(acknowledged.receipt)
        self.centre.clock.move(timedelta(seconds=60))

    async def sign_checkpoint(self):
        async with self.centre.archive.desk() as desk:
            frontier = await desk.begin()
        at = self.centre.clock.now()
        checkpoint = Checkpoint(
            origin=LOG.origin, size=frontier.size, root=frontier.root, at=stamp(at)
        )
        note = signed_note(checkpoint, CENTRE.signer).decode()
        await self.centre.database.execute(
            "INSERT INTO checkpoint (log_size, root, at, note) VALUES ($1, $2, $3, $4)",
            frontier.size,
            frontier.root,
            at,
            note,
        )
        self.notes.append(note)

    async def audit(self, *, receipts=True, witness=True):
        good, forged = good_receipts(self.receipts if receipts else [], LOG)
        claims, foreign = witnessed_claims(self.notes if witness else [], "discipline", LOG)
        assert forged == foreign == []
        seen = []
        with ThreadPoolExecutor(2) as executor:
            audit = FullAudit(
                archive=SqlAuditArchive(self.centre.database),
                clock=self.centre.clock,
                executor=executor,
                workers=2,
                tell=seen.append,
            )
            report = await audit(Outside(log=LOG, receipts=tuple(good), claims=tuple(claims)))
        assert seen[-1] == report.entries
        return report


@pytest.fixture
async def audited(database):
    made = Audited(database)
    await made.centre.enrol()
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
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    await connection.execute(
        "DO $$ DECLARE part text; BEGIN FOR part IN SELECT inhrelid::regclass::text"
        " FROM pg_inherits WHERE inhparent = 'entry'::regclass LOOP"
        " EXECUTE 'ALTER TABLE ' || part || ' DISABLE TRIGGER ALL'; END LOOP; END $$"
    )
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
    await insider.execute("UPDATE checkpoint SET root = $1 WHERE log_size > 40", b"\1" * 32)
    await insider.execute(
        "UPDATE checkpoint SET note = replace(note, 'zhichao', 'another') WHERE log_size < 30"
    )

    report = await audited.audit()

    assert [(one.layer, one.code, count) for one, count in report.findings] == [
        (Layer.TREE, "checkpoint", 2)
    ]
