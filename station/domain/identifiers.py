"""What identifies a person (个人信息): is it possible, how is it kept, who sees how much."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from station.domain.errors import BadIdentityNumber, InvalidFacts

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_IDENTITY: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_PHONE: Final = re.compile(r"\+?[0-9][0-9-]{5,18}[0-9]")
_LICENCE: Final = re.compile(r"[0-9A-Z]{6,18}")
_LONGEST_NAME: Final = 50
_SHOWN_FIRST, _SHOWN_LAST = 4, 2


def identity_number(text: str, field: str = "driver_id_no") -> str:
    """Return the number of an identity card (居民身份证号码) in its one form.

    ``field``: which one the error names.

    Raises:
        BadIdentityNumber: not 18 places, no such day of birth, or the check digit is another.

    Source: GB 11643 (ISO 7064, MOD 11-2).
    """
    number = text.upper()
    if not _IDENTITY.fullmatch(number):
        raise BadIdentityNumber("18 places: digits, the last may be X", field=field)
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as exc:
        raise BadIdentityNumber("there is no such day", field=field) from exc
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    if _CHECKS[total % len(_CHECKS)] != number[-1]:
        raise BadIdentityNumber("the check digit is another", field=field)
    return number


def personal_text(field: str, text: str) -> str:
    """Return what is kept of a personal field.

    Raises:
        InvalidFacts: there is no such field, or its text is not possible.
    """
    check = _CHECKED.get(field)
    if check is None:
        raise InvalidFacts("there is no such field", field=field)
    return check(unicodedata.normalize("NFC", text).strip())


def masked(field: str, text: str) -> str:
    """Return what others see: ``张*``, ``1528************12``, ``1380*****34``."""
    if field == "driver_name":
        return text[:1] + "*" * max(1, len(text) - 1)
    if len(text) < 2 * (_SHOWN_FIRST + _SHOWN_LAST) - 1:
        return "*" * len(text)
    hidden = len(text) - _SHOWN_FIRST - _SHOWN_LAST
    return text[:_SHOWN_FIRST] + "*" * hidden + text[-_SHOWN_LAST:]


def _name(text: str) -> str:
    if not text or len(text) > _LONGEST_NAME or any(one.isdigit() for one in text):
        raise InvalidFacts("not a name", field="driver_name", why="no_name")
    return text


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise InvalidFacts("not a telephone number", field="driver_phone", why="no_phone")
    return text


def _licence(text: str) -> str:
    """Check a licence number: that of its holder's identity card, or a foreigner's of another form.

    Source: 《机动车驾驶证申领和使用规定》: 身份证明号码(机动车驾驶证号码).
    """
    number = text.upper()
    if _IDENTITY.fullmatch(number):
        return identity_number(number, "driver_licence_no")
    if not _LICENCE.fullmatch(number):
        raise InvalidFacts(
            "not the number of a licence", field="driver_licence_no", why="no_licence"
        )
    return number


_CHECKED: Final[Mapping[str, Callable[[str], str]]] = {
    "driver_name": _name,
    "driver_id_no": identity_number,
    "driver_phone": _phone,
    "driver_licence_no": _licence,
}
