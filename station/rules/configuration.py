"""From axles to a configuration of the 认定标准, and the standard drawings to pick from."""

from __future__ import annotations

from station.domain.errors import AmbiguousVehicle
from station.domain.vehicles import Vehicle, VehicleKind
from station.rules import review_codes
from station.rules.codes import Configuration
from station.rules.drawings import DRAWINGS, Drawing
from station.rules.shape import Shape, shape_of

__all__ = ["DRAWINGS", "Configuration", "Drawing", "configuration", "variant"]

_LETTER = {
    VehicleKind.TRUCK: "R",
    VehicleKind.ARTICULATED: "A",
    VehicleKind.CENTRE_AXLE: "C",
    VehicleKind.FULL_TRAILER: "F",
}
_MOST_DRAWN = 6
_BY_KIND_AND_AXLES = {
    (kind, int(code.value[3:5])): code
    for kind, letter in _LETTER.items()
    for code in Configuration
    if code.value.endswith(letter)
} | {(VehicleKind.TRUCK, 2): Configuration.TR_02}


def configuration(vehicle: Vehicle) -> Configuration:
    """Tell which drawing of the 认定标准 a vehicle is.

    Raises:
        AmbiguousVehicle: ``detail`` is the code of what is missing: ``configuration.undrawn`` when
            the standard draws no such vehicle, ``drive_axles.unknown`` when only the number of
            drive axles would tell 49 t from 46 t, ``configuration.none`` for kinds whose limit is
            the registered mass (拖拉机, 低速货车).
        InvalidFacts: contradictory axles.

    Source: 《公路货运车辆超限超载认定标准》; 《超限运输车辆行驶公路管理规定》第三条.
    """
    return variant(shape_of(vehicle))[0]


def variant(shape: Shape) -> tuple[Configuration, str]:
    """Return the configuration and the name of its drawing under ``law/limit/annex``.

    Raises:
        AmbiguousVehicle: as :func:`configuration`.
    """
    if shape.by_registered_mass:
        raise AmbiguousVehicle(review_codes.NOT_DRAWN_BY_KIND, kind=shape.kind.value)
    axles = shape.motor + shape.trailer
    drawn = min(axles, _MOST_DRAWN) if shape.trailer else axles
    code = _BY_KIND_AND_AXLES.get((shape.kind, drawn))
    if code is None or (shape.kind is VehicleKind.FULL_TRAILER and shape.trailer == 1):
        raise AmbiguousVehicle(review_codes.UNDRAWN, kind=shape.kind.value, axles=axles)
    return code, _drawing_name(code, shape)


def _drawing_name(code: Configuration, shape: Shape) -> str:
    name = _NAMES[code]
    if code is Configuration.TR_04_C and shape.trailer == 1:
        return f"{name}_three_plus_one"
    if code is Configuration.TR_05_A and shape.trailer_tridem:
        return f"{name}_two_plus_three"
    if code in _SIX_AXLES:
        if shape.driven == 0:
            raise AmbiguousVehicle(
                review_codes.DRIVE_AXLES_UNKNOWN, axles=shape.motor + shape.trailer
            )
        return f"{name}_single_drive" if shape.driven == 1 else name
    return name


_NAMES = {code: code.value.lower().replace("-", "_") for code in Configuration}
_SIX_AXLES = frozenset({Configuration.TR_06_A, Configuration.TR_06_C, Configuration.TR_06_F})
