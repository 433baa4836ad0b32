"""A checkpoint: read back as it was signed, refused when one byte of it is another."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.contract.checkpoint import (
    Checkpoint,
    cosignatures,
    cosigned_note,
    read_note,
    signed_note,
)
from station.contract.sealing import stamp
from station.contract.signature import Ed25519Signer
from station.domain.errors import BadSignature, EvidenceError, MalformedEntry
from station.domain.merkle import EMPTY_ROOT

LOG = Ed25519Signer(b"l" * 32)
OTHER = Ed25519Signer(b"o" * 32)
WITNESS = Ed25519Signer(b"w" * 32)
WITNESSES = {"police.example": WITNESS.public_key}
AT = "2026-03-01T04:05:06.789Z"
COSIGNED_AT = datetime(2026, 3, 1, 4, 6, tzinfo=UTC)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
times = st.integers(0, 250 * 10**12).map(lambda ms: stamp(EPOCH + timedelta(milliseconds=ms)))
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda name: not any(c.isspace() or c < "!" or c in "+\x7f" for c in name)
)


@st.composite
def checkpoints(draw: st.DrawFn) -> Checkpoint:
    size = draw(st.integers(0, 2**63 - 1))
    root = draw(st.binary(min_size=32, max_size=32)) if size else EMPTY_ROOT
    return Checkpoint(origin=draw(names), size=size, root=root, at=draw(times))


def example() -> Checkpoint:
    return Checkpoint(origin="zhichao.example/log", size=20852163, root=b"r" * 32, at=AT)


def test_the_note_is_written_as_c2sp_says() -> None:
    note = signed_note(example(), LOG)
    text, _, line = note.decode().partition("\n\n")
    root = b64encode(b"r" * 32).decode()
    assert text == f"zhichao.example/log\n20852163\n{root}\nat {AT}"
    dash, name, encoded = line.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", "zhichao.example/log")
    named = b"zhichao.example/log\n\x01" + LOG.public_key
    assert b64decode(encoded)[:4] == hashlib.sha256(named).digest()[:4]
    assert b64decode(encoded)[4:] == LOG.sign(f"{text}\n".encode())


def test_a_cosignature_is_written_as_c2sp_says() -> None:
    note = cosigned_note(signed_note(example(), LOG), "police.example", WITNESS, COSIGNED_AT)
    dash, name, encoded = note.decode().splitlines()[-1].split(" ")
    assert (dash, name) == ("—", "police.example")
    seal = b64decode(encoded)
    named = b"police.example\n\x04" + WITNESS.public_key
    seconds = int(COSIGNED_AT.timestamp())
    assert seal[:4] == hashlib.sha256(named).digest()[:4]
    assert seal[4:12] == seconds.to_bytes(8, "big")
    signed = f"cosignature/v1\ntime {seconds}\n".encode() + example().text
    assert seal[12:] == WITNESS.sign(signed)


@given(checkpoints())
def test_what_is_signed_is_read_back(checkpoint: Checkpoint) -> None:
    note = signed_note(checkpoint, LOG)
    assert read_note(note, [OTHER.public_key, LOG.public_key]) == checkpoint


@given(checkpoints(), names)
def test_a_witness_changes_nothing_that_the_log_said(checkpoint: Checkpoint, name: str) -> None:
    note = cosigned_note(signed_note(checkpoint, LOG), name, WITNESS, COSIGNED_AT)
    assert read_note(note, [LOG.public_key]) == checkpoint
    seen = cosignatures(note, {name: WITNESS.public_key})
    assert seen == {name: int(COSIGNED_AT.timestamp())}


def test_any_changed_byte_is_refused() -> None:
    note = signed_note(example(), LOG)
    for place in range(len(note)):
        for bit in range(8):
            bad = bytearray(note)
            bad[place] ^= 1 << bit
            with pytest.raises(EvidenceError):
                read_note(bytes(bad), [LOG.public_key])
    for end in range(len(note)):
        with pytest.raises(EvidenceError):
            read_note(note[:end], [LOG.public_key])
        with pytest.raises(EvidenceError):
            read_note(note[:end] + b"\n" + note[end:], [LOG.public_key])
    with pytest.raises(EvidenceError):
        read_note(note + b" ", [LOG.public_key])


def test_a_changed_cosignature_is_refused_or_counts_for_nobody() -> None:
    plain = signed_note(example(), LOG)
    note = cosigned_note(plain, "police.example", WITNESS, COSIGNED_AT)
    for place in range(len(plain), len(note)):
        bad = bytearray(note)
        bad[place] ^= 1
        try:
            assert cosignatures(bytes(bad), WITNESSES) == {}
        except EvidenceError:
            continue


def test_a_cosignature_moved_to_another_checkpoint_is_refused() -> None:
    note = cosigned_note(signed_note(example(), LOG), "police.example", WITNESS, COSIGNED_AT)
    line = note.splitlines(keepends=True)[-1]
    later = Checkpoint(origin="zhichao.example/log", size=20852164, root=b"s" * 32, at=AT)
    with pytest.raises(BadSignature):
        cosignatures(signed_note(later, LOG) + line, WITNESSES)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(BadSignature):
        read_note(signed_note(example(), OTHER), [LOG.public_key])
    with pytest.raises(BadSignature):
        read_note(signed_note(example(), LOG), [])


def test_a_witness_is_not_taken_for_the_log() -> None:
    plain = signed_note(example(), LOG)
    both = cosigned_note(plain, "zhichao.example/log", LOG, COSIGNED_AT)
    only = example().text + b"\n" + both.splitlines(keepends=True)[-1]
    with pytest.raises(BadSignature):
        read_note(only, [LOG.public_key])


def test_unknown_witnesses_are_passed_over() -> None:
    note = signed_note(example(), LOG)
    for n in range(16):
        note = cosigned_note(note, f"w{n}.example", OTHER, COSIGNED_AT)
    note = cosigned_note(note, "police.example", WITNESS, COSIGNED_AT + timedelta(seconds=1))
    assert cosignatures(note, WITNESSES) == {"police.example": int(COSIGNED_AT.timestamp()) + 1}


def test_a_witness_signs_once() -> None:
    note = cosigned_note(signed_note(example(), LOG), "police.example", WITNESS, COSIGNED_AT)
    with pytest.raises(MalformedEntry):
        cosigned_note(note, "police.example", WITNESS, COSIGNED_AT)


def test_a_note_without_end_is_not_read() -> None:
    note = signed_note(example(), LOG)
    seal = b64encode(bytes(68)).decode()
    lines = "".join(f"— w{n}.example {seal}\n" for n in range(700)).encode()
    with pytest.raises(MalformedEntry):
        read_note(note + lines, [LOG.public_key])


def test_the_log_signs_under_its_own_name() -> None:
    named = hashlib.sha256(b"else.example\n\x01" + LOG.public_key).digest()[:4]
    seal = b64encode(named + LOG.sign(example().text)).decode()
    with pytest.raises(BadSignature):
        read_note(example().text + f"\n— else.example {seal}\n".encode(), [LOG.public_key])


@pytest.mark.parametrize(
    "line",
    [
        "police.example AAAAAAA=\n",
        "— police.example AAAAAAA=",
        "— police.example AAAAAA==\n",
        "— police.example\n",
        "—  AAAAAAA=\n",
        "- police.example AAAAAAA=\n",
        "\n",
    ],
)
def test_a_line_that_is_no_signature_is_refused(line: str) -> None:
    with pytest.raises(MalformedEntry):
        read_note(signed_note(example(), LOG) + line.encode(), [LOG.public_key])


def test_a_cosignature_with_a_longer_time_is_refused() -> None:
    seconds = int(COSIGNED_AT.timestamp())
    seal = hashlib.sha256(b"police.example\n\x04" + WITNESS.public_key).digest()[:4]
    seal += seconds.to_bytes(9, "big")
    seal += WITNESS.sign(f"cosignature/v1\ntime {seconds}\n".encode() + example().text)
    line = f"— police.example {b64encode(seal).decode()}\n".encode()
    with pytest.raises(MalformedEntry):
        cosignatures(signed_note(example(), LOG) + line, WITNESSES)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": ""},
        {"origin": "a b"},
        {"origin": "a+b"},
        {"origin": "a\nb"},
        {"size": -1},
        {"size": 2**63},
        {"size": 0},
        {"root": b"r" * 31},
        {"at": "2026-03-01T04:05:06Z"},
        {"at": "2026-02-30T04:05:06.789Z"},
        {"at": "2026-03-01T04:05:06.789+08:00"},
    ],
)
def test_what_cannot_stand_in_a_note_is_no_checkpoint(change: dict[str, object]) -> None:
    fields: dict[str, object] = {"origin": "a", "size": 1, "root": b"r" * 32, "at": AT}
    with pytest.raises(MalformedEntry):
        Checkpoint(**(fields | change))  # type: ignore[arg-type]
