"""What a station puts into a bundle, and what it says when something is not to be had."""

import asyncio
import json
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from station.application.centre_keys import CentreKeys
from station.application.exporting import Export
from station.application.ports import Draft
from station.bootstrap.exporting import export_bundle
from station.bootstrap.opening import LAW, LEDGER, SystemClock, keep_law, open_store, open_to_read
from station.contract.bundle import bundle_zip
from station.contract.entries import (
    KeyRevoked,
    Kind,
    MediaErased,
    OfficerChange,
    PassageReview,
    read,
)
from station.contract.law_edition import files_of
from station.domain.errors import (
    BadReceipt,
    BundleExists,
    BundleUnwritable,
    CaseUnknown,
    LawAbsent,
    SettingsError,
    StoreFailed,
    UplinkError,
)
from station.domain.procedure import Act
from station.rules.lawbook import lawbook
from station.settings import read_settings
from tests.case_files import (
    ABOUT,
    ACTS,
    AGAIN,
    CASE,
    CLEAR,
    CROP,
    SCENE,
    act,
    named,
    opening,
    weighing,
)
from tests.case_files import write_case as write
from tests.central_program import ROOT
from tests.fakes import FakeCentre, FakeClock
from tests.machines import STATION
from verifier.check import check

KEPT = {named(data) for data in (SCENE, CROP, AGAIN)}
NONE = (None, None)


class Place:
    """A station with a case in its store, and a centre that may be asked."""

    def __init__(self, settings, stored):
        self.settings = settings
        self.stored = stored
        self.clock = FakeClock(SystemClock().now() + timedelta(seconds=5))
        self.centre = FakeCentre(at=self.clock.at)

    @property
    def keys(self):
        return CentreKeys.of(self.centre.identity)

    async def deliver(self, *, covered=None):
        entries = await self.stored.ledger.entries_after(0, 1000)
        for entry in entries:
            answer = await self.centre.push([entry], {})
            await self.stored.outbox.note_receipt(answer.receipt)
        self.centre.cover(len(entries) if covered is None else covered)

    async def collected(self, centre=NONE, keys=NONE, **wanted):
        export = Export(
            node="linhe",
            ledger=self.stored.ledger,
            receipts=self.stored.outbox,
            recordings=self.stored.recordings,
            media=self.stored.media,
            law=lambda edition: files_of(edition, self.settings.station.data_dir / LAW),
            clock=self.clock,
        )
        centre = self.centre if centre is NONE else centre
        keys = self.keys if keys is NONE else keys
        return await export(CASE, centre, keys, **wanted)

    def zipped(self, collected):
        return bundle_zip(collected.bundle, "linhe", self.stored.signer)

    def register(self):
        own = self.stored.signer
        return json.dumps(
            {
                "format": "zhichao-keys-1",
                "log": {
                    "origin": self.centre.origin,
                    "node": "centre",
                    "keys": [_key(self.centre.key)],
                },
                "nodes": [_node("linhe", own), _node("centre", self.centre.key)],
                "witnesses": [],
            }
        ).encode()


def _key(signer):
    return {
        "key_id": signer.key_id,
        "alg": signer.alg,
        "public_key": signer.public_key.hex(),
    }


def _node(node, signer):
    span = {"from_seq": 1, "until_seq": None, "revoked_from_seq": None, "reason": None}
    return {"node": node, "name": node, "road": "G6", "keys": [{**_key(signer), **span}]}


def codes(collected):
    return [remark.code for remark in collected.remarks]


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "station.toml").write_text(STATION.format(node="linhe", url=""), "utf-8")
    return read_settings(tmp_path / "station.toml")


@pytest.fixture
async def place(settings):
    stored = open_store(settings)
    try:
        await write(stored, SystemClock())
        yield Place(settings, stored)
    finally:
        stored.close()


async def test_it_holds_all_of_the_case_and_nothing_of_others(place):
    await place.deliver()
    collected = await place.collected()
    kinds = [one.entry.kind for one in collected.bundle.entries]
    assert kinds == [
        "passage",
        "passage_review",
        "case_opened",
        "case_act",
        "case_act",
        "passage",
        "weight_changed",
        *["case_act"] * (len(ACTS) - 2),
    ]
    assert len(kinds) == ABOUT
    assert collected.bundle.media.keys() == KEPT
    told = [one.openings for one in collected.bundle.entries if one.openings]
    assert {one.field: one.text for openings in told for one in openings} == CLEAR
    assert codes(collected) == ["bundle.own_only"]
    result = check(place.zipped(collected), place.register())
    assert (result.ok, result.code) == (True, "passed"), result
    assert result.checked["receipts"] == ABOUT


