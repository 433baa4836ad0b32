"""What the security administrator does with accounts: see, revoke, unlock (吊销、解锁)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from station.application.ports import Draft, Ledger
from station.contract.entries import Kind, OfficerChange
from station.domain.access import Standing
from station.domain.errors import NotFound

REVOKED: Final = "revoked"


class Standings(Protocol):
    """Accounts as they stand."""

    async def standings(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        ...

    async def revoke(self, certificate_no: str) -> None:
        """Let an account be no more, and end its sessions."""
        ...

    async def unlock(self, certificate_no: str) -> None:
        """Forget its wrong codes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Administering:
    """One station's accounts."""

    accounts: Standings
    ledger: Ledger

    async def all(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        return await self.accounts.standings()

    async def revoke(self, certificate_no: str) -> None:
        """Revoke an account here: it signs in no more, and its live pages close within seconds.

        Raises:
            NotFound: no such account.
        """
        officer = (await self._known(certificate_no)).officer
        await self.accounts.revoke(certificate_no)
        change = OfficerChange(
            certificate_no=certificate_no,
            role=officer.role.value,
            valid_until=officer.valid_until.isoformat(),
            change=REVOKED,
        )
        await self.ledger.append(Draft(Kind.OFFICER_CHANGE, change))

    async def unlock(self, certificate_no: str) -> None:
        """Let an account try again that wrong codes have locked.

        Raises:
            NotFound: no such account.
        """
        await self._known(certificate_no)
        await self.accounts.unlock(certificate_no)

    async def _known(self, certificate_no: str) -> Standing:
        for standing in await self.accounts.standings():
            if standing.officer.certificate_no == certificate_no:
                return standing
        raise NotFound("no such account", certificate_no=certificate_no)
