"""Units. Every physical or money quantity in the system is an exact integer."""

from __future__ import annotations

from typing import NewType

Kg = NewType("Kg", int)
"""Mass in kilograms (千克)."""

Mm = NewType("Mm", int)
"""Length in millimetres (毫米)."""

Fen = NewType("Fen", int)
"""Money in fen (分); 100 fen = 1 yuan."""

Permille = NewType("Permille", int)
"""Ratio in thousandths (千分比), floored; 300 = thirty per cent."""


def tonnes_text(mass: Kg) -> str:
    """Show *mass* in tonnes without losing a kilogram, for people only: ``18250 -> '18.25 t'``."""
    whole, rest = divmod(abs(mass), 1000)
    digits = f"{rest:03d}".rstrip("0")
    point = f".{digits}" if digits else ""
    return f"{'-' if mass < 0 else ''}{whole}{point} t"
