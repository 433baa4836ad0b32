"""Each class of forgery is refused, and by its right name."""

from __future__ import annotations

import hashlib
import re
import struct
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import chain, repeat
from pathlib import Path

import msgspec
import pytest

from station.contract.bundle import Bundled, bundle_files, zipped
from station.contract.checkpoint import Checkpoint, cosigned_note, signed_note
from station.contract.entries import Anchor, ClockState, Kind, Outage
from station.contract.sealing import Witnessed, stamp
from station.contract.uplink import sign_receipt
from station.domain.errors import NotFound
from tests.fakes import NOON, FakeClock
from tests.verifier.corpus import Made, Story, made, offline
from tests.verifier.forging import (
    Hand,
    Tree,
    bomb,
    loose_zip,
    nobody,
    overlapping,
    with_size,
)
from tests.verifier.world import Log
from verifier import archive
from verifier.check import check
from verifier.refusal import sentences

Forgery = Callable[[Hand], bytes | None]
FORGERIES: dict[str, tuple[str, Forgery]] = {}
NOTES = {
    "clock.unverified",
    "media.missing",
    "law.other_edition",
    "witness.none",
    "witness.stranger",
}


def found(wanted: Callable[[Made], bool]) -> Made:
    """Return the first good bundle that has what a forgery needs."""
    for seed in range(3000):
        candidate = made(seed)
        if wanted(candidate):
            return candidate
    raise NotFound("no seed")


@cache
def rich() -> Made:
    """A long case: two stations, clear texts, recordings, receipts, no key ever changed."""
    return found(
        lambda one: (
            len(one.world.nodes) > 2
            and len(one.bundle.entries) >= 8
            and any(len(entry.openings) >= 2 for entry in one.bundle.entries)
            and len(one.bundle.media) >= 3
            and len(one.bundle.receipts) >= 3
            and one.bundle.receipts[0].node == one.station.name
            and len(one.station.keys) == len(one.world.centre.keys) == 1
            and one.station.keys[0].revoked_from_seq is None
            and not one.bundle.missing
            and all(entry.entry.node == one.station.name for entry in one.bundle.entries)
            and one.world.clock_verified
        )
    )


@cache
def rotated() -> Made:
    """A case in whose middle the station's key changed."""
    return found(
        lambda one: (
            len(one.station.keys) == 2
            and one.maker is one.station
            and {key.signer.key_id for key in one.station.keys}
            == {entry.entry.key_id for entry in one.bundle.entries}
        )
    )


def forgery(code: str) -> Callable[[Forgery], Forgery]:
    def taken(made_by: Forgery) -> Forgery:
        FORGERIES[made_by.__name__] = (code, made_by)
        return made_by

    return taken


def payload(body: Tree) -> Tree:
    inner = body["payload"]
    assert isinstance(inner, dict)
    return inner


def weight(body: Tree) -> None:
    weighing = payload(body)["weighing"]
    assert isinstance(weighing, dict)
    weighing["gross_kg"] = 48_900


def plate(body: Tree) -> None:
    tractor = payload(body)["tractor"]
    assert isinstance(tractor, dict)
    tractor["text"] = "蒙L54321"


def earlier(body: Tree) -> None:
    body["wall_utc"] = "2026-01-01T00:00:00.000Z"


def another_prev(body: Tree) -> None:
    body["prev"] = "ab" * 32


def another_seq(body: Tree) -> None:
    body["seq"] = 10_000


# --- whoever has no key


@forgery("manifest.digest")
def a_weight_is_changed_by_somebody_without_any_key(hand: Hand) -> bytes:
    files = hand.sealed()
    files["entries.jsonl"] = files["entries.jsonl"].replace(b"61000", b"48900", 1)
    return zipped(files, hand.at)


@forgery("manifest.size")
def a_picture_is_cut(hand: Hand) -> bytes:
    files = hand.sealed()
    name = next(name for name in files if name.startswith("media/"))
    files[name] = files[name] + b"\0"
    return zipped(files, hand.at)


