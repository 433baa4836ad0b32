"""Codes of what is missing, disputed or to be noted in a verdict: stable, sealed in records.

Their Chinese is in ``phrases.zh.yaml``. C.. and U.. are the conflicts and unknowns of the law that
``docs/explanation/law.md`` lists.
"""

from __future__ import annotations

from typing import Final

# These send the verdict to a person, or say what kept a limit from being told.
NO_LAW: Final = "law.none_in_force"
VEHICLE_UNKNOWN: Final = "vehicle.unknown"
UNDRAWN: Final = "configuration.undrawn"
DRIVE_AXLES_UNKNOWN: Final = "drive_axles.unknown"
TYRES_UNKNOWN: Final = "tyres.unknown"
AIR_SUSPENSION_UNKNOWN: Final = "air_suspension.unknown"
TRAILER_SPACING_UNKNOWN: Final = "trailer_spacing.unknown"
REGISTERED_GROSS_UNKNOWN: Final = "registered_gross.unknown"
# The permit names a trailer, and this one's plate was not read.
PERMIT_TRAILER_UNREAD: Final = "permit.trailer_unread"
# C3: a violation by the drawing, no more than a warning by 令62号.
ANNEX_VS_ORDER62: Final = "annex_vs_order62"
# Only a number that nobody read makes the outcome harsher.
RECALLED_AXLE_SUM: Final = "recalled.axle_sum"

# These accompany a verdict, which stands.
NOT_DRAWN_BY_KIND: Final = "configuration.none"
SINGLE_TYRE_MODE: Final = "C4.single_tyre_mode"
EXEMPT_MASS: Final = "exempt.mass_not_covered"
APPROVED_LOAD_UNKNOWN: Final = "approved_load.unknown"
KERB_UNKNOWN: Final = "kerb.unknown"
OVER_LIMIT_NOT_OVERLOAD: Final = "U17.over_limit_not_overload"
OVERLOAD_NOT_OVER_LIMIT: Final = "U17.overload_not_over_limit"
POINTS_BASIS_UNKNOWN: Final = "U7.registered_gross_unknown"
DIMENSION_OF_LOAD_OR_BODY: Final = "dimension.load_or_body"
# Whether the permit covers the dimensions too is for a person.
PERMIT_DIMENSIONS: Final = "permit.dimensions"
# A permit is known that does not make this transport lawful: too heavy, or another transport's.
PERMIT_EXCEEDED: Final = "permit.exceeded"
PERMIT_OTHER_DAYS: Final = "permit.other_days"
PERMIT_OTHER_ROUTE: Final = "permit.other_route"
PERMIT_OTHER_TRAILER: Final = "permit.other_trailer"
# The permit tells its route in words alone: whether this road is on it is for a person.
PERMIT_ROUTE: Final = "permit.route"
# The centre was not heard of for too long: a permit issued or taken back since is not known.
PERMIT_UNCHECKED: Final = "permit.unchecked"
# The law of the act stands: a fact is missing, or each law is milder in one respect.
MILDER_NOT_COMPARABLE: Final = "milder_law.not_comparable"
MILDER_MIXED: Final = "milder_law.mixed"

SETTLING: Final = frozenset(
    {
        NO_LAW,
        VEHICLE_UNKNOWN,
        UNDRAWN,
        DRIVE_AXLES_UNKNOWN,
        TYRES_UNKNOWN,
        AIR_SUSPENSION_UNKNOWN,
        TRAILER_SPACING_UNKNOWN,
        REGISTERED_GROSS_UNKNOWN,
        PERMIT_TRAILER_UNREAD,
        ANNEX_VS_ORDER62,
        RECALLED_AXLE_SUM,
    }
)
ACCOMPANYING: Final = frozenset(
    {
        NOT_DRAWN_BY_KIND,
        SINGLE_TYRE_MODE,
        EXEMPT_MASS,
        APPROVED_LOAD_UNKNOWN,
        KERB_UNKNOWN,
        OVER_LIMIT_NOT_OVERLOAD,
        OVERLOAD_NOT_OVER_LIMIT,
        POINTS_BASIS_UNKNOWN,
        DIMENSION_OF_LOAD_OR_BODY,
        PERMIT_DIMENSIONS,
        PERMIT_EXCEEDED,
        PERMIT_OTHER_DAYS,
        PERMIT_OTHER_ROUTE,
        PERMIT_OTHER_TRAILER,
        PERMIT_ROUTE,
        PERMIT_UNCHECKED,
        MILDER_NOT_COMPARABLE,
        MILDER_MIXED,
    }
)