async def test_the_same_record_gives_the_same_bytes(place):
    await place.deliver()
    first, second = await place.collected(), await place.collected()
    assert place.zipped(first) == place.zipped(second)


async def test_clear_texts_can_be_left_out(place):
    await place.deliver()
    collected = await place.collected(personal=False)
    assert all(not one.openings for one in collected.bundle.entries)
    assert "bundle.personal_left_out" in codes(collected)
    assert check(place.zipped(collected), place.register()).ok is True


@pytest.mark.parametrize("silent", ["away", "none"])
async def test_without_a_centre_it_is_made_and_says_so(place, silent):
    await place.deliver()
    place.centre.answers.append(UplinkError("no way to the host"))
    wanted = {"centre": None} if silent == "none" else {}
    collected = await place.collected(**wanted)
    why = "bundle.no_centre" if silent == "none" else "bundle.unreachable"
    assert codes(collected) == [why, "bundle.own_only"]
    assert (collected.bundle.note, collected.checkpoint) == ("", None)
    data = place.zipped(collected)
    assert check(data, place.register()).code == "proof.absent"
    result = check(data, place.register(), offline=True)
    assert (result.ok, result.checked["receipts"]) == ("offline", ABOUT)


async def test_a_station_that_was_never_enrolled_has_no_receipts(place):
    collected = await place.collected(centre=None, keys=None)
    assert collected.bundle.receipts == ()
    assert check(place.zipped(collected), place.register(), offline=True).ok == "offline"


async def test_entries_that_no_checkpoint_covers_yet_are_counted(place):
    await place.deliver(covered=15)  # of 16
    collected = await place.collected()
    unproved = [one for one in collected.bundle.entries if one.place is None]
    assert (collected.remarks[0].code, collected.remarks[0].count) == (
        "bundle.unproved",
        len(unproved),
    )
    # A receipt for a larger tree than the checkpoint's is of no use to whoever checks.
    assert max(one.log_size for one in collected.bundle.receipts) <= 15
    result = check(place.zipped(collected), place.register(), offline=True)
    assert (len(unproved), result.ok) == (1, "offline"), result


async def test_a_checkpoint_to_which_nothing_leads_is_left_out(place):
    await place.deliver(covered=1)
    collected = await place.collected()
    assert codes(collected) == ["bundle.unreached", "bundle.own_only"]
    assert collected.bundle.note == ""
    assert check(place.zipped(collected), place.register(), offline=True).ok == "offline"


def _other_time(proof):
    return msgspec.structs.replace(proof, received_ms=proof.received_ms + 1)


def _other_root(proof):
    return msgspec.structs.replace(proof, proof=[b64encode(bytes(32)).decode()] * len(proof.proof))


def _no_base64(proof):
    return msgspec.structs.replace(proof, proof=["?"])


def _no_time(proof):
    return msgspec.structs.replace(proof, received_ms=-1)


@pytest.mark.parametrize("lie", [_other_time, _other_root, _no_base64, _no_time])
async def test_proofs_that_do_not_lead_to_the_root_are_refused(place, lie):
    await place.deliver()
    truth = place.centre.proofs

    async def lying(seqs):
        found = await truth(seqs)
        return msgspec.structs.replace(found, proofs=[*found.proofs[:-1], lie(found.proofs[-1])])

    place.centre.proofs = lying
    collected = await place.collected()
    assert codes(collected) == ["bundle.proofs_refused", "bundle.own_only"]
    assert all(one.place is None for one in collected.bundle.entries)


async def test_a_checkpoint_of_somebody_else_is_refused(place):
    await place.deliver()
    place.centre.note = place.centre.note.replace("test-log", "other-log")
    assert codes(await place.collected())[0] == "bundle.checkpoint_refused"


async def test_what_the_centre_signed_by_a_key_since_rotated_counts(place):
    await place.deliver()
    (old,) = place.keys.ring.keys
    newer = replace(old, key_id="f" * 16, public_key=bytes(32), from_seq=3)
    ring = type(place.keys.ring)((replace(old, until_seq=2), newer))
    collected = await place.collected(keys=replace(place.keys, ring=ring))
    assert codes(collected) == ["bundle.own_only"]
    assert len(collected.bundle.receipts) == ABOUT


async def test_it_is_not_made_before_the_checkpoint_in_it(place):
    """The station's clock is ten minutes behind; the verifier refuses what cannot be."""
    await place.deliver()
    place.clock.move(timedelta(minutes=-10))
    collected = await place.collected()
    assert collected.bundle.made_at == collected.checkpoint.moment
    assert check(place.zipped(collected), place.register()).ok is True


