"""Requests of the three administrations (三员): accounts, and refused access."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from central.api import schemas
from central.api.errors import ACTING
from central.api.parts import parts_of
from central.api.security import permitted
from central.application.ports import Session
from station.domain.access import RefusedAccess, Standing
from station.domain.officers import Permission

ROUTER: Final = APIRouter(prefix="/api", tags=["administration"], responses=ACTING)

SeeingAccounts = Annotated[Session, Depends(permitted(Permission.SEE_ACCOUNTS))]
Granting = Annotated[Session, Depends(permitted(Permission.GRANT))]
Auditing = Annotated[Session, Depends(permitted(Permission.READ_ACCESS_LOG))]


@ROUTER.get("/accounts")
async def accounts(request: Request, _session: SeeingAccounts) -> list[schemas.AccountOut]:
    """List the accounts of headquarters."""
    return [account_out(one) for one in await parts_of(request).administering.all()]


@ROUTER.post("/accounts/{certificate_no}/confirmation", status_code=204)
async def confirm(request: Request, certificate_no: str, session: Granting) -> None:
    """Let an account be good that the system administrator made; the ledger keeps who did."""
    await parts_of(request).administering.confirm(certificate_no, by=session.officer.certificate_no)


@ROUTER.post("/accounts/{certificate_no}/revocation", status_code=204)
async def revoke(request: Request, certificate_no: str, session: Granting) -> None:
    """Revoke an officer here and at every station; his live pages close within seconds."""
    await parts_of(request).administering.revoke(certificate_no, by=session.officer.certificate_no)


@ROUTER.post("/accounts/{certificate_no}/unlocking", status_code=204)
async def unlock(request: Request, certificate_no: str, _session: Granting) -> None:
    """Let an account try again that wrong codes have locked."""
    await parts_of(request).administering.unlock(certificate_no)


@ROUTER.get("/refused-access")
async def refused(request: Request, _session: Auditing) -> list[schemas.RefusedOut]:
    """List the newest refused accesses, counted by day, person, request and reason."""
    return [refused_out(row) for row in await parts_of(request).access_log.newest()]


def account_out(standing: Standing) -> schemas.AccountOut:
    """Shape an account."""
    officer = standing.officer
    return schemas.AccountOut(
        certificate_no=officer.certificate_no,
        name=officer.name,
        role=officer.role.value,
        valid_until=officer.valid_until,
        crew=officer.crew,
        locked=standing.locked,
        revoked=standing.revoked,
        unconfirmed=standing.unconfirmed,
    )


def refused_out(row: RefusedAccess) -> schemas.RefusedOut:
    """Shape what was refused."""
    return schemas.RefusedOut(
        day=row.day,
        who=row.who,
        what=row.what,
        why=row.why,
        times=row.times,
        first_at=row.first_at,
        last_at=row.last_at,
        last_from=row.last_from,
    )