@forgery("manifest.signature")
def the_manifest_is_changed_without_the_key(hand: Hand) -> bytes:
    files = hand.sealed()
    files["manifest.json"] = files["manifest.json"].replace("内蒙".encode(), "内黑".encode(), 1)
    return zipped(files, hand.at)


@forgery("manifest.key_unknown")
def a_stranger_signs_the_manifest(hand: Hand) -> None:
    hand.signer = nobody()


@forgery("manifest.signature")
def a_stranger_signs_in_the_name_of_a_known_key(hand: Hand) -> None:
    hand.manifest["key_id"] = hand.signer.key_id
    hand.signer = nobody()


@forgery("manifest.key_unknown")
def the_register_is_of_another_log(hand: Hand) -> None:
    hand.register = made(10**6).world.register()


@forgery("entry.node_unknown")
def the_register_does_not_know_the_station(hand: Hand) -> None:
    hand.as_centre()
    nodes = hand.register["nodes"]
    assert isinstance(nodes, list)
    hand.register["nodes"] = [n for n in nodes if n["node"] != hand.made.station.name]


# --- an insider with the key of the centre, who signs the manifest anew but no entry


def by_centre(name: str, kind: str, change: Callable[[Tree], None], code: str) -> None:
    def forged(hand: Hand) -> None:
        hand.as_centre().change_body(hand.line_of(kind), change)

    FORGERIES[f"{name}_by_the_exporter"] = (code, forged)


by_centre("weight", "passage", weight, "entry.signature")
by_centre("plate", "passage", plate, "entry.signature")
by_centre("time", "case_act", earlier, "entry.signature")
by_centre("prev", "case_act", another_prev, "entry.signature")
by_centre("prev_none", "case_act", lambda body: body.update(prev="0" * 64), "entry.chain")
by_centre("seq", "case_act", another_seq, "entry.order")
by_centre("version", "passage", lambda body: body.update(version=2), "entry.version")
by_centre("algorithm", "passage", lambda body: body.update(alg="none"), "entry.version")
by_centre("field", "passage", lambda body: body.update(note="x"), "entry.malformed")
by_centre("key", "passage", lambda body: body.update(key_id="0" * 16), "entry.key_unknown")


@forgery("entry.signature")
def two_signatures_are_swapped(hand: Hand) -> None:
    lines = hand.as_centre().lines()
    lines[0]["sig"], lines[1]["sig"] = lines[1]["sig"], lines[0]["sig"]
    hand.write_lines(lines)


@forgery("entry.mismatch")
def a_line_names_another_place_than_its_body(hand: Hand) -> None:
    lines = hand.lines()
    lines[-1]["seq"] = 9999
    hand.write_lines(lines)


@forgery("entry.order")
def two_entries_change_places(hand: Hand) -> None:
    lines = hand.lines()
    hand.write_lines([lines[1], lines[0], *lines[2:]])


@forgery("entry.order")
def an_entry_comes_twice(hand: Hand) -> None:
    lines = hand.lines()
    hand.write_lines([lines[0], *lines])


@forgery("entry.not_canonical")
def a_body_has_two_values_for_one_field(hand: Hand) -> None:
    lines = hand.lines()
    lines[0]["body"] = str(lines[0]["body"]).replace('"seq":', '"seq":1,"seq":', 1)
    hand.write_lines(lines)


@forgery("proof.inclusion")
def a_proof_is_cut(hand: Hand) -> None:
    change_proof(hand, lambda proof: proof[:-1])


@forgery("proof.inclusion")
def a_proof_is_longer(hand: Hand) -> None:
    change_proof(hand, lambda proof: [*proof, proof[0]])


@forgery("proof.inclusion")
def a_proof_names_another_time_of_receipt(hand: Hand) -> None:
    lines = hand.lines()
    lines[0]["received_ms"] = int(str(lines[0]["received_ms"])) - 1
    hand.write_lines(lines)


