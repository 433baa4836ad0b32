"""The log's tree, held against RFC 6962 section 2.1 as it is written there, recursively."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.domain.errors import BadProof
from station.domain.merkle import (
    EMPTY,
    Frontier,
    Range,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    needed_consistency,
    needed_inclusion,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(71)
LEAVES = [leaf_hash(f"entry {n}".encode(), bytes(64), n) for n in range(max(SIZES))]


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, over leaves that are hashed already."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


ROOTS = [mth(LEAVES[:size]) for size in SIZES]


def subtree(lo: int, hi: int) -> bytes:
    assert (hi - lo).bit_count() == 1
    assert lo % (hi - lo) == 0
    return mth(LEAVES[lo:hi])


def fetched(ranges: tuple[Range, ...]) -> dict[Range, bytes]:
    return {(lo, hi): subtree(lo, hi) for lo, hi in ranges}


def test_a_leaf_is_the_digest_of_body_signature_and_time_of_receipt() -> None:
    expected = sha256(b"\x00" + b"{}" + bytes(64) + bytes([0, 0, 1, 2, 3, 4, 5, 6])).digest()
    assert leaf_hash(b"{}", bytes(64), 0x010203040506) == expected
    assert node_hash(b"l" * 32, b"r" * 32) == sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()


@pytest.mark.parametrize("size", SIZES)
def test_a_frontier_has_the_root_of_its_leaves_however_they_came(size: int) -> None:
    whole = EMPTY.extended(LEAVES[:size])
    assert whole.root == ROOTS[size]
    for first in range(size + 1):
        assert EMPTY.extended(LEAVES[:first]).extended(LEAVES[first:size]) == whole


def test_a_frontier_with_a_peak_too_many_or_too_few_is_refused() -> None:
    with pytest.raises(BadProof):
        Frontier(3, (LEAVES[0],))
    with pytest.raises(BadProof):
        Frontier(4, (LEAVES[0], LEAVES[1]))
    with pytest.raises(BadProof):
        Frontier(-1, (LEAVES[0],))


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_of_every_tree_is_proved_as_the_rfc_says(size: int) -> None:
    for index in range(size):
        parts = fetched(needed_inclusion(index, size))
        proof = inclusion_proof(index, size, lambda lo, hi, p=parts: p[lo, hi])
        assert list(proof) == path(index, LEAVES[:size])
        verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@pytest.mark.parametrize("new", SIZES)
def test_every_earlier_tree_is_proved_to_be_the_beginning_as_the_rfc_says(new: int) -> None:
    for old in range(new + 1):
        parts = fetched(needed_consistency(old, new))
        proof = consistency_proof(old, new, lambda lo, hi, p=parts: p[lo, hi])
        assert list(proof) == (subproof(old, LEAVES[:new], True) if old else [])
        verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


def refused_inclusion(index: int, at: int, size: int, proof: list[bytes], root: bytes) -> bool:
    try:
        verify_inclusion(LEAVES[index], at, size, proof, root)
    except BadProof:
        return True
    return False


def test_no_leaf_is_proved_at_another_place_or_to_another_root() -> None:
    for size in range(1, 34):
        for index in range(size):
            proof = list(inclusion_proof(index, size, subtree))
            for at in range(-1, size + 2):
                if at != index:
                    assert refused_inclusion(index, at, size, proof, ROOTS[size])
            assert refused_inclusion(index, index, size, proof, ROOTS[size + 1])
            assert refused_inclusion((index + 1) % 70, index, size, proof, ROOTS[size])


def changed(proof: list[bytes]) -> list[list[bytes]]:
    """Proofs that differ: an element wrong, missing, doubled, added at either end, or swapped."""
    out = [[*proof, LEAVES[0]], [LEAVES[0], *proof]]
    for n, part in enumerate(proof):
        flipped = bytes([part[0] ^ 1]) + part[1:]
        out += [[*proof[:n], flipped, *proof[n + 1 :]], proof[:n] + proof[n + 1 :]]
        out += [proof[: n + 1] + proof[n:]]
        if n:
            out.append([*proof[: n - 1], part, proof[n - 1], *proof[n + 1 :]])
    return out


def test_a_proof_with_any_element_changed_is_refused() -> None:
    for size in range(1, 34):
        for index in range(size):
            for bad in changed(list(inclusion_proof(index, size, subtree))):
                assert refused_inclusion(index, index, size, bad, ROOTS[size])


def refused_consistency(old: int, old_root: bytes, new: int, root: bytes, p: list[bytes]) -> bool:
    try:
        verify_consistency(old, old_root, new, root, p)
    except BadProof:
        return True
    return False


def test_a_log_whose_past_was_changed_is_refused() -> None:
    for new in range(1, 34):
        for old in range(new + 1):
            proof = list(consistency_proof(old, new, subtree))
            other = sha256(ROOTS[old]).digest()
            assert refused_consistency(old, other, new, ROOTS[new], proof)
            for bad in changed(proof):
                assert refused_consistency(old, ROOTS[old], new, ROOTS[new], bad)
            if old > 0:
                assert refused_consistency(old, ROOTS[old], new, other, proof)
                assert refused_consistency(old - 1, ROOTS[old], new, ROOTS[new], proof)
                assert refused_consistency(new, ROOTS[new], old, ROOTS[old], proof) is (old < new)


def test_a_root_is_not_taken_for_that_of_a_smaller_tree() -> None:
    assert refused_inclusion(7, 0, 1, list(inclusion_proof(7, 8, subtree)), ROOTS[8])
    assert refused_consistency(3, ROOTS[3], 1, ROOTS[3], [ROOTS[3]])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (4, 4)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(BadProof):
        needed_inclusion(index, size)
    with pytest.raises(BadProof):
        inclusion_proof(index, size, subtree)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1)])
def test_there_is_no_proof_that_a_log_shrank(old: int, new: int) -> None:
    with pytest.raises(BadProof):
        needed_consistency(old, new)
    with pytest.raises(BadProof):
        consistency_proof(old, new, subtree)


@given(st.data())
def test_few_ranges_are_needed_of_a_log_of_any_size(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 2**40))
    index = data.draw(st.integers(0, size - 1))
    for ranges in (needed_inclusion(index, size), needed_consistency(index, size)):
        assert len(ranges) <= 2 * size.bit_length()
        for lo, hi in ranges:
            assert (hi - lo).bit_count() == 1
            assert lo % (hi - lo) == 0
            assert hi <= size
