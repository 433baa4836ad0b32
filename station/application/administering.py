"""What the administrations do with accounts: make, see, confirm, revoke, unlock (吊销、解锁)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from station.application.ports import Draft, Ledger
from station.contract.entries import Kind, OfficerChange
from station.domain.access import Account, Standing, needs_confirming
from station.domain.errors import NotFound
from station.domain.officers import Officer

ADDED: Final = "added"
CHANGED: Final = "changed"
PROPOSED: Final = "proposed"
CONFIRMED: Final = "confirmed"
REVOKED: Final = "revoked"


class Standings(Protocol):
    """Accounts as they stand."""

    async def standings(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        ...

    async def put_account(self, account: Account, *, unconfirmed: bool = False) -> None:
        """Make or change an account, and end its sessions; it is not locked or revoked any more."""
        ...

    async def confirm(self, certificate_no: str) -> bool:
        """Let an account be good; False when none waits for that."""
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

    async def make(self, account: Account, today: date) -> bool:
        """Make or change an account; tell whether the security administrator has to confirm it.

        The entry goes first: no account is good of which the ledger does not tell.
        """
        known = await self.accounts.standings()
        waits, number = needs_confirming(known, today), account.officer.certificate_no
        if waits:
            change = PROPOSED
        else:
            change = CHANGED if any(_is_of(one, number) for one in known) else ADDED
        await self._say(account.officer, change)
        await self.accounts.put_account(account, unconfirmed=waits)
        return waits

    async def confirm(self, certificate_no: str, *, by: str) -> None:
        """Let an account be good that was made while there was a security administrator: *by* him.

        Raises:
            NotFound: no account of that number waits for it.
        """
        standing = await self._known(certificate_no)
        if not standing.unconfirmed or standing.revoked:
            raise NotFound("no account waits for that", certificate_no=certificate_no)
        await self._say(standing.officer, CONFIRMED, by)
        await self.accounts.confirm(certificate_no)

    async def revoke(self, certificate_no: str, *, by: str | None = None) -> None:
        """Revoke an account here: it signs in no more, and its live pages close within seconds.

        Raises:
            NotFound: no such account.
        """
        officer = (await self._known(certificate_no)).officer
        await self.accounts.revoke(certificate_no)
        await self._say(officer, REVOKED, by)

    async def _say(self, officer: Officer, change: str, by: str | None = None) -> None:
        said = OfficerChange(
            certificate_no=officer.certificate_no,
            role=officer.role.value,
            valid_until=officer.valid_until.isoformat(),
            change=change,
            by=by,
        )
        await self.ledger.append(Draft(Kind.OFFICER_CHANGE, said))

    async def unlock(self, certificate_no: str) -> None:
        """Let an account try again that wrong codes have locked.

        Raises:
            NotFound: no such account.
        """
        await self._known(certificate_no)
        await self.accounts.unlock(certificate_no)

    async def _known(self, certificate_no: str) -> Standing:
        for standing in await self.accounts.standings():
            if _is_of(standing, certificate_no):
                return standing
        raise NotFound("no such account", certificate_no=certificate_no)


def _is_of(standing: Standing, certificate_no: str) -> bool:
    """Tell whose account it is."""
    return standing.officer.certificate_no == certificate_no