@forgery("proof.inclusion")
def a_proof_names_another_place(hand: Hand) -> None:
    lines = hand.lines()
    lines[0]["leaf_index"] = int(str(lines[0]["leaf_index"])) + 1
    hand.write_lines(lines)


@forgery("proof.inclusion")
def a_proof_names_a_place_beyond_the_log(hand: Hand) -> None:
    lines = hand.lines()
    lines[-1]["leaf_index"] = 2**62
    hand.write_lines(lines)


@forgery("proof.absent")
def an_entry_has_no_proof(hand: Hand) -> None:
    lines = hand.lines()
    lines[2] |= {"proof": None, "leaf_index": None, "received_ms": None}
    hand.write_lines(lines)


@forgery("entry.malformed")
def an_entry_has_half_a_proof(hand: Hand) -> None:
    lines = hand.lines()
    lines[2]["proof"] = None
    hand.write_lines(lines)


def change_proof(hand: Hand, change: Callable[[list[str]], list[str]]) -> None:
    lines = hand.lines()
    proof = lines[0]["proof"]
    assert isinstance(proof, list)
    lines[0]["proof"] = change(proof)
    hand.write_lines(lines)


# --- an insider with the key of the station, who signs entries anew


def by_station(
    name: str, kind: str, change: Callable[[Tree], None], code: str = "proof.inclusion"
) -> None:
    def forged(hand: Hand) -> None:
        hand.as_station().forge_body(hand.line_of(kind), change)

    FORGERIES[f"{name}_by_the_station"] = (code, forged)


by_station("weight", "passage", weight)
by_station("plate", "passage", plate)
by_station("time", "case_act", earlier)


@forgery("proof.inclusion")
def an_entry_names_another_before_it_that_is_not_in_the_bundle(hand: Hand) -> None:
    lines = hand.as_station().lines()
    seqs = [int(str(line["seq"])) for line in lines]
    place = next(n for n, seq in enumerate(seqs) if seq > 1 and seq - 1 not in seqs)
    hand.forge_body(place, another_prev)


@forgery("proof.inclusion")
def the_last_entry_is_moved_to_another_seq(hand: Hand) -> None:
    hand.as_station().forge_body(len(hand.lines()) - 1, another_seq)


@forgery("entry.chain")
def an_entry_does_not_name_its_neighbour(hand: Hand) -> None:
    lines = hand.as_station().lines()
    place = next(n for n in range(1, len(lines)) if lines[n]["seq"] == lines[n - 1]["seq"] + 1)  # type: ignore[operator]
    hand.forge_body(place - 1, earlier)
    changed = hand.lines()
    hand.write_lines([*changed[:place], *lines[place:]])


@forgery("time.order")
def a_clock_runs_backwards_within_one_run(hand: Hand) -> None:
    hand.as_station().forge_body(len(hand.lines()) - 1, lambda body: body.update(mono_ns=0))


# --- keys that were taken out of use


@forgery("entry.key_revoked")
def a_stolen_key_signs_after_its_revocation(hand: Hand) -> None:
    last = hand.as_centre().lines()[-1]["seq"]
    hand.node_keys(hand.made.station.name)[0]["revoked_from_seq"] = last


@forgery("manifest.key_revoked")
def a_stolen_key_exports(hand: Hand) -> None:
    last = hand.as_station().lines()[-1]["seq"]
    hand.node_keys(hand.made.station.name)[0]["revoked_from_seq"] = int(str(last)) + 1


@forgery("entry.key_expired")
def a_key_signs_after_its_rotation(hand: Hand) -> None:
    before_last = hand.as_centre().lines()[-2]["seq"]
    hand.node_keys(hand.made.station.name)[0]["until_seq"] = before_last


@forgery("entry.key_early")
def a_key_signs_before_it_was_registered(hand: Hand) -> None:
    hand.node_keys(hand.as_centre().made.station.name)[0]["from_seq"] = hand.lines()[1]["seq"]


