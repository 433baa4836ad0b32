"""The law in force on one day (现行有效), compiled: what a verdict looks up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from station.domain.errors import NoLawInForce
from station.domain.units import Kg, Mm
from station.rules.limit import Limit
from station.rules.parameter import Parameter, Provision
from station.rules.verdict import Reason, Yuan


class Drawn(NamedTuple):
    """One drawing of the 认定标准 and what 令62号 says of the same number of axles.

    Attributes:
        kg: limit by the drawing.
        order62_kg: limit by 令62号 article 3.
        reasons: the drawing's provision, ready to hand out.
        compare: the provision of 令62号, handed out where the two differ.
    """

    kg: Kg
    order62_kg: Kg
    reasons: tuple[Reason, ...]
    compare: Reason


class DimensionLimit(NamedTuple):
    """Limit of one outer dimension."""

    dimension: str
    mm: Mm
    rule: str
    title: str
    source: str
    confidence: str


class Ceiling(NamedTuple):
    """Row of the road administration's fines for dimensions: up to these sizes, this band."""

    height: Mm
    width: Mm
    length: Mm
    band: Yuan


class AxleLimits(NamedTuple):
    """Axle and group limits of GB 1589, kg, and the spacings that divide its rows, mm."""

    single_tyre: int
    wide_tyre: int
    wide_tyre_driven: int
    dual_tyre: int
    dual_tyre_air: int
    dual_tyre_driven: int
    tandem_below_1000_motor: int
    tandem_below_1000_trailer: int
    tandem_below_1300: int
    tandem_below_1800: int
    tandem_below_1800_air_driven: int
    tandem_from_1800_trailer: int
    tridem_up_to_1300: int
    tridem_up_to_1400: int
    spacing_tandem_close: int
    spacing_tandem_near: int
    spacing_tandem_wide: int
    spacing_tridem_near: int
    spacing_tridem_wide: int


class Points(NamedTuple):
    """Points (记分) for overload; ``higher_at_boundary``: exactly on a step counts upwards."""

    by_registered_gross: bool
    lower: int
    middle: int
    upper: int
    middle_from: int
    upper_from: int
    higher_at_boundary: bool


class InForce:
    """The law of one day. Made by :meth:`LawBook.on`; holds no date of its own.

    ``limits`` remembers limits that were found, by vehicle key; it changes no answer.

    Raises:
        NoLawInForce: on that day the limits of mass are not yet in force.
    """

    def __init__(self, parameters: Mapping[str, Parameter], day: date, edition: str) -> None:
        read = _Reader(parameters, day)
        self.edition = edition
        self.limits: dict[str, Limit] = {}
        self.drawn = {
            name: _drawn(read, name, other) for name, other in _ORDER62_OF_DRAWING.items()
        }
        self.air_spread = _drawn(read, "tr_04_a_air_spread", None)
        self.air_spread_from = Mm(read.number("limit.air_suspension.spread_distance"))
        self.air_bonus = read.reason("limit.air_suspension.truck_bonus", "adjust")
        self.single_tyre = read.reason("limit.single_tyre.reduction", "adjust")
        self.single_tyre_per_axle = read.choice("limit.single_tyre.mode") == "per_axle"
        self.two_axle_capped = read.choice("limit.registered.two_axle_truck") == "caps"
        self.two_axle_cap = read.reason("limit.registered.two_axle_truck", "cap")
        self.registered_limit = read.reason("limit.registered.low_speed", "base")
        self.posted_caps = read.choice("limit.posted") == "caps"
        self.posted = read.reason("limit.posted", "cap")
        self.permit = read.reason("limit.permit", "permit")
        self.contested_to_review = read.choice("limit.contested_band") == "needs_review"
        self.axle_sum_caps = read.choice("limit.axle_sum") == "caps"
        self.axles, self.axles_confidence = _axle_limits(read)
        self.axle_sum = read.reason("limit.axle_sum", "cap")._replace(
            confidence=self.axles_confidence
        )
        self.tolerance = read.reason("tolerance.station_warn", "tolerance")
        self.tolerance_kg = self.tolerance.kg
        self._entry = read.reason_or_none("tolerance.entry_ratio", "ceiling")
        self.height = _dimension(read, "height", "limit.order62.height")
        self.width = _dimension(read, "width", "limit.order62.width")
        self.width_refrigerated = _dimension(
            read, "width", "limit.gb1589.dimension.width_refrigerated"
        )
        self.length = _dimension(read, "length", "limit.order62.length")
        self.authority = {
            mode: None
            if (word := read.choice_or_none(f"penalty.authority.{mode}")) == "none"
            else word
            for mode in _MODES
        }
        self._read_penalties(read)

    @property
    def entry(self) -> Reason:
        """The rule of expressway entries; its ``kg`` is the permille of the limit let through.

        Raises:
            NoLawInForce: before the day of that rule.
        """
        if self._entry is None:
            raise NoLawInForce(key="tolerance.entry_ratio")
        return self._entry

    def _read_penalties(self, read: _Reader) -> None:
        self.per_1000kg = read.number("penalty.road_admin.per_1000kg")
        self.road_cap = read.number("penalty.road_admin.cap")
        self.road_floor = read.choice("penalty.road_admin.partial_tonne") == "floor"
        self.dimension_rows = tuple(
            Ceiling(
                height=Mm(read.number(f"penalty.road_admin.dimension.{row}.height")),
                width=Mm(read.number(f"penalty.road_admin.dimension.{row}.width")),
                length=Mm(read.number(f"penalty.road_admin.dimension.{row}.length")),
                band=read.band(f"penalty.road_admin.dimension.{row}"),
            )
            for row in ("small", "medium")
        )
        self.dimension_beyond = read.band("penalty.road_admin.dimension.large")
        self.overload_lower = read.band("penalty.police.overload_lower")
        self.overload_upper = read.band("penalty.police.overload_upper")
        self.overload_boundary = read.number("penalty.police.overload_boundary")
        self.load_dimension = read.band("penalty.police.load_dimension")
        self.load_dimension_points = read.number_or_none("points.load_dimension")
        self.simple_max = read.number("procedure.police.simple_max")
        self.hearing_from = read.number("procedure.hearing.police_person")
        self.points = Points(
            by_registered_gross=read.choice("points.basis") == "registered_gross",
            lower=read.number("points.overload_lower"),
            middle=read.number("points.overload_middle"),
            upper=read.number("points.overload_upper"),
            middle_from=read.number("points.middle_from"),
            upper_from=read.number("points.upper_from"),
            higher_at_boundary=read.choice("points.boundary") == "higher",
        )


