"""Which recordings an entry names: one rule for store, uplink, bundle and verifier."""

import json

import msgspec
import pytest

from station.contract.entries import CaseAct, read, tree
from station.contract.media import UNKNOWN, media_of, type_of
from tests.fakes import passage, plate_evidence
from tests.verifier.corpus import made
from verifier.contents import recordings

ONE, TWO, THREE = ("1" * 64, "2" * 64, "a" * 64)


def act(**details: str | int) -> CaseAct:
    return CaseAct(
        case_no="C1",
        act="hand_over",
        authority="road",
        officers=["R1", "R2"],
        at="2026-03-01T04:00:00.000Z",
        details=details,
        stage="handed_over",
        plate="蒙L12345",
        violation_id="v1",
        personal={"driver_name": THREE},
    )


def test_a_crop_and_a_picture_are_named_once_each_in_their_order() -> None:
    plate = msgspec.structs.replace(plate_evidence(), crop=TWO)
    seen = passage(tractor=plate, trailer=plate, vehicle={"photo": {"sha256": ONE}})
    assert media_of(seen) == (TWO, ONE)


def test_a_commitment_is_no_recording_and_a_digest_under_another_name_is_none() -> None:
    assert media_of(act(form_no=ONE, sha256=TWO)) == (TWO,)


@pytest.mark.parametrize("text", ["", "1" * 63, "A" * 64, "１" * 64, "1" * 64 + "\n"])
def test_what_is_no_digest_names_nothing(text: str) -> None:
    assert media_of(act(sha256=text)) == ()


@pytest.mark.parametrize("seed", range(12))
def test_the_verifier_finds_the_same(seed: int) -> None:
    for one in made(seed).bundle.entries:
        payload = json.loads(one.entry.body)["payload"]
        assert set(recordings(payload)) == set(media_of(read(one.entry)[1]))
    assert set(recordings(tree(act(sha256=ONE)))) == {ONE}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x20ftypqt  ", "video/quicktime"),
        (b"RIFF\x00\x00\x00\x00AVI ", "video/x-msvideo"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00WEBP", UNKNOWN),
        (b"\x1aE\xdf\xa3", "video/x-matroska"),
        (b"<html><script>", UNKNOWN),
        (b"\x00\x00\x00\x20ftyp", "video/mp4"),
        (b"", UNKNOWN),
    ],
)
def test_what_a_recording_is_follows_from_its_content_alone(head, kind):
    assert type_of(head) == kind
