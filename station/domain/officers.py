"""Officers (执法人员): to which authority they belong, and what their role may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from station.domain.errors import (
    InvalidFacts,
    NotPermitted,
    OfficerCertificateExpired,
    TwoOfficersRequired,
)


class Role(Enum):
    """The authority an officer acts for, or the office he works in."""

    ROAD = "road"  # 路政: measures and supervises unloading
    POLICE = "police"  # 交警: alone fines and gives points
    HQ = "hq"  # 治超办: watches
    TRANSPORT = "transport"  # 交通运输主管部门: exports lists
    # The three administrations (三员分立): none does another's work, none acts in a case.
    ADMIN = "admin"  # 系统管理员: devices, settings, making accounts
    SECURITY = "security"  # 安全管理员: grants roles and validity, revokes, unlocks
    AUDIT = "audit"  # 审计管理员: reads the access log and what audits found
    TECHNICIAN = "technician"  # 设备维护员: looks after devices
    CENTRE = "centre"  # 中心: confirms decisions; no office of anybody


class Permission(Enum):
    """What an interface asks for."""

    WATCH = "watch"  # passages, cases, pictures
    SEE_DEVICES = "see_devices"  # lanes, devices, stations
    REVIEW_PASSAGE = "review_passage"  # name plate and vehicle of a passage
    ACT_ROAD = "act_road"
    ACT_POLICE = "act_police"
    EXPORT_LISTS = "export_lists"
    LIFT_QUARANTINE = "lift_quarantine"  # let a node deliver again; two persons
    SEE_ACCOUNTS = "see_accounts"
    MAKE_ACCOUNTS = "make_accounts"  # beside whoever grants them; by command
    GRANT = "grant"  # roles and validity, beside whoever makes the account; revoke, unlock
    READ_ACCESS_LOG = "read_access_log"


PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.ROAD: frozenset(
        {
            Permission.WATCH,
            Permission.SEE_DEVICES,
            Permission.REVIEW_PASSAGE,
            Permission.ACT_ROAD,
        }
    ),
    Role.POLICE: frozenset({Permission.WATCH, Permission.SEE_DEVICES, Permission.ACT_POLICE}),
    Role.HQ: frozenset(
        {
            Permission.WATCH,
            Permission.SEE_DEVICES,
            Permission.EXPORT_LISTS,
            Permission.LIFT_QUARANTINE,
        }
    ),
    Role.TRANSPORT: frozenset({Permission.EXPORT_LISTS}),
    Role.ADMIN: frozenset(
        {Permission.SEE_DEVICES, Permission.SEE_ACCOUNTS, Permission.MAKE_ACCOUNTS}
    ),
    Role.SECURITY: frozenset(
        {Permission.SEE_ACCOUNTS, Permission.GRANT, Permission.LIFT_QUARANTINE}
    ),
    Role.AUDIT: frozenset({Permission.READ_ACCESS_LOG}),
    Role.TECHNICIAN: frozenset({Permission.SEE_DEVICES}),
}
"""Of each office that an officer can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """One person with a certificate (执法证).

    Attributes:
        certificate_no: number of the enforcement certificate; with it the officer signs in.
        valid_until: last day of the certificate's validity.
        crew: the crew of the station that the officer works shifts in (班组); None: of no crew.

    Raises:
        InvalidFacts: nobody is an officer of the centre; what it confirms, no person does.
    """

    certificate_no: str
    name: str
    role: Role
    valid_until: date
    crew: str | None = None

    def __post_init__(self) -> None:
        if self.role not in PERMISSIONS:
            raise InvalidFacts("no office of anybody", field="role")

    def may(self, permission: Permission) -> bool:
        """Tell whether the officer's role includes *permission*."""
        return permission in PERMISSIONS[self.role]

    def require(self, *any_of: Permission, on: date) -> None:
        """Let pass whose role includes one of *any_of*, or refuse.

        Raises:
            NotPermitted: not in the role.
            OfficerCertificateExpired: the certificate is no longer valid on that day.
        """
        if not any(self.may(one) for one in any_of):
            wanted = "|".join(one.value for one in any_of)
            raise NotPermitted(certificate_no=self.certificate_no, permission=wanted)
        self.require_valid(on)

    def require_valid(self, on: date) -> None:
        """Let pass whose certificate is valid on a local day.

        Raises:
            OfficerCertificateExpired: it no longer is.
        """
        if on > self.valid_until:
            raise OfficerCertificateExpired(
                certificate_no=self.certificate_no, until=self.valid_until.isoformat()
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two officers of one authority who act together (两名以上执法人员).

    Source: 《行政处罚法》第四十二条.
    """

    first: Officer
    second: Officer

    def __post_init__(self) -> None:
        if self.first.certificate_no == self.second.certificate_no:
            raise TwoOfficersRequired("the second officer is the same person")
        if self.first.role is not self.second.role:
            raise TwoOfficersRequired("the officers belong to different authorities")

    @property
    def role(self) -> Role:
        """Return the authority of both."""
        return self.first.role

    @property
    def certificate_nos(self) -> tuple[str, str]:
        """Return both certificate numbers, the acting officer's first."""
        return self.first.certificate_no, self.second.certificate_no