async def test_a_picture_that_is_not_there_is_named_with_the_reason(place):
    await place.deliver()
    await place.stored.media.erase(named(SCENE))
    path = place.settings.station.data_dir / "media" / named(CROP)[:2] / named(CROP)
    path.write_bytes(b"decayed")
    await place.stored.media.erase(named(AGAIN))
    erased = MediaErased(before="2026-01-01", sha256=[named(AGAIN)])
    await place.stored.ledger.append(Draft(Kind.MEDIA_ERASED, erased))
    collected = await place.collected()
    lost, gone = "本站存储中没有完整的该影像（缺失或已损坏）", "超过保存期限，已依规销毁"
    assert collected.bundle.missing == {named(SCENE): lost, named(CROP): lost, named(AGAIN): gone}
    assert collected.remarks[0].count == 3
    assert any(named(SCENE) in line for line in collected.said("out.zip"))
    result = check(place.zipped(collected), place.register())
    assert (result.ok, result.checked["missing"]) == (True, 3)


async def test_a_spoilt_clear_text_is_left_out(place):
    await place.deliver()
    place.stored.database.run_now(
        lambda c: list(c.execute("UPDATE opening SET text = '李四' WHERE field = 'driver_name'"))
    )
    collected = await place.collected()
    assert codes(collected)[0] == "bundle.openings_spoilt"
    assert check(place.zipped(collected), place.register()).ok is True


async def test_a_weighing_that_officers_made_a_re_check_belongs_to_the_case(place):
    at = place.clock.now()
    await place.stored.ledger.append(weighing("late", at, SCENE, gross_kg=48_000))
    passage = weighing("late", at, SCENE, gross_kg=48_000).payload
    review = PassageReview(
        passage_id="late",
        officer="R1",
        mode="resident",
        tractor=passage.tractor,
        trailer=None,
        vehicle={},
        vehicle_origin="officer",
        verdict=passage.verdict,
        explanation="",
        recheck_of=CASE,
    )
    await place.stored.ledger.append(Draft(Kind.PASSAGE_REVIEW, review))
    await place.deliver()
    collected = await place.collected()
    assert [one.entry.kind for one in collected.bundle.entries][-2:] == [
        "passage",
        "passage_review",
    ]
    assert check(place.zipped(collected), place.register()).ok is True


async def test_another_case_whose_number_begins_alike_is_another(place):
    at = place.clock.now()
    longer = f"{CASE}1"
    await place.stored.ledger.append(
        weighing("p9", at, SCENE),
        opening(at, longer, "p9"),
        act(Act.ORDER_TO_CORRECT, at, longer),
        act(Act.BEGIN_UNLOADING, at, longer, place=CASE),
    )
    await place.deliver()
    assert len((await place.collected()).bundle.entries) == ABOUT


async def test_the_law_of_the_finding_is_demanded(place, monkeypatch, tmp_path):
    await place.deliver()
    await export_bundle(place.settings, CASE, tmp_path / "a.zip")
    older = {"limit/x.yaml": b"title: x\n"}
    monkeypatch.setattr("station.contract.law_edition.package_files", lambda: older)
    with pytest.raises(LawAbsent) as refusal:
        await export_bundle(place.settings, CASE, tmp_path / "b.zip")
    assert refusal.value.fields["edition"] == lawbook().edition
    assert not (tmp_path / "b.zip").exists()
    folder = ROOT / "station/rules/law"
    await export_bundle(place.settings, CASE, tmp_path / "b.zip", law=folder)
    with pytest.raises(SettingsError):
        await export_bundle(place.settings, CASE, tmp_path / "c.zip", law=tmp_path / "nowhere")


async def test_the_law_is_kept_for_the_time_after_an_update(place, monkeypatch, tmp_path):
    keep_law(place.settings)
    (path,) = (place.settings.station.data_dir / LAW).iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    keep_law(place.settings)
    assert path.read_bytes() == whole
    older = {"limit/x.yaml": b"title: x\n"}
    monkeypatch.setattr("station.contract.law_edition.package_files", lambda: older)
    keep_law(place.settings)
    await export_bundle(place.settings, CASE, tmp_path / "a.zip")
    result = check((tmp_path / "a.zip").read_bytes(), place.register(), offline=True)
    assert result.checked["law_edition"] == lawbook().edition
    path.write_bytes(whole.replace("限值".encode(), "限量".encode(), 1))
    with pytest.raises(LawAbsent):
        await export_bundle(place.settings, CASE, tmp_path / "b.zip")


