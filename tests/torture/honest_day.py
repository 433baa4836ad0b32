"""An honest day at three stations and their centre, in which everything happens that may happen."""

from __future__ import annotations

import base64
import dataclasses
import random
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from central.application.audit_watch import Increments
from central.application.publishing import Publish
from central.application.serving import Serve
from central.domain.enrolment import enrolled
from central.store.auditing import SqlAuditArchive
from central.store.enrolment import SqlRegister
from central.store.pool import Pool
from central.store.shelf import SqlShelf
from central.witness.book import Book
from central.witness.following import Follow, Witness
from station.contract.checkpoint import read_note
from station.contract.entries import (
    Anchor,
    ClockChange,
    ClockState,
    Enrolment,
    KeyRotate,
    Kind,
    WatchList,
)
from station.contract.sealing import Witnessed, stamp
from station.contract.signature import Ed25519Signer, rotation_message
from station.contract.uplink import unsealed
from station.domain.errors import EvidenceError, NotFound
from station.domain.ledger import Entry
from tests.migration.audit_kit import LOG, Audited
from tests.migration.central_kit import FakeStation

FURTHEST_S = 45
"""So far may a station's clock be off at most, within the minute that counts as right."""

WITNESS = Ed25519Signer(b"\5" * 32)


class ServedLog:
    """The log as the centre serves it, without a line in between."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.handed_back: list[str] = []

    async def checkpoint(self) -> str | None:
        try:
            return await self._serve.checkpoint()
        except NotFound:
            return None

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        found = await self._serve.consistency(old, new)
        return tuple(base64.b64decode(one) for one in found)

    async def rotations(self) -> list[Entry]:
        return [unsealed(one) for one in await self._serve.rotations()]

    async def hand_back(self, note: str) -> None:
        self.handed_back.append(note)


class Day:
    """Lives by chance; whatever an audit, the increments or the witness say of it is an error."""

    def __init__(self, database: Pool, rng: random.Random, folder: Path) -> None:
        self._rng = rng
        self._database = database
        self.stations = [
            FakeStation(node, key=at) for at, node in enumerate(("linhe", "dongsheng", "wuda"))
        ]
        self.audited = Audited(database, *self.stations)
        self._sent = dict.fromkeys((one.node for one in self.stations), 0)
        self._off_s = dict.fromkeys((one.node for one in self.stations), 0)
        self._anchors: dict[str, Anchor] = {}
        self._book = Book(folder)
        self._refused: list[EvidenceError] = []
        serve = Serve(shelf=SqlShelf(database), node="centre", clock=self.audited.centre.clock)
        who = Witness(name="discipline", signer=WITNESS, keys=LOG, clock=self.audited.centre.clock)
        self._follow = Follow(who, ServedLog(serve), self._book, self._refused.append)
        self._increments = Increments(SqlAuditArchive(database), LOG)
        self._said: list[str] = []
        self.counts: Counter[str] = Counter()
        for one in self.stations:
            self._know_the_time(one)

    async def begin(self) -> None:
        await self.audited.enrol()

    async def live(self, operations: int) -> None:
        """Do so many things: an entry, a batch, a checkpoint each counts as one."""
        acts = (
            (self._weigh, 60),
            (self._deliver, 20),
            (self._send_again, 5),
            (self._sign, 6),
            (self._look, 3),
            (self._set_clock, 2),
            (self._pull, 4),
            (self._publish, 1),
            (self._rotate, 1),
            (self._enrol_anew, 1),
            (self._restart_increments, 1),
        )
        choices, weights = zip(*acts, strict=True)
        done = 0
        while done < operations:
            act = self._rng.choices(choices, weights)[0]
            station = self._rng.choice(self.stations)
            count = await act(station)
            self.counts[act.__name__.strip("_")] += count
            done += count
            self.audited.pass_time(timedelta(seconds=self._rng.randint(0, 30)))

    async def end(self) -> list[str]:
        """Audit everything, and return whatever anybody said."""
        with closing(self._book):
            for one in self.stations:
                await self._deliver(one)
            await self._sign(self.stations[0])
            await self._look(self.stations[0])
            self.audited.notes = [one.note for one in self._book.after(0, 10**6)]
            report = await self.audited.audit()
            self._said += [f"full audit: {one}" for one, _ in report.findings]
            self._said += [f"witness: {one}" for one in self._refused]
            if self._book.refusals or not self.audited.notes:
                self._said.append(f"witness: {self._book.refusals} refused")
            return self._said

    async def _weigh(self, station: FakeStation) -> int:
        count = self._rng.randint(1, 12)
        for _ in range(count):
            station.weigh(f"p{len(station.entries)}")
        return count

    async def _deliver(self, station: FakeStation) -> int:
        first = self._sent[station.node] + 1
        if first > len(station.entries):
            return 0
        await self.audited.send(station, first)
        self._sent[station.node] = len(station.entries)
        return 1

    async def _send_again(self, station: FakeStation) -> int:
        """Send what is held already, as after an answer that was lost, and what is new with it."""
        sent = self._sent[station.node]
        if not sent:
            return 0
        await self.audited.send(station, self._rng.randint(max(1, sent - 30), sent))
        self._sent[station.node] = len(station.entries)
        return 1

    async def _sign(self, _station: FakeStation) -> int:
        return 1 if await self.audited.checkpointer.step() else 0

    async def _look(self, _station: FakeStation) -> int:
        """The witness and the audit of increments look, in either order."""
        await self._follow.step()
        self._said += [f"increment: {one}" for one in await self._increments.step()]
        return 1

    async def _set_clock(self, station: FakeStation) -> int:
        to_s = self._rng.randint(-FURTHEST_S, FURTHEST_S)
        step = timedelta(seconds=to_s - self._off_s[station.node])
        if abs(step) <= timedelta(seconds=2):
            return 0
        before = station.clock.now()
        station.clock.at += step
        self._off_s[station.node] = to_s
        change = ClockChange(
            before=stamp(before),
            after=stamp(before + step),
            step_ms=step // timedelta(milliseconds=1),
        )
        station.write(Kind.CLOCK_CHANGE, change)
        return 1

    async def _pull(self, station: FakeStation) -> int:
        """Take the newest checkpoint, which every later entry names."""
        note = await self._follow._log.checkpoint()
        if note is None:
            return 0
        known = read_note(note.encode(), LOG.public_keys)
        self._anchors[station.node] = Anchor(
            log_size=known.size, root=known.root.hex(), at=known.at
        )
        return 1

    async def _publish(self, _station: FakeStation) -> int:
        centre = self.audited.centre
        await Publish(archive=centre.archive, own=centre.own)(
            Kind.WATCH_LIST, WatchList(watched=[])
        )
        return 1

    async def _rotate(self, station: FakeStation) -> int:
        old, new = station.sealer.signer, Ed25519Signer(self._rng.randbytes(32))
        proof = new.sign(rotation_message(station.node, old.key_id, new.public_key))
        station.write(
            Kind.KEY_ROTATE,
            KeyRotate(
                alg=new.alg,
                key_id=new.key_id,
                public_key=new.public_key.hex(),
                proof=proof.hex(),
            ),
        )
        station.sealer = dataclasses.replace(station.sealer, signer=new)
        return 1

    async def _enrol_anew(self, station: FakeStation) -> int:
        """The disk was lost, with what was not delivered; a new key goes on at the centre's end."""
        new = Ed25519Signer(self._rng.randbytes(32))
        centre = self.audited.centre
        del station.entries[self._sent[station.node] :]
        async with SqlRegister(self._database).desk() as desk:
            await desk.begin()
            state = (await desk.states({station.node}))[station.node]
            change = enrolled(state.ring, new.public_key, last_seq=state.head.seq, after_seq=0)
            assert change.new is not None
            await desk.change_keys(station.node, change.ended, [change.new])
            entry = Enrolment(
                node=station.node,
                alg=new.alg,
                key_id=new.key_id,
                public_key=new.public_key.hex(),
                from_seq=change.from_seq,
            )
            await centre.own.write(desk, [(Kind.ENROLMENT, entry)])
        station.sealer = dataclasses.replace(station.sealer, signer=new)
        return 1

    async def _restart_increments(self, _station: FakeStation) -> int:
        self._increments = Increments(SqlAuditArchive(self._database), LOG)
        return 1

    def _know_the_time(self, station: FakeStation) -> None:
        def witnessed() -> Witnessed:
            return Witnessed(
                clock=ClockState(source="centre", offset_ms=0, age_s=1),
                anchor=self._anchors.get(station.node),
            )

        station.sealer = dataclasses.replace(station.sealer, witnessed=witnessed)
