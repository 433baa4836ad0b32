"""Bases and bounds of every shape. Times are ISO 8601 in UTC; masses kg; money fen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Tree = dict[str, object]


FieldKind = Literal["text", "integer", "date"]


RoleName = Literal["road", "police", "hq", "transport", "admin", "security", "audit", "technician"]


class Shape(BaseModel):
    """Base: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(Shape):
    """Base of what is asked: numbers are numbers and text is text, and both are bounded."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _writable(text: str) -> str:
    """Refuse what a screen or a document could not show: control characters, half characters."""
    if not text.strip() or not all(one.isprintable() or one == "\n" for one in text):
        raise ValueError("blank, or characters that cannot be written")
    return text


Word = Annotated[str, Field(max_length=64), AfterValidator(_writable)]


Text = Annotated[str, Field(max_length=2000), AfterValidator(_writable)]


Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]


class ErrorOut(Shape):
    """Every refusal: a stable code, a Chinese sentence to act on, and its facts."""

    code: str
    message: str
    fields: dict[str, str | int]
