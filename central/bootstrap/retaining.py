"""Joins what erases when its time is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from central.application.publishing import OwnLedger
from central.application.retaining import Retention, Terms
from central.settings import CentralSettings
from central.store.pool import Pool
from central.store.retaining import SqlRetainingArchive
from station.domain.clock import Clock
from station.rules.lawbook import lawbook
from station.rules.retention import DRIVER_COUNT, PERSONAL, first_day_kept, months_kept


def terms_of(personal_months: int) -> Callable[[date], Terms]:
    """Return what is kept how long, by the law data of a local day; or longer than it says."""
    law = lawbook()

    def terms(today: date) -> Terms:
        return Terms(
            counted=first_day_kept(today, months_kept(law, DRIVER_COUNT, today)),
            closed=first_day_kept(today, months_kept(law, PERSONAL, today, personal_months)),
        )

    return terms


def retention(settings: CentralSettings, database: Pool, clock: Clock, own: OwnLedger) -> Retention:
    """Return what erases when its time is over."""
    return Retention(
        archive=SqlRetainingArchive(database),
        own=own,
        clock=clock,
        terms=terms_of(settings.retention.personal_months),
    )