@forgery("manifest.key_expired")
def a_key_exports_after_its_rotation(hand: Hand) -> None:
    hand.become(rotated()).as_station()
    hand.signer = hand.made.station.keys[0].signer


@forgery("register.key_id")
def the_register_gives_a_key_another_name(hand: Hand) -> None:
    hand.node_keys(hand.made.station.name)[0]["key_id"] = nobody().key_id


@forgery("register.malformed")
def the_register_has_a_field_too_many(hand: Hand) -> None:
    hand.register["note"] = "x"


# --- the log


def another_top(hand: Hand, **changed: object) -> Checkpoint:
    size = len(hand.made.world.log.leaves)
    top = Checkpoint(
        origin="zhichao.example/bayannur",
        size=size,
        root=hand.made.world.log.root(size),
        at=stamp(hand.made.bundle.made_at),
    )
    return replace(top, **changed)  # type: ignore[arg-type]


@forgery("checkpoint.origin")
def the_checkpoint_is_of_another_log(hand: Hand) -> None:
    top = another_top(hand, origin="zhichao.example/ordos")
    hand.files["checkpoint.txt"] = signed_note(top, hand.made.world.centre.signer)


@forgery("checkpoint.signature")
def the_checkpoint_is_signed_by_another(hand: Hand) -> None:
    hand.files["checkpoint.txt"] = signed_note(another_top(hand), nobody())


@forgery("proof.inclusion")
def the_checkpoint_is_of_a_split_view(hand: Hand) -> None:
    top = another_top(hand, root=b"r" * 32)
    hand.files["checkpoint.txt"] = signed_note(top, hand.made.world.centre.signer)


@forgery("proof.inclusion")
def the_checkpoint_is_older_than_the_entries(hand: Hand) -> None:
    old = another_top(hand, size=1, root=hand.made.world.log.root(1))
    hand.files["checkpoint.txt"] = signed_note(old, hand.made.world.centre.signer)


@forgery("proof.order")
def the_log_has_two_entries_in_the_wrong_order(hand: Hand) -> None:
    log = Log()
    first, second, *rest = hand.made.bundle.entries
    for place, one in enumerate((second, first, *rest)):
        log.append(one.entry, hand.made.world.log.places[one.entry.digest][1] + place)
    size = len(log.leaves)
    entries = [replace(e, place=log.proof(e.entry, size)) for e in (first, second, *rest)]
    bundle = replace(hand.made.bundle, entries=tuple(entries))
    hand.files["entries.jsonl"] = bundle_files(bundle)["entries.jsonl"]
    top = another_top(hand, size=size, root=log.root(size))
    hand.files["checkpoint.txt"] = signed_note(top, hand.made.world.centre.signer)


@forgery("checkpoint.malformed")
def the_checkpoint_has_a_line_more(hand: Hand) -> None:
    note = hand.files["checkpoint.txt"]
    hand.files["checkpoint.txt"] = note.replace(b"\n\n", b"\nmore\n\n", 1)


@forgery("checkpoint.absent")
def the_checkpoint_is_left_out(hand: Hand) -> None:
    del hand.files["checkpoint.txt"]


@forgery("checkpoint.key_revoked")
def the_key_of_the_log_was_revoked(hand: Hand) -> None:
    hand.as_station()
    hand.node_keys(hand.made.world.centre.name)[0]["revoked_from_seq"] = 10_000


@forgery("checkpoint.cosignature")
def a_witness_signed_another_checkpoint(hand: Hand) -> None:
    world = hand.made.world
    name, witness = next(iter(world.witnesses.items()))
    other = signed_note(another_top(hand, root=b"r" * 32), world.centre.signer)
    line = cosigned_note(other, name, witness, hand.at).splitlines(keepends=True)[-1]
    hand.files["checkpoint.txt"] = signed_note(another_top(hand), world.centre.signer) + line


