"""Who may ask what of headquarters' interface (权限表). Pure."""

from __future__ import annotations

from typing import Final

from station.contract.requests import ANYBODY, SIGNED_IN, Reach, roles_with, rows
from station.domain.officers import Permission

CENTRE: Final = (
    *rows(
        ANYBODY,
        "GET /api/openapi.json",
        "GET /api/health",
        "POST /api/session",
        # The log is anybody's to check, and a witness's own signature vouches for it.
        "GET /api/log/checkpoint",
        "GET /api/log/consistency",
        "GET /api/log/rotations",
        "POST /api/log/cosignature",
    ),
    *rows(SIGNED_IN, "GET /api/session", "DELETE /api/session"),
    *rows(
        roles_with(Permission.WATCH),
        "WS /api/live",
        "GET /api/passages",
        "GET /api/cases",
        "GET /api/alarms",
        "GET /api/counts",
        "GET /api/clocks",
        "GET /api/evasions",
        "GET /api/vehicle-mismatches",
        # A watch is its viewer's own; to everybody else it does not exist.
        "GET /api/stations/{node}/camera/{watch_id}.mjpeg",
        "DELETE /api/stations/{node}/camera/{watch_id}",
        reach=Reach.SHOWN,
    ),
    *rows(
        roles_with(Permission.WATCH),
        "POST /api/stations/{node}/camera",
        reach=Reach.NAMED,
    ),
    *rows(roles_with(Permission.SEE_DEVICES), "GET /api/stations", reach=Reach.SHOWN),
    *rows(
        roles_with(Permission.LIFT_QUARANTINE),
        "POST /api/stations/{node}/release",
        reach=Reach.NAMED,
    ),
    *rows(
        roles_with(Permission.EXPORT_LISTS),
        "GET /api/export/repeat-vehicles.csv",
        reach=Reach.EVERY,
    ),
    *rows(
        roles_with(Permission.EXPORT_LISTS),
        "GET /api/export/vehicle-mismatches.csv",
        "POST /api/vehicle-mismatches/copies",
        reach=Reach.SHOWN,
    ),
    *rows(roles_with(Permission.SEE_ACCOUNTS), "GET /api/accounts"),
    *rows(
        roles_with(Permission.GRANT),
        "POST /api/accounts/{certificate_no}/confirmation",
        "POST /api/accounts/{certificate_no}/revocation",
        "POST /api/accounts/{certificate_no}/unlocking",
    ),
    *rows(roles_with(Permission.READ_ACCESS_LOG), "GET /api/refused-access"),
)