_MODES = ("resident", "mobile", "road_admin_alone", "offsite", "expressway_entry")
_ORDER62_OF_DRAWING = {
    "tr_02": "two_axle_truck",
    "tr_03_r": "three_axle_truck",
    "tr_03_a": "three_axle_combination",
    "tr_03_c": "three_axle_combination",
    "tr_04_r": "four_axle_truck",
    "tr_04_a": "four_axle_combination",
    "tr_04_c": "four_axle_combination",
    "tr_04_c_three_plus_one": "four_axle_combination",
    "tr_04_f": "four_axle_combination",
    "tr_05_a": "five_axle_combination",
    "tr_05_a_two_plus_three": "five_axle_combination",
    "tr_05_c": "five_axle_combination",
    "tr_05_f": "five_axle_combination",
    "tr_06_a": "six_axle_combination",
    "tr_06_a_single_drive": "six_axle_combination_single_drive",
    "tr_06_c": "six_axle_combination",
    "tr_06_c_single_drive": "six_axle_combination_single_drive",
    "tr_06_f": "six_axle_combination",
    "tr_06_f_single_drive": "six_axle_combination_single_drive",
}


class _Reader:
    """Reads the provisions in force on one day, by key and by kind of value."""

    def __init__(self, parameters: Mapping[str, Parameter], day: date) -> None:
        self._parameters = parameters
        self._day = day

    def provision(self, key: str) -> Provision:
        parameter = self._parameters.get(key)
        if parameter is None:
            raise NoLawInForce(key=key)
        return parameter.on(self._day)

    def number(self, key: str) -> int:
        value = self.provision(key).value
        if not isinstance(value, int):
            raise TypeError(f"{key} is no number")
        return value

    def choice(self, key: str) -> str:
        return str(self.provision(key).value)

    def _absent(self, key: str) -> bool:
        parameter = self._parameters.get(key)
        return parameter is None or not isinstance(parameter.entry_on(self._day), Provision)

    def number_or_none(self, key: str) -> int | None:
        return None if self._absent(key) else self.number(key)

    def choice_or_none(self, key: str) -> str | None:
        return None if self._absent(key) else self.choice(key)

    def band(self, key: str) -> Yuan:
        return self.number(f"{key}.min"), self.number(f"{key}.max")

    def reason(self, key: str, effect: str) -> Reason:
        provision = self.provision(key)
        return Reason(
            rule=key,
            kg=Kg(provision.value if isinstance(provision.value, int) else 0),
            effect=effect,
            title=self._parameters[key].title,
            source=provision.source,
            confidence=provision.confidence.value,
        )

    def reason_or_none(self, key: str, effect: str) -> Reason | None:
        return None if self._absent(key) else self.reason(key, effect)


def _drawn(read: _Reader, name: str, order62: str | None) -> Drawn:
    reason = read.reason(f"limit.annex.{name}", "base")
    compare = reason if order62 is None else read.reason(f"limit.order62.{order62}", "compare")
    return Drawn(reason.kg, compare.kg, (reason,), compare)


def _dimension(read: _Reader, dimension: str, key: str) -> DimensionLimit:
    reason = read.reason(key, "base")
    return DimensionLimit(
        dimension, Mm(reason.kg), key, reason.title, reason.source, reason.confidence
    )


def _axle_limits(read: _Reader) -> tuple[AxleLimits, str]:
    found = [
        read.reason(f"limit.gb1589.{_AXLE_FILES[field]}", "cap") for field in AxleLimits._fields
    ]
    recalled = any(reason.confidence == "recalled" for reason in found)
    return AxleLimits(*(reason.kg for reason in found)), "recalled" if recalled else "seen"


def _axle_file(field: str) -> str:
    folder, _, name = field.partition("_")
    return f"{folder}.{name}" if folder in ("tandem", "tridem", "spacing") else f"axle.{field}"


_AXLE_FILES = {field: _axle_file(field) for field in AxleLimits._fields}
