"""The cover of a bundle: the same bytes for the same record, and text is never markup."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace

import pytest

from station.contract.bundle import Bundle, Collected, Remark
from station.contract.checkpoint import Checkpoint, read_note
from station.contract.entries import Kind
from station.contract.messages import templates
from station.documents.cover import Maker, covered, slip_number
from station.domain.procedure import Act
from tests.verifier.corpus import made

GOOD = made(0)
AGAIN = """
import hashlib
from tests.unit.test_cover import made_cover
print(hashlib.sha256(made_cover()).hexdigest())
"""


def top() -> Checkpoint:
    keys = [key.signer.public_key for key in GOOD.world.centre.keys]
    return read_note(GOOD.bundle.note.encode(), keys)


def made_cover(bundle: Bundle = GOOD.bundle, **changed: object) -> bytes:
    values: dict[str, object] = {
        "station": "临河南超限检测站",
        "maker": Maker(node="bayannur-hq", name="巴彦淖尔市治超办"),
        "keys": [(GOOD.station.name, GOOD.station.signer.public_key)],
        "checkpoint": top(),
        "witnesses": ("police.example/w",),
        "remarks": (Remark("bundle.unproved", 1),),
    }
    values |= changed
    collected = Collected(
        bundle=bundle, checkpoint=values.pop("checkpoint"), remarks=values.pop("remarks")
    )
    return covered(collected, **values).cover  # type: ignore[arg-type]


def test_the_same_record_gives_the_same_bytes_in_another_process() -> None:
    done = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == hashlib.sha256(made_cover()).hexdigest()


def test_it_is_a_pdf_for_keeping() -> None:
    document = made_cover()
    assert document.startswith(b"%PDF-1.7")
    assert b"pdfaid:part" in document


@pytest.mark.parametrize(
    "change",
    [
        {"station": "乌拉特前旗超限检测站"},
        {"maker": Maker(node="station-1", name="临河南超限检测站")},
        {"keys": [(GOOD.station.name, bytes(32))]},
        {"checkpoint": None},
        {"witnesses": ()},
        {"remarks": ()},
        {"remarks": (Remark("bundle.unproved", 2),)},
    ],
)
def test_everything_that_it_is_told_shows(change: dict[str, object]) -> None:
    assert made_cover(**change) != made_cover()


def test_it_says_how_many_entries_have_no_proof() -> None:
    first, *rest = GOOD.bundle.entries
    some = replace(GOOD.bundle, entries=(replace(first, place=None), *rest))
    none = replace(GOOD.bundle, entries=tuple(replace(e, place=None) for e in (first, *rest)))
    assert len({made_cover(bundle) for bundle in (GOOD.bundle, some, none)}) == 3


@pytest.mark.parametrize("text", ['#panic("x")', "*_`$", '"\\', "#{", "</script>", "\n\n= x", ""])
def test_text_is_never_read_as_markup(text: str) -> None:
    assert made_cover(replace(GOOD.bundle, case_no=text), station=text).startswith(b"%PDF")


def test_every_kind_of_entry_and_every_act_has_a_name() -> None:
    words = templates()
    assert all(f"value.kind.{kind.value}" in words for kind in Kind)
    assert all(f"value.act.{act.value}" in words for act in Act)


def test_a_slip_names_node_seq_and_the_beginning_of_the_digest() -> None:
    entry = GOOD.bundle.entries[0].entry
    assert slip_number(entry) == f"{entry.node}-{entry.seq}-{entry.digest[:10]}"
