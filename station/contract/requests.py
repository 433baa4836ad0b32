"""Who may ask what (权限表): the rows of an interface's table, and those of a station's console.

A test walks every request of both interfaces as every role and holds the answers to these rows, so
they are a second statement of what the guards in ``api/`` do, not what the guards read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from station.contract.messages import templates
from station.domain.officers import PERMISSIONS, Permission, Role


class Reach(Enum):
    """What it means for a request that an officer is limited to some stations."""

    NONE = "—"  # nothing: it concerns no single station
    SHOWN = "his"  # he sees his stations alone
    NAMED = "refused"  # refused for a station that is not his
    EVERY = "all only"  # refused: it concerns all stations


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request.

    Attributes:
        request: method (``WS`` for a socket) and path.
        roles: whose officers may ask; None: anybody, without a session too.
    """

    request: str
    roles: frozenset[Role] | None
    reach: Reach = Reach.NONE

    def allows(self, role: Role | None) -> bool:
        """Tell whether an officer of *role* may ask; None: somebody who is not signed in."""
        return self.roles is None or role in self.roles


def roles_with(*any_of: Permission) -> frozenset[Role]:
    """Return the roles that include one of *any_of*."""
    return frozenset(role for role, has in PERMISSIONS.items() if not has.isdisjoint(any_of))


def rows(
    roles: frozenset[Role] | None, *requests: str, reach: Reach = Reach.NONE
) -> tuple[Row, ...]:
    """Return a row for each of *requests*."""
    return tuple(Row(request=request, roles=roles, reach=reach) for request in requests)


def table(found: Sequence[Row]) -> Iterator[str]:
    """Write rows as a table in Markdown, in order of path; 可: may, —: may not.

    Reach has a column where there is any.
    """
    words = templates()
    may = {True: words["value.may"], False: "—"}
    asking: list[Role | None] = [None, *PERMISSIONS]
    heads = [words[f"value.role.{role.value if role else 'nobody'}"] for role in asking]
    reaching = any(row.reach is not Reach.NONE for row in found)
    yield _line("request", *heads, *["limited to stations"] * reaching)
    yield _line(*["---"] * (1 + len(heads) + reaching))
    for row in sorted(found, key=lambda row: row.request.split()[::-1]):
        cells = [may[row.allows(role)] for role in asking]
        yield _line(f"`{row.request}`", *cells, *[row.reach.value] * reaching)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


ANYBODY: Final = None
SIGNED_IN: Final = frozenset(PERMISSIONS)

STATION: Final = (
    *rows(
        ANYBODY,
        "GET /api/openapi.json",
        "GET /api/station",
        "POST /api/session",
        "DELETE /api/session",
    ),
    *rows(SIGNED_IN, "GET /api/session"),
    *rows(
        roles_with(Permission.WATCH),
        "WS /api/live",
        "GET /api/officers",
        "GET /api/lane",
        "GET /api/drawings",
        "GET /api/passages",
        "GET /api/passages/{passage_id}",
        "GET /api/passages/{passage_id}/known",
        "GET /api/cases",
        "GET /api/cases/{case_no}",
        "GET /api/cases/{case_no}/clocks",
        "GET /api/cases/{case_no}/closing",
        "GET /api/cases/{case_no}/documents",
        "GET /api/cases/{case_no}/requests",
        "GET /api/cases/{case_no}/timeline",
        "GET /api/clocks",
        "GET /api/documents/{number}.pdf",
        "GET /api/evasions",
        "GET /api/evasions/{evasion_no}",
        "GET /api/evasions/{evasion_no}/letter.pdf",
        "GET /api/clips",
        "GET /api/alarms",
        "GET /api/media/{sha256}",
    ),
    *rows(roles_with(Permission.REVIEW_PASSAGE), "POST /api/passages/{passage_id}/review"),
    *rows(roles_with(Permission.ACT_ROAD), "POST /api/passages/{passage_id}/mismatches"),
    # Which act, and which document, is of which authority: station/domain/case.py and documents.
    *rows(
        roles_with(Permission.ACT_ROAD, Permission.ACT_POLICE),
        "POST /api/cases/{case_no}/acts",
        "POST /api/cases/{case_no}/documents",
        "POST /api/cases/{case_no}/excuses",
        "POST /api/cases/{case_no}/requests/{seq}/answer",
        "POST /api/documents/{number}/prints",
        "POST /api/documents/{number}/signature",
        "POST /api/evasions",
        "POST /api/evasions/{evasion_no}/acts",
    ),
    *rows(roles_with(Permission.SEE_DEVICES), "GET /api/devices"),
    *rows(roles_with(Permission.SEE_ACCOUNTS), "GET /api/accounts"),
    *rows(
        roles_with(Permission.GRANT),
        "POST /api/accounts/{certificate_no}/confirmation",
        "POST /api/accounts/{certificate_no}/revocation",
        "POST /api/accounts/{certificate_no}/unlocking",
    ),
    *rows(roles_with(Permission.READ_ACCESS_LOG), "GET /api/refused-access"),
)
"""The console's requests. An account is one station's: a session of another is none here."""