@forgery("manifest.made_at")
def the_bundle_is_older_than_its_checkpoint(hand: Hand) -> None:
    hand.at -= timedelta(days=400)


# --- receipts


def add_receipt(hand: Hand, place: int, **changed: object) -> None:
    """Sign a receipt with the centre's key, as of the checkpoint, and changed."""
    entry = [one.entry for one in hand.made.bundle.entries][place]
    world = hand.made.world
    receipt = msgspec.structs.replace(world.receipt(entry), **changed)
    signed = msgspec.to_builtins(sign_receipt(receipt, world.centre.signer))
    kept = [one for one in hand.tree("receipts.json") if one["seq"] != signed["seq"]]
    hand.write_tree("receipts.json", [*kept, signed])


@forgery("receipt.foreign")
def a_receipt_is_of_another_station(hand: Hand) -> None:
    other = next(one for one in hand.made.others if one.node != hand.made.station.name)
    receipt = msgspec.to_builtins(hand.made.world.receipt(other))
    hand.write_tree("receipts.json", [*hand.tree("receipts.json"), receipt])


@forgery("receipt.digest")
def a_receipt_is_of_another_version_of_the_entry(hand: Hand) -> None:
    add_receipt(hand, 0, digest="ab" * 32)


@forgery("receipt.signature")
def a_receipt_is_changed(hand: Hand) -> None:
    receipts = hand.tree("receipts.json")
    receipts[0]["digest"] = "ab" * 32
    hand.write_tree("receipts.json", receipts)


@forgery("receipt.key_unknown")
def a_receipt_is_of_an_unknown_key(hand: Hand) -> None:
    receipts = hand.tree("receipts.json")
    receipts[0]["key_id"] = nobody().key_id
    hand.write_tree("receipts.json", receipts)


@forgery("receipt.place")
def a_receipt_names_another_place(hand: Hand) -> None:
    add_receipt(hand, 1, leaf_index=0)


@forgery("receipt.log_size")
def a_receipt_is_of_a_log_that_shrank(hand: Hand) -> None:
    add_receipt(hand, 0, log_size=10**6)


@forgery("receipt.log_size")
def a_receipt_is_of_another_log_of_that_size(hand: Hand) -> None:
    add_receipt(hand, 0, root="ab" * 32)


@forgery("receipt.duplicate")
def a_receipt_comes_twice(hand: Hand) -> None:
    receipts = hand.tree("receipts.json")
    hand.write_tree("receipts.json", [receipts[0], *receipts])


@forgery("receipt.malformed")
def a_receipt_has_a_field_too_few(hand: Hand) -> None:
    hand.write_tree("receipts.json", [{"node": "x"}])


# --- what lies beside the entries


def two_openings(hand: Hand) -> tuple[list[Tree], int, int]:
    openings = hand.tree("personal.json")
    for n in range(len(openings) - 1):
        if openings[n]["seq"] == openings[n + 1]["seq"]:
            return openings, n, n + 1
    raise NotFound("openings")


@forgery("personal.commitment")
def two_clear_texts_are_swapped(hand: Hand) -> None:
    openings, a, b = two_openings(hand)
    openings[a]["text"], openings[b]["text"] = openings[b]["text"], openings[a]["text"]
    hand.write_tree("personal.json", openings)


@forgery("personal.commitment")
def another_driver_is_named(hand: Hand) -> None:
    openings = hand.tree("personal.json")
    openings[0]["text"] = "李四"
    hand.write_tree("personal.json", openings)


@forgery("personal.foreign")
def a_clear_text_has_no_commitment(hand: Hand) -> None:
    openings = hand.tree("personal.json")
    openings[0]["field"] = "address"
    hand.write_tree("personal.json", openings)


@forgery("personal.foreign")
def a_clear_text_is_of_an_entry_that_is_not_there(hand: Hand) -> None:
    openings = hand.tree("personal.json")
    openings[0]["seq"] = 10_000
    hand.write_tree("personal.json", openings)


