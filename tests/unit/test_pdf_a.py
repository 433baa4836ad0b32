"""Every document is a PDF that can be kept: whole in itself, nothing secret, nothing that runs."""

import pytest

from benchmarks.papers import ON, _record
from station.contract.proceedings import Issue
from station.documents.papers import Place
from station.documents.press import Press
from station.documents.registry import registry
from station.rules.lawbook import lawbook
from tests.pdf_a import flaws
from tests.unit.test_cover import made_cover

FORMS = registry("bayannur")


@pytest.fixture(scope="module")
def press():
    place = Place(node="linhe", name="临河", road="G110", offices=FORMS.offices)
    return Press(FORMS, place, lawbook())


def document(press, kind):
    record, form = _record(), FORMS.forms[kind]
    step = record.newest(*form.about)
    issue = Issue(form=form, seq=step.seq, number=press.number(form, ON.year, 1), issued_on=ON)
    return press.pdf(issue, record, personal={})


@pytest.mark.parametrize("kind", FORMS.forms)
def test_a_document_keeps_the_rules_of_pdf_a(press, kind):
    assert flaws(document(press, kind)) == []


def test_the_cover_of_a_bundle_keeps_them_too():
    assert flaws(made_cover()) == []


SPOILT = {
    "encrypted": (b"/OutputIntents", b"/Encrypt 9 0 R /OutputIntents", "has /Encrypt"),
    "of another part": (b"pdfaid:part>2<", b"pdfaid:part>4<", "pdfaid:part is not 2"),
    "with no colour profile": (b"/DestOutputProfile", b"/DestOutputNothing", "no output intent"),
}


@pytest.mark.parametrize(("word", "other", "flaw"), SPOILT.values(), ids=SPOILT)
def test_what_is_spoilt_is_found(word, other, flaw):
    cover = made_cover()
    assert word in cover
    assert any(one.startswith(flaw) for one in flaws(cover.replace(word, other)))
