"""What the law looks at in a vehicle's axles, read once and apart from any edition of the law."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from station.domain.errors import InvalidFacts
from station.domain.units import Kg, Mm
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind

FEWEST_AXLES, MOST_AXLES = 2, 12
WIDEST_SPACING = Mm(50_000)
HEAVIEST = Kg(1_000_000)
_TANDEM, _TRIDEM = 2, 3
_BY_REGISTERED_MASS = (VehicleKind.TRACTOR, VehicleKind.LOW_SPEED)
_WITHOUT_TRAILER = (VehicleKind.TRUCK, VehicleKind.LOW_SPEED)
_WITH_TRAILER = (VehicleKind.ARTICULATED, VehicleKind.CENTRE_AXLE, VehicleKind.FULL_TRAILER)


class Group(NamedTuple):
    """One axle group (轴组): one axle, a tandem (二轴组), a tridem (三轴组) or more.

    Attributes:
        on_motor: on the motor unit, else on the trailer.
        axles: (driven, tyres) of each axle; tyres None when not known.
        widest: mm, the largest spacing within the group; None for one axle or when not known.
    """

    on_motor: bool
    axles: tuple[tuple[bool, Tyres | None], ...]
    widest: Mm | None

    @property
    def driven(self) -> bool:
        """Tell whether any axle of the group is driven."""
        return any(driven for driven, _ in self.axles)


class Shape(NamedTuple):
    """The axles of a vehicle as the limits count them.

    Attributes:
        motor, trailer: numbers of axles of each unit.
        driven: number of drive axles; 0 means that nobody noted them.
        drive_dual: every drive axle has dual tyres; None when that is not known.
        single: axles with single tyres that the standard draws with dual ones.
        untold: such axles whose tyres are not known.
        trailer_tridem: a two-axle motor unit before one group of three trailer axles.
        spread: mm between the two axles of a two-axle trailer; None otherwise or when not known.
    """

    kind: VehicleKind
    by_registered_mass: bool
    motor: int
    trailer: int
    driven: int
    drive_dual: bool | None
    single: int
    untold: int
    trailer_tridem: bool
    spread: Mm | None
    groups: tuple[Group, ...]


def limit_key(vehicle: Vehicle) -> str:
    """Check the axles of *vehicle*; return a key that is the same where no limit can differ.

    Raises:
        InvalidFacts: as :func:`shape_of`.
    """
    _check(vehicle.kind, vehicle.axles)
    axles = [
        f"{axle.group}{axle.unit.value}{axle.driven:d}"
        f"{'?' if axle.tyres is None else axle.tyres.value}{axle.to_next}"
        for axle in vehicle.axles
    ]
    known = (vehicle.kind.value, str(vehicle.air_suspension), str(vehicle.registered_gross))
    return " ".join((*known, *axles))


def shape_of(vehicle: Vehicle) -> Shape:
    """Read the axles of *vehicle*.

    Raises:
        InvalidFacts: fewer than 2 or more than 12 axles, or axles that contradict one another.
    """
    axles = vehicle.axles
    _check(vehicle.kind, axles)
    trailer = sum(axle.unit is Unit.TRAILER for axle in axles)
    motor = len(axles) - trailer
    groups = _groups(axles)
    counted = [
        tyres
        for group in _drawn_with_dual(vehicle.kind, groups)
        for driven, tyres in group.axles
        if not driven
    ]
    last = groups[-1]
    return Shape(
        kind=vehicle.kind,
        by_registered_mass=vehicle.kind in _BY_REGISTERED_MASS,
        motor=motor,
        trailer=trailer,
        driven=sum(axle.driven for axle in axles),
        drive_dual=_all_dual([axle.tyres for axle in axles if axle.driven]),
        single=counted.count(Tyres.SINGLE),
        untold=counted.count(None),
        trailer_tridem=motor == _TANDEM and trailer == len(last.axles) == _TRIDEM,
        spread=axles[-2].to_next if trailer == _TANDEM else None,
        groups=groups,
    )


def _all_dual(tyres: list[Tyres | None]) -> bool | None:
    if any(kind is not None and kind is not Tyres.DUAL for kind in tyres):
        return False
    return None if not tyres or None in tyres else True


def _groups(axles: tuple[Axle, ...]) -> tuple[Group, ...]:
    members: dict[int, list[Axle]] = {}
    for axle in axles:
        members.setdefault(axle.group, []).append(axle)
    return tuple(
        Group(
            on_motor=group[0].unit is Unit.MOTOR,
            axles=tuple((axle.driven, axle.tyres) for axle in group),
            widest=_widest(group),
        )
        for group in members.values()
    )


def _widest(group: list[Axle]) -> Mm | None:
    spacings = [axle.to_next for axle in group[:-1]]
    known = [spacing for spacing in spacings if spacing is not None]
    return max(known) if known and len(known) == len(spacings) else None


def _drawn_with_dual(kind: VehicleKind, groups: tuple[Group, ...]) -> list[Group]:
    """Keep the groups whose axles that are not driven are drawn with dual tyres.

    Tandems, tridems, and every axle of a semi- or full trailer (认定标准 note 2). The steering
    axles of the motor unit are drawn with single tyres, twin steering too: they are its first
    group, and its other groups before the first driven one.
    """
    motor = [group for group in groups if group.on_motor]
    first_driven = next((at for at, group in enumerate(motor) if group.driven), 1)
    behind = [group for group in motor[max(1, first_driven) :] if len(group.axles) > 1]
    trailers = [
        group
        for group in groups
        if not group.on_motor and (kind is not VehicleKind.CENTRE_AXLE or len(group.axles) > 1)
    ]
    return behind + trailers


def _check(kind: VehicleKind, axles: tuple[Axle, ...]) -> None:
    if not FEWEST_AXLES <= len(axles) <= MOST_AXLES:
        raise InvalidFacts(
            f"a vehicle has {FEWEST_AXLES} to {MOST_AXLES} axles", field="axles", axles=len(axles)
        )
    trailer = sum(axle.unit is Unit.TRAILER for axle in axles)
    if kind in _WITHOUT_TRAILER and trailer:
        raise InvalidFacts("this kind has no trailer", field="axles", kind=kind.value)
    if kind in _WITH_TRAILER and (trailer == 0 or len(axles) - trailer < FEWEST_AXLES):
        raise InvalidFacts(
            "a combination has 2 motor axles and a trailer axle", field="axles", kind=kind.value
        )
    if axles[-1].to_next is not None:
        raise InvalidFacts("no axle follows the last one", field="axles", axle=len(axles))
    _check_groups(axles)
    for at, axle in enumerate(axles, 1):
        _check_axle(at, axle)


def _check_groups(axles: tuple[Axle, ...]) -> None:
    if axles[0].group != 1:
        raise InvalidFacts("axle groups are numbered from 1", field="axles", axle=1)
    for at, (axle, behind) in enumerate(pairwise(axles), 2):
        if axle.unit is Unit.TRAILER and behind.unit is Unit.MOTOR:
            raise InvalidFacts("a motor axle cannot follow a trailer axle", field="axles", axle=at)
        if behind.group not in (axle.group, axle.group + 1):
            raise InvalidFacts("axle groups must ascend without gaps", field="axles", axle=at)
        if behind.group == axle.group and behind.unit is not axle.unit:
            raise InvalidFacts("an axle group cannot span two units", field="axles", axle=at)


def _check_axle(at: int, axle: Axle) -> None:
    if axle.driven and axle.unit is Unit.TRAILER:
        raise InvalidFacts("a trailer axle cannot be driven", field="axles", axle=at)
    if axle.weight is not None and not 0 < axle.weight <= HEAVIEST:
        raise InvalidFacts(
            f"an axle weighs from 1 to {HEAVIEST}", field="axles", axle=at, weight_kg=axle.weight
        )
    if axle.to_next is not None and not 0 < axle.to_next <= WIDEST_SPACING:
        raise InvalidFacts(
            "axle spacing out of range", field="axles", axle=at, to_next_mm=axle.to_next
        )
