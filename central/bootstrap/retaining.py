"""Joins what erases when its time is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from central.application.publishing import OwnLedger
from central.application.retaining import Retention, Terms
from central.settings import CentralSettings, RetentionSection
from central.store.pool import Pool
from central.store.recordings import FileRecordings
from central.store.retaining import SqlRetainingArchive
from station.domain.clock import Clock
from station.rules.lawbook import lawbook
from station.rules.retention import (
    ACCESSES,
    DRIVER_COUNT,
    PERSONAL,
    RECORDINGS,
    first_day_kept,
    months_kept,
)


def terms_of(longer: RetentionSection) -> Callable[[date], Terms]:
    """Return what is kept how long, by the law data of a local day; or longer than it says."""
    law = lawbook()

    def kept(key: str, today: date, months: int = 0) -> date:
        return first_day_kept(today, months_kept(law, key, today, months))

    def terms(today: date) -> Terms:
        return Terms(
            counted=kept(DRIVER_COUNT, today),
            closed=kept(PERSONAL, today, longer.personal_months),
            recordings=kept(RECORDINGS, today, longer.recordings_months),
            accesses=kept(ACCESSES, today),
        )

    return terms


def retention(
    settings: CentralSettings,
    database: Pool,
    files: FileRecordings,
    clock: Clock,
    own: OwnLedger,
) -> Retention:
    """Return what erases when its time is over."""
    return Retention(
        archive=SqlRetainingArchive(database),
        files=files,
        own=own,
        clock=clock,
        terms=terms_of(settings.retention),
    )
