"""The chain: honest ones hold, forged ones are named."""

import json
import re
import sys
import unicodedata
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.contract.entries import Kind, Run, read
from station.domain.errors import BadSignature, BrokenChain, EvidenceError, Fork, MalformedEntry
from station.domain.ledger import ALONE, LEAST, MOST, Head, canonical, check, in_nfc, parse
from tests.fakes import sealer, verifier

details = st.lists(st.text(max_size=20), min_size=1, max_size=6)
trees = st.recursive(
    st.none() | st.booleans() | st.integers(LEAST, MOST) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def chain(texts):
    head, entries = Head(), []
    for text in texts:
        entries.append(sealer().seal(Kind.START, Run(program="p", detail=text), head))
        head = entries[-1].head
    return entries


def verify(entries):
    head = Head()
    for entry in entries:
        check(parse(entry.body, entry.signature), head, verifier())
        head = entry.head


@given(details)
def test_an_honest_chain_holds(texts):
    verify(chain(texts))


@given(details, st.data())
def test_a_changed_byte_is_found(texts, data):
    entries = chain(texts)
    at = data.draw(st.integers(0, len(entries) - 1))
    place = data.draw(st.integers(0, len(entries[at].body) - 1))
    body = bytearray(entries[at].body)
    body[place] ^= data.draw(st.integers(1, 255))
    entries[at] = replace(entries[at], body=bytes(body))
    with pytest.raises(EvidenceError):
        verify(entries)


@given(details)
def test_a_removed_entry_is_found_but_the_last(texts):
    entries = chain([*texts, "one more"])
    with pytest.raises(BrokenChain):
        verify(entries[1:])
    verify(entries[:-1])  # a chain does not prove that its tail is still there


def test_an_entry_sealed_by_another_key_is_refused():
    stranger = sealer(key=1).seal(Kind.START, Run(program="p", detail=""), Head())
    with pytest.raises(BadSignature):
        check(stranger, Head(), verifier())


def test_a_second_entry_in_the_same_place_is_a_fork():
    (first,) = chain(["a"])
    other = sealer().seal(Kind.START, Run(program="p", detail="b"), Head())
    with pytest.raises(Fork):
        check(other, first.head, verifier())


def test_an_entry_that_names_another_past_is_a_fork():
    (first,) = chain(["a"])
    (other,) = chain(["b"])
    second = sealer().seal(Kind.START, Run(program="p", detail="c"), other.head)
    with pytest.raises(Fork):
        check(second, first.head, verifier())


@given(trees)
def test_equal_trees_give_equal_bytes_and_come_back(tree):
    body = canonical({"x": tree})
    assert canonical(json.loads(body)) == body


@pytest.mark.parametrize(
    "bad", [1.0, float("nan"), b"x", {1: "x"}, object(), UUID(int=1), date(2026, 3, 1)]
)
def test_what_is_not_exact_may_not_be_sealed(bad):
    with pytest.raises(TypeError):
        canonical({"x": bad})


@pytest.mark.parametrize("number", [LEAST, MOST])
def test_a_whole_number_of_64_bits_is_sealed_and_none_beyond(number):
    assert canonical({"x": [number]}) == f'{{"x":[{number}]}}'.encode()
    beyond = number + number // abs(number)
    for place in (beyond, [beyond], [0, beyond]):
        with pytest.raises(TypeError):
            canonical({"x": place})
    written = f'{{"key_id":"a","kind":"start","node":"a","prev":"0","seq":1,"x":{beyond}}}'
    with pytest.raises(MalformedEntry):
        parse(written.encode(), b"")
    assert parse(written.replace(str(beyond), str(number)).encode(), b"").seq == 1


@given(trees)
def test_what_composes_is_sealed_composed(tree):
    """Also where other texts beside it keep it from being written as it came."""
    apart = canonical({"x": tree, "y": "e\u0301", "e\u0301": 1, "z": (1, "a")})
    assert canonical({"x": tree, "y": "\u00e9", "\u00e9": 1, "z": [1, "a"]}) == apart


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"node":"a"}',
        b'{"kind":"start","node":"a","prev":"0","seq":1.0}',
        b'{"node":"a","kind":"start","prev":"0","seq":1}',
        b'{"kind":"start", "node":"a","prev":"0","seq":1}',
        b'{"kind":"start","node":"a","prev":"0","seq":true}',
        b'{"kind":"start","node":"a","prev":"0","seq":1,"x":1e400}',
        b"[" * 100_000,
        '{"kind":"start","node":"e\u0301","prev":"0","seq":1}'.encode(),
    ],
)
def test_bytes_that_are_not_canonical_are_malformed(body):
    with pytest.raises(MalformedEntry):
        parse(body, b"")


def test_an_unknown_field_of_a_payload_is_malformed():
    (entry,) = chain(["a"])
    tree = json.loads(entry.body)
    tree["payload"]["more"] = 1
    forged = parse(canonical(tree), b"")
    with pytest.raises(MalformedEntry):
        read(forged)


def test_no_character_that_needs_no_look_composes_with_one_before_it():
    alone = re.compile(f"[{ALONE}]")
    found = [char for char in map(chr, range(sys.maxunicode + 1)) if alone.match(char)]
    assert len(found) > 20_000
    seconds = {
        unicodedata.normalize("NFD", char)[-1]
        for char in map(chr, range(sys.maxunicode + 1))
        if len(unicodedata.normalize("NFD", char)) > 1
    }
    for char in found:
        assert unicodedata.is_normalized("NFC", char)
        assert unicodedata.combining(char) == 0
        assert char not in seconds


@given(st.text() | st.text(st.sampled_from('ae\u0301\u00e9\u4e00\u212b\uac00\u11a8\u3099\u304b"')))
def test_what_is_in_nfc_is_known_without_a_look_at_its_ascii(text):
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    assert in_nfc(text.encode()) == unicodedata.is_normalized("NFC", text)
