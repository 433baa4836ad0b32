"""The only module that runs the typesetter: a template and plain data in, a PDF out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Final

import pylopdf_fonts_zh_cn
import typst

TEMPLATES: Final = Path(str(files("station.documents") / "templates"))

_ONE_AT_A_TIME: Final = Lock()
"""The compiler keeps what it has read and must not be entered twice."""


def pdf(template: str, data: Mapping[str, object], made_at: datetime) -> bytes:
    """Return a document as PDF/A-2b: the same bytes for the same input, on any day.

    Args:
        template: path of a file in ``templates``, without its ending.
        data: what the template shows; text stays text and is never read as markup.
        made_at: the date that the document bears, from the record.
    """
    with _ONE_AT_A_TIME:
        document = _compiler().compile(
            TEMPLATES / f"{template}.typ",
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            pdf_standards=["a-2b"],
            timestamp=made_at.astimezone(UTC).replace(microsecond=0),
        )
    if not isinstance(document, bytes):
        raise TypeError("a PDF is one sequence of bytes")
    return document


@cache
def _compiler() -> typst.Compiler:
    # Only fonts that came with packages: those of a machine would change the bytes.
    folder = pylopdf_fonts_zh_cn.sans_path().parent
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[folder])
    return typst.Compiler(root=TEMPLATES, font_paths=fonts, ignore_system_fonts=True)
