"""What the security administrator does with accounts: see, revoke, unlock (吊销、解锁)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from central.application.publishing import Publish
from central.domain.days import local_day
from station.contract.entries import Kind, OfficerChange
from station.domain.access import Standing
from station.domain.clock import Clock
from station.domain.errors import NotFound

REVOKED: Final = "revoked"


class Standings(Protocol):
    """Accounts as they stand."""

    async def standings(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        ...

    async def revoke(self, certificate_no: str) -> bool:
        """Let an account be no more, and end its sessions; False when there is none."""
        ...

    async def unlock(self, certificate_no: str) -> bool:
        """Forget its wrong codes; False when there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Administering:
    """Accounts of headquarters, and revocation at every station."""

    accounts: Standings
    publish: Publish
    clock: Clock

    async def all(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        return await self.accounts.standings()

    async def revoke(self, certificate_no: str) -> None:
        """Revoke an officer here and, by an entry that they pull, at every station.

        A certificate that has no account here may have one at a station.
        """
        await self.accounts.revoke(certificate_no)
        known = {one.officer.certificate_no: one.officer for one in await self.all()}
        officer = known.get(certificate_no)
        until = officer.valid_until if officer else local_day(self.clock.now())
        change = OfficerChange(
            certificate_no=certificate_no,
            role=officer.role.value if officer else "",
            valid_until=until.isoformat(),
            change=REVOKED,
        )
        await self.publish(Kind.OFFICER_CHANGE, change)

    async def unlock(self, certificate_no: str) -> None:
        """Let an account try again that wrong codes have locked.

        Raises:
            NotFound: no such account.
        """
        if not await self.accounts.unlock(certificate_no):
            raise NotFound("no such account", certificate_no=certificate_no)