@forgery("personal.malformed")
def a_salt_is_shorter(hand: Hand) -> None:
    openings = hand.tree("personal.json")
    openings[0]["salt"] = str(openings[0]["salt"])[:-2]
    hand.write_tree("personal.json", openings)


def first_media(hand: Hand) -> str:
    return next(name for name in sorted(hand.files) if name.startswith("media/"))


@forgery("media.absent")
def a_picture_is_left_out(hand: Hand) -> None:
    del hand.files[first_media(hand)]


@forgery("media.digest")
def a_picture_is_replaced(hand: Hand) -> None:
    hand.files[first_media(hand)] = b"another truck"


@forgery("media.digest")
def two_pictures_change_places(hand: Hand) -> None:
    a, b, *_ = sorted(name for name in hand.files if name.startswith("media/"))
    hand.files[a], hand.files[b] = hand.files[b], hand.files[a]


@forgery("media.foreign")
def a_picture_is_of_another_case(hand: Hand) -> None:
    data = next(iter(made(77).bundle.media.values()))
    hand.files[f"media/{hashlib.sha256(data).hexdigest()}"] = data


@forgery("missing.foreign")
def a_picture_is_said_to_be_gone_that_never_was(hand: Hand) -> None:
    hand.write_tree("missing.json", [{"sha256": "ab" * 32, "reason": "x"}])


@forgery("missing.held")
def a_picture_is_said_to_be_gone_that_is_there(hand: Hand) -> None:
    name = first_media(hand).removeprefix("media/")
    hand.write_tree("missing.json", [{"sha256": name, "reason": "x"}])


@forgery("missing.malformed")
def a_picture_is_gone_for_no_reason(hand: Hand) -> None:
    name = first_media(hand).removeprefix("media/")
    del hand.files[f"media/{name}"]
    hand.write_tree("missing.json", [{"sha256": name, "reason": ""}])


@forgery("law.edition")
def a_law_file_is_changed(hand: Hand) -> None:
    name = next(name for name in hand.files if name.startswith("law/"))
    hand.files[name] += b"# milder\n"


@forgery("law.edition")
def a_law_file_is_left_out(hand: Hand) -> None:
    del hand.files[next(name for name in hand.files if name.startswith("law/"))]


@forgery("law.absent")
def the_law_is_left_out(hand: Hand) -> None:
    hand.files = {n: data for n, data in hand.files.items() if not n.startswith("law/")}


# --- which case


@forgery("case.passage_absent")
def the_weighing_is_left_out(hand: Hand) -> None:
    lines = hand.lines()
    del lines[hand.line_of("passage")]
    hand.write_lines(lines)


@forgery("case.absent")
def the_opening_of_the_case_is_left_out(hand: Hand) -> None:
    lines = hand.lines()
    del lines[hand.line_of("case_opened")]
    hand.write_lines(lines)


@forgery("case.absent")
def the_case_is_given_to_another_station(hand: Hand) -> None:
    hand.manifest["node"] = "station-9"


@forgery("case.other")
def the_case_is_given_another_number(hand: Hand) -> None:
    hand.manifest["case_no"] = "内蒙临河超字〔2026〕99999号"


@forgery("case.other")
def another_truck_is_in_it(hand: Hand) -> None:
    world = hand.made.world
    other = next(one for one in hand.made.others if one.kind == "passage")
    more = Bundled(entry=other, place=world.log.proof(other, len(world.log.leaves)))
    bundle = replace(hand.made.bundle, entries=(*hand.made.bundle.entries, more))
    hand.files["entries.jsonl"] = bundle_files(bundle)["entries.jsonl"]


# --- the manifest and the archive


@forgery("manifest.format")
def the_manifest_is_of_another_format(hand: Hand) -> None:
    hand.manifest["format"] = "zhichao-bundle-2"


@forgery("manifest.format")
def the_manifest_names_no_algorithm(hand: Hand) -> None:
    hand.manifest["alg"] = "none"


