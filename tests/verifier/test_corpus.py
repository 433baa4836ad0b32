"""A thousand good bundles pass, a thousand changed ones do not, and openssl says the same."""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

import pytest

from tests.verifier.corpus import Made, made, offline
from tests.verifier.mutating import MUTATIONS, mutated
from tests.verifier.openssl import PROGRAM, refused, signed_parts
from verifier.check import check

COUNT = 1000
SEED = int(os.environ.get("ZHICHAO_SEED", secrets.randbelow(10**9)))
CHUNKS = range(10)

needs_openssl = pytest.mark.skipif(
    PROGRAM is None and "CI" not in os.environ, reason="openssl is not installed"
)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_good_bundles_pass(chunk: int) -> None:
    for seed in range(SEED + chunk, SEED + COUNT, len(CHUNKS)):
        good = made(seed)
        result = check(good.zip, good.keys)
        assert result.ok is True, f"seed {seed}: {result}"
        assert result.checked["case_no"] == good.bundle.case_no
        assert len(result.checked["entries"]) == len(good.bundle.entries)


@cache
def one_of_fifty(place: int) -> Made:
    return made(SEED + place)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_changed_bundles_are_refused(chunk: int) -> None:
    tried: set[str] = set()
    for seed in range(SEED + chunk * 100, SEED + (chunk + 1) * 100):
        name, data, keys = mutated(one_of_fifty(seed % 50), seed)
        tried.add(name)
        result = check(data, keys)
        assert result.ok is False, f"seed {seed}: {name}"
        assert check(data, keys, offline=True).ok is False, f"seed {seed}: {name}"
    assert len(tried) == len(MUTATIONS)


def test_a_bundle_without_proofs_passes_only_where_that_is_asked_for() -> None:
    for seed in range(SEED, SEED + 20):
        bare = offline(made(seed))
        assert check(bare.zip, bare.keys).code == "proof.absent"
        result = check(bare.zip, bare.keys, offline=True)
        assert result.ok == "offline", f"seed {seed}: {result}"
        assert result.checked["checkpoint"] is None


def test_a_bundle_with_all_its_proofs_passes_fully_also_when_offline_is_allowed() -> None:
    good = made(SEED)
    assert check(good.zip, good.keys, offline=True).ok is True


def test_the_same_case_gives_the_same_bytes() -> None:
    assert made(SEED).zip == made(SEED).zip


@needs_openssl
def test_openssl_accepts_every_signature_that_the_verifier_accepted(tmp_path: Path) -> None:
    for seed in range(SEED, SEED + 12):
        good = made(seed)
        assert refused(good.zip, good.keys, tmp_path) == [], f"seed {seed}"


@needs_openssl
def test_openssl_refuses_a_changed_entry(tmp_path: Path) -> None:
    change = next(
        change
        for seed in range(7, 10_000, len(MUTATIONS))
        if (change := mutated(made(SEED), seed))
        and check(change[1], change[2]).code == "entry.signature"
    )
    _, data, keys = change
    assert len(refused(data, keys, tmp_path)) == 1
    assert len(list(signed_parts(data, keys))) > 1
