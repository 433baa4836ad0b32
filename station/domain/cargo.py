"""What a truck of a case carries (货物), as far as it changes how the excess is removed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from station.domain.case import Case
from station.domain.errors import InvalidFacts
from station.domain.procedure import Act
from station.domain.said import Details


class CargoKind(Enum):
    """Kinds of goods that are not treated alike."""

    GENERAL = "general"  # 普通货物
    PERISHABLE = "perishable"  # 鲜活农产品
    LIVE = "live"  # 活畜禽
    DANGEROUS = "dangerous"  # 危险货物
    INDIVISIBLE = "indivisible"  # 不可解体的大件货物


FRESH: Final = frozenset({CargoKind.PERISHABLE, CargoKind.LIVE})
"""鲜活: what spoils or dies while a truck stands."""

STATED_IN: Final = (Act.ORDER_TO_CORRECT, Act.BEGIN_UNLOADING)


def check_kind(details: Details) -> None:
    """Refuse a kind of goods that there is not.

    Raises:
        InvalidFacts: ``cargo_kind`` is none.
    """
    told = details.get("cargo_kind")
    if told is not None and told not in {kind.value for kind in CargoKind}:
        raise InvalidFacts("no kind of goods", field="cargo_kind", why="no_cargo_kind")


def cargo_of(case: Case, details: Details | None = None) -> CargoKind | None:
    """Return what the officers said of the goods last; None where nothing was said.

    ``details``: of the act that is about to be done.
    """
    said: list[Mapping[str, str | int]] = [] if details is None else [details]
    said += [done.details for done in reversed(case.history) if done.act in STATED_IN]
    told = next((one["cargo_kind"] for one in said if "cargo_kind" in one), None)
    return None if told is None else CargoKind(told)
