"""Which recordings (pictures, crops of plates) an entry names, by their digest."""

from __future__ import annotations

import re
from typing import Final

from station.contract.entries import CaseAct, Passage, PassageReview, Payload, UnweighedPass

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def media_of(payload: Payload) -> tuple[str, ...]:
    """Return the SHA-256 (hex) of each recording that *payload* names, each once, in order."""
    match payload:
        case Passage():
            named = [picture.sha256 for picture in payload.pictures]
            named += _crops(payload)
        case PassageReview():
            named = _crops(payload)
        case UnweighedPass():
            named = [picture.sha256 for picture in payload.pictures]
        case CaseAct():
            named = [str(value) for value in payload.details.values()]
        case _:
            named = []
    return tuple(dict.fromkeys(one for one in named if _DIGEST.fullmatch(one)))


def _crops(payload: Passage | PassageReview) -> list[str]:
    return [plate.crop for plate in (payload.tractor, payload.trailer) if plate]
