"""A centre whose stations were enrolled by entries, and all that stands outside its database."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from central.application.auditing import FullAudit, Outside
from central.application.checkpointing import Checkpointer
from central.domain.auditing.claims import LogKeys, good_receipts, witnessed_claims
from central.store.auditing import SqlAuditArchive
from central.store.shelf import SqlShelf
from station.contract.checkpoint import read_note
from station.contract.entries import Anchor, ClockState, Enrolment, Kind
from station.contract.sealing import Witnessed
from station.contract.signature import ED25519
from tests.migration.central_kit import CENTRE, FakeStation, Headquarters
from tests.witnesses import key_file

LOG = LogKeys(origin="zhichao-centre", public_keys=(CENTRE.signer.public_key,))
MINUTE = timedelta(seconds=60)


class Audited:
    """Two stations and their centre; the receipts and checkpoints that others hold."""

    def __init__(self, database, *stations, clock=None):
        self.stations = stations or (FakeStation("linhe"), FakeStation("dongsheng", key=1))
        self.centre = Headquarters(database, *self.stations, clock=clock)
        self.receipts = []
        self.notes = []
        self.checkpointer = Checkpointer(
            archive=self.centre.archive,
            origin=LOG.origin,
            signer=CENTRE.signer,
            clock=self.centre.clock,
            every_s=60,
        )

    async def enrol(self):
        """Register every key, and say so in the centre's own ledger."""
        await self.centre.enrol()
        drafts = [
            (
                Kind.ENROLMENT,
                Enrolment(
                    node=one.node,
                    alg=ED25519,
                    key_id=one.sealer.signer.key_id,
                    public_key=one.public_key.hex(),
                    from_seq=1,
                ),
            )
            for one in self.stations
        ]
        async with self.centre.archive.desk() as desk:
            await self.centre.own.write(desk, drafts)

    async def deliver(self, entries):
        for one in self.stations:
            first = len(one.entries) + 1
            for number in range(entries):
                one.weigh(f"p{first + number}")
            await self.send(one, first)
        self.pass_time(MINUTE)

    async def send(self, station, first):
        acknowledged = await self.centre.accept(station.batch(first))
        self.receipts.append(acknowledged.receipt)

    def pass_time(self, time):
        for clock in self._clocks():
            clock.move(time)

    def pass_time_to(self, at):
        """Let everybody's clock show *at*, unless it shows more: one went on by itself."""
        for clock in self._clocks():
            clock.move(max(at - clock.now(), timedelta()))

    def _clocks(self):
        return {id(one.clock): one.clock for one in (self.centre, *self.stations)}.values()

    async def sign_checkpoint(self, *, witnessed=True):
        assert await self.checkpointer.step()
        if witnessed:
            newest = await SqlShelf(self.centre.database).newest_checkpoint()
            self.notes.append(newest.note)

    def anchor(self):
        """Let every station name the newest witnessed checkpoint from now on; return its size."""
        known = read_note(self.notes[-1].encode(), LOG.public_keys)
        anchor = Anchor(log_size=known.size, root=known.root.hex(), at=known.at)
        for one in self.stations:
            heard = Witnessed(clock=ClockState(source="centre"), anchor=anchor)
            one.sealer = dataclasses.replace(one.sealer, witnessed=lambda heard=heard: heard)
        return known.size

    def over(self, database):
        """Return the same on a copy of the database, with the same things outside of it."""
        made = Audited(database, *self.stations, clock=self.centre.clock)
        made.receipts, made.notes = list(self.receipts), list(self.notes)
        return made

    async def audit(self, *, receipts=True, witness=True):
        """Return the report of a full audit with what is outside, or with less."""
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
            report = await audit(
                Outside(own="centre", log=LOG, receipts=tuple(good), claims=tuple(claims))
            )
        assert seen[-1] == report.entries
        return report


def settle(folder, text):
    """Write a configuration, and the key of the tests' centre where the program looks for it."""
    (folder / "data").mkdir()
    key_file(folder / "data/centre.key", bytes(range(200, 232)))
    config = folder / "central.toml"
    config.write_text(text, "utf-8")
    return config


async def free_hand(insider):
    """Let no trigger run for a superuser's connection."""
    await insider.execute("SET session_replication_role = replica")
    for (table,) in await insider.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'entry'::regclass"
        " UNION SELECT unnest(ARRAY['entry', 'passage', 'joint_case', 'decision', 'evasion'])"
    ):
        await insider.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
