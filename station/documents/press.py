"""Makes the documents of one station: the forms and numbers of its region, and the PDF of each."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime, time

from station.application.views import PassageView
from station.contract.evasion_record import EvasionRecord
from station.contract.proceedings import Issue, Print, Proceedings
from station.documents.letters import letter
from station.documents.papers import Place, paper
from station.documents.registry import Registry
from station.documents.typesetting import pdf
from station.domain.clock import CHINA
from station.domain.forms import Form
from station.rules.lawbook import LawBook


class Press:
    """Implements :class:`station.application.issuing.Press`. ``place``: for which station."""

    def __init__(self, registry: Registry, place: Place, law: LawBook) -> None:
        self._registry = registry
        self.place = place
        self._law = law

    @property
    def forms(self) -> Mapping[str, Form]:
        """Return the documents of the region by kind."""
        return self._registry.forms

    @property
    def pages(self) -> str:
        """Return the address under which drivers find their pages, "" for none."""
        return self.place.pages

    @property
    def recorded(self) -> Set[str]:
        """Return the acts of which the file must hold a recording."""
        return self._registry.recorded

    def number(self, form: Form, year: int, serial: int) -> str:
        """Return the number of a document."""
        return self._registry.number(form, self.place.node, year, serial)

    def letter(self, record: EvasionRecord, weighed: PassageView | None) -> bytes:
        """Return the letter with which an evasion case was handed over; always the same bytes.

        Raises:
            NotFound: it was handed over to nobody.
        """
        shown = letter(record, weighed, self.place)
        made_at = record.until_transfer().steps[-1].at
        return pdf(f"{self._registry.region}/transfer_letter", shown, made_at)

    def pdf(
        self,
        issue: Issue,
        record: Proceedings,
        *,
        personal: Mapping[str, str],
        copy: Print | None = None,
    ) -> bytes:
        """Return a document as PDF/A: the same bytes for the same arguments, on any day.

        Raises:
            DocumentIncomplete, NoLawInForce, NotFound: see :func:`~station.documents.papers.paper`.
        """
        shown = paper(issue, record, place=self.place, law=self._law, personal=personal, copy=copy)
        made_at = datetime.combine(issue.issued_on, time(), CHINA)
        return pdf(f"{self._registry.region}/{issue.form.kind}", shown, made_at)
