"""The case: every entry of the bundle is about it, and what it was opened on is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from verifier.entries import NAME, Entry
from verifier.refusal import Refused

_OPENED: Final = "case_opened"
_PASSAGE: Final = "passage"


def check_case(case_no: str, node: str, found: Sequence[Entry]) -> None:
    """Check that the entries belong to the case that *node* opened, and none to another."""
    for entry in found:
        if entry.payload.get("case_no", case_no) != case_no:
            raise Refused("case.other", f"{entry.where}.case_no")
    opened = [e for e in found if (e.kind, e.node) == (_OPENED, node)]
    if not opened or "case_no" not in opened[0].payload:
        raise Refused("case.absent", NAME)
    first = opened[0].payload.get("passage_id")
    if not any(e.kind == _PASSAGE and e.payload.get("passage_id") == first for e in found):
        raise Refused("case.passage_absent", f"{opened[0].where}.passage_id")
    again = [e.payload.get("passage_id") for e in found if e.payload.get("recheck_of") == case_no]
    for entry in found:
        if "case_no" not in entry.payload and entry.payload.get("passage_id") not in [
            first,
            *again,
        ]:
            raise Refused("case.other", f"{entry.where}.passage_id")
