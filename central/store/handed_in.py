"""Reads what is handed to an auditor in files: receipts of stations, checkpoints of a witness."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from station.contract.uplink import Receipt
from station.domain.errors import InvalidFacts

_T = TypeVar("_T")


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a witness's book; only the note counts."""

    note: str


def receipts(path: Path) -> list[Receipt]:
    """Return receipts: a list, as ``receipts.json`` of a bundle, or one on each line.

    Raises:
        InvalidFacts: the file cannot be read as such.
    """
    return _records(path, Receipt)


def witnessed_notes(path: Path) -> list[str]:
    """Return the notes in a witness's ``checkpoints.jsonl``.

    Raises:
        InvalidFacts: the file cannot be read as such.
    """
    return [line.note for line in _records(path, Witnessed)]


def _records(path: Path, kind: type[_T]) -> list[_T]:
    try:
        data = path.read_bytes()
        if data.lstrip().startswith(b"["):
            return msgspec.json.decode(data, type=list[kind])  # type: ignore[valid-type]
        return [msgspec.json.decode(line, type=kind) for line in data.splitlines() if line]
    except OSError as exc:
        raise InvalidFacts(f"{path}: {exc.strerror}", field=str(path)) from exc
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise InvalidFacts(f"{path}: {exc}", field=str(path)) from exc
