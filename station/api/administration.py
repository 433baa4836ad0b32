"""Requests of the three administrations (三员): devices, accounts, and refused access."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from station.api import schemas
from station.api.errors import ACTING
from station.api.services import Serving, permitted
from station.api.shaping import device_out, officer_out
from station.domain.access import RefusedAccess, Standing
from station.domain.officers import Officer, Permission

router = APIRouter(prefix="/api", responses=ACTING)

SeeingDevices = Annotated[Officer, Depends(permitted(Permission.SEE_DEVICES))]
SeeingAccounts = Annotated[Officer, Depends(permitted(Permission.SEE_ACCOUNTS))]
Granting = Annotated[Officer, Depends(permitted(Permission.GRANT))]
Auditing = Annotated[Officer, Depends(permitted(Permission.READ_ACCESS_LOG))]


@router.get("/devices")
async def devices(services: Serving, _officer: SeeingDevices) -> schemas.DevicesOut:
    """Show how the devices are, and nothing of what they measure."""
    view = services.lane()
    return schemas.DevicesOut(
        at=view.at,
        scale=device_out(view.scale),
        camera=device_out(view.camera),
        store=device_out(view.store),
        uplink=device_out(view.uplink),
        clock=device_out(view.clock),
        program=device_out(view.program),
        waiting=view.waiting,
        media_waiting=view.media_waiting,
    )


@router.get("/accounts")
async def accounts(services: Serving, _officer: SeeingAccounts) -> list[schemas.AccountOut]:
    """List the accounts of this station."""
    return [account_out(one) for one in await services.administering.all()]


@router.post("/accounts/{certificate_no}/confirmation", status_code=204)
async def confirm(services: Serving, certificate_no: str, officer: Granting) -> None:
    """Let an account be good that the system administrator made; the ledger keeps who did."""
    await services.administering.confirm(certificate_no, by=officer.certificate_no)


@router.post("/accounts/{certificate_no}/revocation", status_code=204)
async def revoke(services: Serving, certificate_no: str, officer: Granting) -> None:
    """Revoke an account here; its sessions end and its live pages close within seconds."""
    await services.administering.revoke(certificate_no, by=officer.certificate_no)


@router.post("/accounts/{certificate_no}/unlocking", status_code=204)
async def unlock(services: Serving, certificate_no: str, _officer: Granting) -> None:
    """Let an account try again that wrong codes have locked."""
    await services.administering.unlock(certificate_no)


@router.get("/refused-access")
async def refused(services: Serving, _officer: Auditing) -> list[schemas.RefusedOut]:
    """List the newest refused accesses, counted by day, person, request and reason."""
    return [refused_out(row) for row in await services.access_log.newest()]


def account_out(standing: Standing) -> schemas.AccountOut:
    """Shape an account."""
    return schemas.AccountOut(
        **officer_out(standing.officer).model_dump(),
        crew=standing.officer.crew,
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