@forgery("manifest.malformed")
def the_manifest_has_a_field_more(hand: Hand) -> None:
    hand.manifest["note"] = "x"


@forgery("archive.form")
def the_time_of_the_manifest_is_not_that_of_the_files(hand: Hand) -> None:
    hand.manifest["made_at"] = stamp(hand.at + timedelta(days=1))


@forgery("manifest.key_unknown")
def the_manifest_names_another_maker(hand: Hand) -> None:
    hand.as_centre().manifest["made_by"] = hand.made.station.name


@forgery("manifest.absent")
def the_signature_is_left_out(hand: Hand) -> bytes:
    files = hand.sealed()
    del files["manifest.sig"]
    return zipped(files, hand.at)


@forgery("manifest.unlisted")
def a_file_is_added(hand: Hand) -> bytes:
    return zipped({**hand.sealed(), "media/" + "ab" * 32: b"x"}, hand.at)


@forgery("manifest.file_absent")
def a_file_is_taken_out(hand: Hand) -> bytes:
    files = hand.sealed()
    del files["cover.pdf"]
    return zipped(files, hand.at)


@forgery("manifest.file_absent")
def a_file_that_must_be_there_is_not_even_listed(hand: Hand) -> None:
    del hand.files["personal.json"]


@forgery("manifest.unknown_file")
def a_file_of_no_known_kind_is_added(hand: Hand) -> None:
    hand.files["verdict.exe"] = b"MZ"


@forgery("archive.not_zip")
def it_is_no_archive(hand: Hand) -> bytes:
    return hand.zip()[5:]


@forgery("archive.form")
def it_is_cut(hand: Hand) -> bytes:
    return hand.zip()[:-30]


@forgery("archive.form")
def something_is_hidden_behind_it(hand: Hand) -> bytes:
    return hand.zip() + b"hidden"


@forgery("archive.form")
def something_is_hidden_between_content_and_directory(hand: Hand) -> bytes:
    data = hand.zip()
    count, size, offset = struct.unpack("<10xHLL2x", data[-22:])
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset + 6, 0)
    return data[:offset] + b"hidden" + data[offset:-22] + end


@forgery("archive.compressed")
def it_is_a_bomb(_: Hand) -> bytes:
    return bomb()


@forgery("archive.form")
def it_is_a_bomb_without_compression(hand: Hand) -> bytes:
    return overlapping(hand.zip())


@forgery("archive.form")
def a_file_claims_to_be_larger(hand: Hand) -> bytes:
    return with_size(hand.zip(), 2**32 - 1)


@forgery("archive.too_large")
def it_has_too_many_files(_: Hand) -> bytes:
    return loose_zip([(f"media/{n}", b"") for n in range(archive.MOST_MEMBERS + 1)])


@forgery("archive.duplicate")
def two_files_have_one_name(hand: Hand) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return loose_zip([*hand.sealed().items(), ("cover.pdf", b"other")])


@forgery("archive.form")
def it_was_packed_again(hand: Hand) -> bytes:
    return loose_zip(sorted(hand.sealed().items()))


def named(name: str) -> None:
    def forged(hand: Hand) -> bytes:
        return loose_zip([*hand.sealed().items(), (name, b"x")])

    FORGERIES[f"a_file_is_named_{name}"] = ("archive.name", forged)


for _name in (
    "../keys.json",
    "/etc/passwd",
    "media/../x",
    "./x",
    "a//b",
    "a\\b",
    "C:x",
    "a/",
):
    named(_name)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_by_its_name(name: str) -> None:
    code, forge = FORGERIES[name]
    hand = Hand(rich())
    data = forge(hand) or hand.zip()
    result = check(data, hand.keys())
    assert (result.ok, result.code) == (False, code)
    assert result.where
    assert result.reason
    assert result.checked == {}


