"""Keeps the law editions by which this centre ever worked."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from central.settings import CentralSettings
from station.contract.law_edition import keep_edition
from station.domain.errors import SettingsError
from station.keys.files import PUBLIC, write_durably

log = logging.getLogger(__name__)

LAW: Final = "law"
"""The folder of law editions."""


def keep_law(settings: CentralSettings) -> None:
    """Keep the law edition of this program: bundles of old cases need it after an update.

    A disk that does not take it holds nobody up.
    """
    try:
        keep_edition(settings.central.data_dir / LAW, partial(write_durably, mode=PUBLIC))
    except SettingsError as exc:
        log.warning("the law edition is not kept: %s", exc.detail)
