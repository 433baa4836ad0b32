"""Random changes of a good bundle, each of which must be refused."""

from __future__ import annotations

import random
from collections.abc import Callable

from station.contract.bundle import zipped
from tests.verifier.corpus import Made
from tests.verifier.forging import Hand, nobody

Mutation = Callable[[Hand, random.Random], bytes]


def a_bit_flips(hand: Hand, rng: random.Random) -> bytes:
    data = bytearray(hand.zip())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def bytes_are_cut_out(hand: Hand, rng: random.Random) -> bytes:
    data = hand.zip()
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 200) :]


def bytes_are_put_in(hand: Hand, rng: random.Random) -> bytes:
    data = hand.zip()
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.randbytes(rng.randint(1, 50)) + data[start:]


def the_end_is_cut(hand: Hand, rng: random.Random) -> bytes:
    data = hand.zip()
    return data[: rng.randrange(len(data))]


def two_files_are_swapped(hand: Hand, rng: random.Random) -> bytes:
    files = hand.sealed()
    one, other = rng.sample(sorted(files), 2)
    files[one], files[other] = files[other], files[one]
    return zipped(files, hand.at)


def two_files_are_swapped_and_signed(hand: Hand, rng: random.Random) -> bytes:
    # The cover binds nobody: swapped with another file it is the other that is wrong.
    one, other = rng.sample(sorted(hand.files), 2)
    hand.files[one], hand.files[other] = hand.files[other], hand.files[one]
    return hand.zip()


def a_file_is_left_out_and_signed(hand: Hand, rng: random.Random) -> bytes:
    del hand.files[rng.choice(sorted(hand.files.keys() - _FREE))]
    return hand.zip()


def a_file_is_changed_and_signed(hand: Hand, rng: random.Random) -> bytes:
    name = rng.choice(sorted(hand.files.keys() - _FREE - {"checkpoint.txt"}))
    data = bytearray(hand.files[name])
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    hand.files[name] = bytes(data)
    return hand.zip()


def the_checkpoint_is_changed_and_signed(hand: Hand, rng: random.Random) -> bytes:
    # Only what the log signed: a line of a witness may be dropped, and then witnesses nothing.
    note = bytearray(hand.files["checkpoint.txt"])
    end = note.index(b"\n", note.index(b"\n\n") + 2)
    note[rng.randrange(end)] ^= 1 << rng.randrange(8)
    hand.files["checkpoint.txt"] = bytes(note)
    return hand.zip()


def a_field_of_the_manifest_is_changed_and_signed(hand: Hand, rng: random.Random) -> bytes:
    changes: dict[str, list[object]] = {
        "format": ["zhichao-bundle-2", "", None],
        "case_no": ["内蒙临河超字〔2026〕x号", "", 1],
        "node": ["station-9", "", None],
        "made_at": ["2025-01-01T00:00:00.000Z", "2026-03-01", 5],
        "made_by": ["station-9", "", None],
        "key_id": [nobody().key_id, "", None],
        "alg": ["sm2", "none", None],
        "files": [{}, [], None],
    }
    name = rng.choice(sorted(changes))
    hand.manifest[name] = rng.choice(changes[name])
    return hand.zip()


_FREE = frozenset({"cover.pdf", "missing.json"})
"""What a maker may word as he likes: the cover, and for what reason a recording is gone."""

MUTATIONS: tuple[Mutation, ...] = (
    a_bit_flips,
    bytes_are_cut_out,
    bytes_are_put_in,
    the_end_is_cut,
    two_files_are_swapped,
    two_files_are_swapped_and_signed,
    a_file_is_left_out_and_signed,
    a_file_is_changed_and_signed,
    the_checkpoint_is_changed_and_signed,
    a_field_of_the_manifest_is_changed_and_signed,
)


def mutated(good: Made, seed: int) -> tuple[str, bytes, bytes]:
    """Return the name of a change, the bundle and the register."""
    rng = random.Random(seed)
    mutation = MUTATIONS[seed % len(MUTATIONS)]
    while True:
        hand = Hand(good)
        data = mutation(hand, rng)
        if data != good.zip:  # not when two empty lists were swapped
            return mutation.__name__, data, hand.keys()
