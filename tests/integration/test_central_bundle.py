"""What the centre puts into a bundle, of a case of any station, out of PostgreSQL."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from central.application.checkpointing import Checkpointer
from central.application.exporting import SLACK, Export
from central.domain.auditing.claims import LogKeys
from central.export.keys import KeyRegister, keys_json
from central.store.enrolment import SqlRegister
from central.store.exporting import SqlCases
from central.store.recordings import FileRecordings
from central.store.shelf import SqlShelf
from station.contract.bundle import bundle_zip
from station.contract.checkpoint import cosigned_note
from station.contract.entries import Kind, Picture, Run, WeightChanged
from station.contract.law_edition import files_of
from station.contract.personal import Opening
from station.contract.signature import Ed25519Signer
from station.contract.uplink import batch
from station.domain.errors import BundleTooLarge, CaseAmbiguous, CaseUnknown
from station.domain.procedure import Act
from station.rules.lawbook import lawbook
from tests.case_files import CLEAR, named
from tests.migration.central_kit import CENTRE, FakeStation, Headquarters
from verifier.check import check

pytest_plugins = ["tests.migration.central_database"]

ORIGIN = "zhichao.test"
WITNESS = Ed25519Signer(b"\x05" * 32)
SCENE = b"scene" * 100
PERSONAL = tuple(
    Opening(field=name, salt=named(name.encode()), text=text) for name, text in CLEAR.items()
)


class Office:
    """A centre with two stations, whose cases bear the same number."""

    def __init__(self, database, folder):
        self.stations = [FakeStation(), FakeStation("dashuncheng", key=7)]
        for one in self.stations:
            one.sealer = replace(one.sealer, law_edition=lawbook().edition)
        self.hq = Headquarters(database, *self.stations)
        self.recordings = FileRecordings(folder)
        self.checkpointer = Checkpointer(
            archive=self.hq.archive,
            origin=ORIGIN,
            signer=CENTRE.signer,
            clock=self.hq.clock,
            every_s=60,
        )
        self.shelf = SqlShelf(database)
        self.export = Export(
            book=SqlCases(database),
            shelf=self.shelf,
            recordings=self.recordings,
            law=lambda edition: files_of(edition, folder / "law"),
            own="centre",
            log=LogKeys(origin=ORIGIN, public_keys=(CENTRE.signer.public_key,)),
            clock=self.hq.clock,
        )

    @property
    def linhe(self):
        return self.stations[0]

    def case(self, station, number="C1", passage_id="p1"):
        picture = Picture(
            sha256=named(SCENE),
            role="scene",
            media_type="image/jpeg",
            size=len(SCENE),
            taken_at="2026-03-01T04:00:00.000Z",
        )
        station.weigh("other")
        station.weigh(passage_id, pictures=[picture])
        station.open_case(number, f"v-{station.node}", passage_id)
        station.act(Act.ORDER_TO_CORRECT, number, personal=PERSONAL)
        station.act(Act.BEGIN_UNLOADING, number)
        station.weigh("again", 48_500, recheck_of=number)
        station.write(
            Kind.WEIGHT_CHANGED,
            WeightChanged(passage_id="again", recorded_kg=48_500, later_kg=0, frames=["02"]),
        )
        station.act(Act.RECHECK_CLEAR, number)
        station.weigh("last", lane=passage_id)  # names it, and is not about it

    async def deliver(self, station):
        openings = {one.seq: PERSONAL for one in station.entries if b"driver_name" in one.body}
        await self.hq.accept(batch(station.node, station.entries, openings))

    async def keep(self, data):
        await self.recordings.add("linhe", named(data), 0, len(data), data)

    async def register(self):
        known = {WITNESS.public_key.hex(): "police.example"}
        return keys_json(
            KeyRegister(
                origin=ORIGIN,
                node="centre",
                nodes=await SqlRegister(self.hq.database).nodes(),
                witnesses=[(name, key) for key, name in known.items()],
            )
        )

    async def verdict(self, collected, **more):
        data = bundle_zip(collected.bundle, "centre", CENTRE.signer)
        return check(data, await self.register(), **more)


@pytest.fixture
async def office(database, tmp_path):
    made = Office(database, tmp_path)
    await made.hq.enrol()
    yield made
    made.recordings.close()


def codes(collected):
    return [remark.code for remark in collected.remarks]


async def test_a_bundle_holds_the_ledgers_of_station_and_centre_and_passes(office):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    await office.keep(SCENE)
    await office.checkpointer.step()
    case, collected = await office.export("C1", None)
    kinds = [one.entry.kind for one in collected.bundle.entries]
    assert kinds == [
        "passage",
        "case_opened",
        "case_act",
        "case_act",
        "passage",
        "weight_changed",
        "case_act",
        "unloading_form",
    ]
    assert (case.node, case.name, codes(collected)) == ("linhe", "linhe", [])
    result = await office.verdict(collected)
    assert (result.ok, result.code) == (True, "passed"), result
    assert (result.checked["media"], result.checked["openings"]) == (1, 2)
    # The station has not heard of the centre's time. The centre's own clock is that time.
    unverified = [n["where"] for n in result.checked["notes"] if n["code"] == "clock.unverified"]
    lines = {
        f"entries.jsonl:{n}.clock"
        for n, one in enumerate(result.checked["entries"], 1)
        if one["node"] != "centre"
    }
    assert set(unverified) == lines
    assert len(lines) == 7
    again = (await office.export("C1", "linhe"))[1]
    assert bundle_zip(again.bundle, "centre", CENTRE.signer) == bundle_zip(
        collected.bundle, "centre", CENTRE.signer
    )


async def test_without_personal_texts_it_passes_too(office):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    await office.checkpointer.step()
    _, collected = await office.export("C1", None, personal=False)
    assert "bundle.personal_left_out" in codes(collected)
    assert (await office.verdict(collected)).checked["openings"] == 0


async def test_of_two_stations_with_one_number_one_must_be_named(office):
    for station in office.stations:
        office.case(station)
        await office.deliver(station)
    await office.checkpointer.step()
    with pytest.raises(CaseAmbiguous) as refusal:
        await office.export("C1", None)
    assert refusal.value.fields == {"case_no": "C1", "nodes": "dashuncheng, linhe"}
    for number, node in (("C2", None), ("C1", "centre"), ("C", None)):
        with pytest.raises(CaseUnknown):
            await office.export(number, node)
    for node in ("linhe", "dashuncheng"):
        _, collected = await office.export("C1", node)
        assert [one.entry.node for one in collected.bundle.entries] == [node] * 7 + ["centre"]
        assert (await office.verdict(collected)).ok is True


async def test_what_no_checkpoint_covers_is_counted(office):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    _, none = await office.export("C1", None)
    assert (codes(none)[0], none.bundle.note) == ("bundle.unreached", "")
    assert (await office.verdict(none, offline=True)).ok == "offline"
    await office.checkpointer.step()
    office.linhe.act(Act.HAND_OVER)
    await office.deliver(office.linhe)
    _, some = await office.export("C1", None)
    assert (some.remarks[0].code, some.remarks[0].count) == ("bundle.unproved", 1)
    assert (await office.verdict(some)).code == "proof.absent"
    assert (await office.verdict(some, offline=True)).ok == "offline"


async def test_proofs_lead_to_the_checkpoint_that_most_witnesses_signed(office):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    await office.checkpointer.step()
    first = await office.shelf.newest_checkpoint()
    signed = cosigned_note(first.note.encode(), "police.example", WITNESS, office.hq.clock.now())
    assert await office.shelf.replace_note(first.log_size, first.note, signed.decode())
    office.linhe.write(Kind.START, Run(program="p", detail=""))
    await office.deliver(office.linhe)
    await office.checkpointer.step()
    _, collected = await office.export("C1", None)
    assert collected.checkpoint.size == first.log_size
    result = await office.verdict(collected)
    assert result.checked["checkpoint"]["witnesses"] == ["police.example"]
    office.linhe.act(Act.HAND_OVER)  # not covered by that one any more
    await office.deliver(office.linhe)
    await office.checkpointer.step()
    _, collected = await office.export("C1", None)
    assert collected.checkpoint.size > first.log_size
    assert (await office.verdict(collected)).ok is True


async def test_a_station_whose_clock_was_far_ahead_lost_nothing(office):
    office.linhe.clock.move(SLACK + timedelta(days=300))
    office.case(office.linhe)
    await office.deliver(office.linhe)
    await office.checkpointer.step()
    _, collected = await office.export("C1", None)
    assert len(collected.bundle.entries) == 8


async def test_acts_of_later_months_are_there_in_their_order(office):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    for act in (Act.HAND_OVER, Act.NOTIFY):
        for clock in (office.hq.clock, office.linhe.clock):
            clock.move(timedelta(days=31))
        office.linhe.act(act)
        await office.deliver(office.linhe)
    await office.checkpointer.step()
    _, collected = await office.export("C1", None)
    assert [one.entry.seq for one in collected.bundle.entries] == [2, 3, 4, 5, 6, 7, 8, 10, 11, 1]
    assert (await office.verdict(collected)).ok is True


async def test_a_recording_that_never_came_or_decayed_is_named(office, tmp_path):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    await office.checkpointer.step()
    why = "中心没有完整的该影像（站点尚未传完，或已损坏）"
    for _ in range(2):
        _, collected = await office.export("C1", None)
        assert collected.bundle.missing == {named(SCENE): why}
        assert (await office.verdict(collected)).checked["missing"] == 1
        await office.keep(SCENE)
        (path,) = tmp_path.rglob(hashlib.sha256(SCENE).hexdigest())
        path.write_bytes(SCENE[:-1])


async def test_a_spoilt_clear_text_and_an_entry_nobody_can_read_hold_nothing_up(office):
    office.case(office.linhe)
    office.linhe.write_raw(kind="passage", payload={"recheck_of": "C1"})
    await office.deliver(office.linhe)
    await office.keep(SCENE)
    await office.checkpointer.step()
    await office.hq.database.execute("UPDATE opening SET text = '李四' WHERE field = 'driver_name'")
    _, collected = await office.export("C1", None)
    assert (collected.remarks[0].code, collected.remarks[0].count) == ("bundle.openings_spoilt", 1)
    assert len(collected.bundle.entries) == 8
    assert (await office.verdict(collected)).checked["openings"] == 1


async def test_more_than_whoever_checks_takes_is_refused(office, monkeypatch):
    office.case(office.linhe)
    await office.deliver(office.linhe)
    _, collected = await office.export("C1", None)
    monkeypatch.setattr("station.contract.bundle.MOST_BYTES", 1_000_001)
    with pytest.raises(BundleTooLarge):
        bundle_zip(collected.bundle, "centre", CENTRE.signer)
    monkeypatch.setattr("station.contract.bundle.MOST_BYTES", 999_999)
    with pytest.raises(BundleTooLarge):  # before the recordings are all in memory
        await office.export("C1", None)