async def test_a_disk_that_does_not_take_the_law_holds_nobody_up(place):
    (place.settings.station.data_dir / LAW).write_bytes(b"no folder")
    keep_law(place.settings)


async def test_the_file_is_whole_or_not_there_and_replaces_none(place, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(CaseUnknown) as refusal:
        await export_bundle(place.settings, "NM1", out / "x.zip")
    assert refusal.value.fields == {"case_no": "NM1"}
    with pytest.raises(BundleUnwritable):
        await export_bundle(place.settings, CASE, out / "nowhere" / "x.zip")
    (out / "x.zip").write_bytes(b"other")
    with pytest.raises(BundleExists):
        await export_bundle(place.settings, CASE, out / "x.zip")
    (out / "link.zip").symlink_to(out / "nowhere.zip")
    with pytest.raises(BundleExists):
        await export_bundle(place.settings, CASE, out / "link.zip")
    assert (out / "x.zip").read_bytes() == b"other"
    assert sorted(path.name for path in out.iterdir()) == ["link.zip", "x.zip"]


async def test_a_store_that_is_read_is_not_written_and_stays_as_it_was(place):
    beside = open_to_read(place.settings)
    try:
        before = await beside.ledger.head()
        change = OfficerChange(
            certificate_no="R9", role="road", valid_until="2027-01-01", change="added"
        )
        await place.stored.ledger.append(Draft(Kind.OFFICER_CHANGE, change))
        assert await beside.ledger.head() == before
        with pytest.raises(StoreFailed):
            await beside.outbox.note_media_sent(3)
    finally:
        beside.close()
    assert (await place.stored.ledger.head()).seq == before.seq + 1


async def test_without_a_ledger_there_is_nothing_to_read(settings):
    with pytest.raises(SettingsError):
        open_to_read(settings)
    assert not (settings.station.data_dir / LEDGER).exists()


async def test_receipts_of_a_revoked_key_are_left_out(place):
    await place.deliver()
    revoked = tuple(replace(key, revoked_from_seq=1) for key in place.keys.ring.keys)
    keys = replace(place.keys, ring=type(place.keys.ring)(revoked))
    collected = await place.collected(centre=None, keys=keys)
    assert collected.bundle.receipts == ()


async def test_a_receipt_that_names_another_entry_is_left_out(place):
    entries = await place.stored.ledger.entries_after(0, 99)
    place.centre.receipt = {"digest": "0" * 64}
    answer = await place.centre.push(entries[:5], {})
    with pytest.raises(BadReceipt):
        await place.stored.outbox.note_receipt(answer.receipt)  # it is kept, as evidence
    place.centre.receipt = {}
    for entry in entries[5:]:
        await place.stored.outbox.note_receipt((await place.centre.push([entry], {})).receipt)
    place.centre.cover(len(entries))
    collected = await place.collected()
    assert [one.seq for one in collected.bundle.receipts][:1] == [6]
    assert check(place.zipped(collected), place.register()).ok is True


async def test_a_station_whose_key_was_revoked_says_that_its_bundle_does_not_pass(place, tmp_path):
    gone = KeyRevoked(
        node="linhe",
        key_id=place.stored.signer.key_id,
        from_seq=99,
        reason="x",
        officers=["A", "B"],
    )
    other = msgspec.structs.replace(gone, node="dashuncheng")
    await place.stored.centre.append([place.centre.publish(Kind.KEY_REVOKED, other)])
    collected = await export_bundle(place.settings, CASE, tmp_path / "a.zip")
    assert "bundle.key_revoked" not in codes(collected)
    await place.stored.centre.append([place.centre.publish(Kind.KEY_REVOKED, gone)])
    collected = await export_bundle(place.settings, CASE, tmp_path / "b.zip")
    assert codes(collected)[0] == "bundle.key_revoked"


async def test_a_disk_that_takes_only_the_beginning_leaves_no_file(place, tmp_path):
    """A file-size limit stands for the full disk: the write fails in the middle."""
    out = tmp_path / "out"
    out.mkdir()
    config = place.settings.station.data_dir.parent / "station.toml"
    words = f"-m station export-bundle --config {config} --case {CASE} -o {out}/x.zip"
    process = await asyncio.create_subprocess_shell(
        f"ulimit -f 128; exec {sys.executable} {words}", cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert (process.returncode, "bundle.unwritable" in err.decode()) == (1, True), err.decode()
    assert list(out.iterdir()) == []


async def test_every_entry_is_bound_to_the_law_of_the_bundle(place):
    await place.deliver()
    collected = await place.collected()
    editions = {read(one.entry)[0].law_edition for one in collected.bundle.entries}
    assert editions == {lawbook().edition}
