"""Writes the list of vehicles that the police of a home are told of (抄送清单) as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from central.application.views import MismatchView
from central.export.repeat_vehicles import BOM, harmless
from station.contract.messages import message

_HEADER: Final = ("plate", "subject", "mismatch", "facts", "noted_on", "station", "passage")
_SEPARATOR: Final = "、"


def mismatches_csv(found: Iterable[MismatchView]) -> bytes:
    """Return the file: UTF-8 with BOM, lines ended by CR LF, a Chinese header."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow(message(f"export.{name}", {}) for name in _HEADER)
    for one in found:
        kinds = _SEPARATOR.join(message(f"export.mismatch_{kind}", {}) for kind in one.kinds)
        cells = (
            one.plate,
            message(f"export.subject_{one.subject}", {}),
            kinds,
            one.facts,
            one.noted_on.isoformat(),
            one.node,
            one.passage_id,
        )
        writer.writerow(harmless(cell) for cell in cells)
    return text.getvalue().encode()


def mismatches_file_name(home: str) -> str:
    """Return the file's Chinese name."""
    return message("export.mismatches_file_name", {"home": home})
