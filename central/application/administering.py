"""What the administrations do with accounts: make, see, confirm, revoke, unlock (吊销、解锁)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from central.application.ports import Account
from central.application.publishing import Publish
from central.domain.days import local_day
from station.contract.entries import Kind, OfficerChange
from station.domain.access import Standing, needs_confirming
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, NotFound
from station.domain.officers import Officer

PROPOSED: Final = "proposed"
CONFIRMED: Final = "confirmed"
REVOKED: Final = "revoked"


class Standings(Protocol):
    """Accounts as they stand."""

    async def standings(self) -> list[Standing]:
        """Return every account, in order of certificate number."""
        ...

    async def put_account(
        self, account: Account, *, replace: bool, unconfirmed: bool = False
    ) -> bool:
        """See :class:`~central.application.ports.Accounts`."""
        ...

    async def confirm(self, certificate_no: str) -> bool:
        """Let an account be good; False when none waits for that."""
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

    async def make(self, account: Account, *, replace: bool) -> bool:
        """Make or change an account; tell whether the security administrator has to confirm it.

        Raises:
            InvalidFacts: it exists, and is not to change.
        """
        waits = needs_confirming(await self.all(), local_day(self.clock.now()))
        if not await self.accounts.put_account(account, replace=replace, unconfirmed=waits):
            raise InvalidFacts("the account exists: --replace changes it", field="certificate")
        if waits:
            await self._say(account.officer, PROPOSED)
        return waits

    async def confirm(self, certificate_no: str, *, by: str) -> None:
        """Let an account be good that was made while there was a security administrator: *by* him.

        Raises:
            NotFound: no account of that number waits for it.
        """
        known = {one.officer.certificate_no: one for one in await self.all()}
        standing = known.get(certificate_no)
        if standing is None or not standing.unconfirmed or standing.revoked:
            raise NotFound("no account waits for that", certificate_no=certificate_no)
        await self._say(standing.officer, CONFIRMED, by)
        await self.accounts.confirm(certificate_no)

    async def revoke(self, certificate_no: str, *, by: str | None = None) -> None:
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
            by=by,
        )
        await self.publish(Kind.OFFICER_CHANGE, change)

    async def unlock(self, certificate_no: str) -> None:
        """Let an account try again that wrong codes have locked.

        Raises:
            NotFound: no such account.
        """
        if not await self.accounts.unlock(certificate_no):
            raise NotFound("no such account", certificate_no=certificate_no)

    async def _say(self, officer: Officer, change: str, by: str | None = None) -> None:
        said = OfficerChange(
            certificate_no=officer.certificate_no,
            role=officer.role.value,
            valid_until=officer.valid_until.isoformat(),
            change=change,
            by=by,
        )
        await self.publish(Kind.OFFICER_CHANGE, said)
