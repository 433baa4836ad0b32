"""Which documents of a case are due (应制发文书), and about which step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from station.application.findings import FEN_PER_YUAN
from station.application.views import DocumentView
from station.contract.proceedings import Step
from station.contract.sealing import local_day
from station.domain.case import Case
from station.domain.clock import Clock
from station.domain.forms import Form, When
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import EFFECTIVE, Penalty
from station.rules.lawbook import LawBook

_OF_THE_DECISION: Final = {Act.TAKE_EFFECT.value, Act.SERVE.value, Act.DEFER.value}
"""What says nothing any more once the decision is revoked."""
_SIMPLE: Final = {Role.POLICE: "procedure.police.simple_max", Role.ROAD: "procedure.simple.citizen"}


class DueForms:
    """The forms of a region and when each is due."""

    def __init__(self, forms: Mapping[str, Form], law: LawBook, clock: Clock) -> None:
        self._forms = forms
        self._law = law
        self._clock = clock

    def of(self, case: Case, steps: Sequence[Step]) -> tuple[tuple[Form, Step], ...]:
        """Return the forms that are due now, each with what it is about, issued or not."""
        found = ((form, self.step(form, case, steps)) for form in self._forms.values())
        return tuple((form, step) for form, step in found if step is not None)

    def step(self, form: Form, case: Case, steps: Sequence[Step]) -> Step | None:
        """Return what *form* would be about now, None where it is not due."""
        step = next((step for step in reversed(steps) if step.name in form.about), None)
        if step is None or case.state.penalty is Penalty.VOIDED:
            return None
        if step.name in _OF_THE_DECISION and case.state.penalty not in EFFECTIVE:
            return None
        fine = case.fine_fen or 0
        if form.when is When.FINED and fine == 0:
            return None
        return None if form.when is When.SIMPLE and fine > self._simple(case.penal) else step

    def issued(
        self, form: Form, step: Step, documents: Iterable[DocumentView]
    ) -> DocumentView | None:
        """Return the document that is there already: the same, or one of its group."""
        kinds = {
            one.kind
            for one in self._forms.values()
            if one.kind == form.kind or (form.group and one.group == form.group)
        }
        return next(
            (
                view
                for view in documents
                if view.issued.document in kinds and view.issued.act_seq == step.seq
            ),
            None,
        )

    def _simple(self, penal: Role) -> int:
        """Return up to how many fen an authority may decide on the spot (行政处罚法 art 51)."""
        today = date.fromisoformat(local_day(self._clock.now()))
        return int(self._law.provision(_SIMPLE[penal], today).value) * FEN_PER_YUAN