def test_a_receipt_of_a_revoked_key_of_the_centre_is_refused() -> None:
    hand = Hand(offline(rich())).as_station()
    hand.node_keys(hand.made.world.centre.name)[0]["revoked_from_seq"] = 10_000
    assert check(hand.zip(), hand.keys(), offline=True).code == "receipt.key_revoked"


def test_the_hand_that_forges_nothing_makes_the_bundle_itself() -> None:
    hand = Hand(rich())
    assert hand.zip() == rich().zip
    assert check(hand.zip(), hand.keys()).ok is True


# --- a station that lies in time, and whose lies the centre took in


def lying(change: Callable[[Witnessed], Witnessed], days: int = 0) -> Made:
    """Return a case whose acts were sealed with another clock or another anchor than was."""
    story = Story(4)
    story.world.clock_verified = True
    story.world.write(story.station, Kind.OUTAGE_BEGIN, Outage(code="uplink", waiting=1))
    story.world.checkpoint()
    plain = story.station.sealer

    def act(name: str) -> None:
        story.station.sealer = replace(
            story.station.sealer,
            boot_id=name,
            clock=FakeClock(story.world.clock.at + timedelta(days=days)),
            witnessed=lambda: change(plain.witnessed()),
        )
        Story._act(story, name)

    story._act = act  # type: ignore[method-assign]
    return story.told()


def test_an_entry_of_a_verified_clock_is_not_later_than_its_receipt() -> None:
    one = lying(lambda known: known, days=3)
    assert check(one.zip, one.keys).code == "time.after_receipt"


def test_an_entry_of_a_verified_clock_is_not_earlier_than_its_anchor() -> None:
    one = lying(lambda known: known, days=-400)
    assert check(one.zip, one.keys).code == "time.before_anchor"


@pytest.mark.parametrize("days", [3, -400])
def test_of_a_clock_that_was_not_verified_it_is_only_noted(days: int) -> None:
    loose = ClockState(source="system")
    one = lying(lambda known: replace(known, clock=loose), days=days)
    result = check(one.zip, one.keys)
    assert result.ok is True
    codes = {note["code"] for note in result.checked["notes"]}
    assert codes & {"time.after_receipt", "time.before_anchor"}


@pytest.mark.parametrize(
    "anchor",
    [
        Anchor(log_size=10_000, root="ab" * 32, at=stamp(NOON)),
        Anchor(log_size=1, root="ab" * 32, at="2030-01-01T00:00:00.000Z"),
    ],
)
def test_an_entry_names_no_checkpoint_of_its_future(anchor: Anchor) -> None:
    one = lying(lambda known: replace(known, anchor=anchor))
    assert check(one.zip, one.keys).code == "time.anchor"


def test_a_later_entry_names_no_older_checkpoint_than_an_earlier_one() -> None:
    sizes = chain([2], repeat(1))
    one = lying(
        lambda known: replace(
            known, anchor=Anchor(log_size=next(sizes), root="ab" * 32, at=stamp(NOON))
        )
    )
    assert check(one.zip, one.keys).code == "time.anchor"


# --- and the whole


def test_every_reason_to_refuse_is_shown_by_a_forgery() -> None:
    shown = {code for code, _ in FORGERIES.values()}
    shown |= {"receipt.key_revoked", "file.unreadable"}
    timed = {"time.after_receipt", "time.before_anchor", "time.anchor"}
    said = {c for c in sentences() if not c.startswith(("word.", "passed"))}
    assert shown | timed | NOTES == said


def test_every_code_in_the_source_has_a_sentence() -> None:
    quoted = re.compile(r'"([a-z]+\.[a-z_]+)"')
    source = "".join(path.read_text() for path in Path(archive.__file__).parent.glob("*.py"))
    families = {code.split(".")[0] for code in sentences()} - {"word"}
    used = {code for code in quoted.findall(source) if code.split(".")[0] in families}
    used = {code for code in used if not code.endswith((".json", ".sig", ".txt"))}
    assert used <= sentences().keys()
