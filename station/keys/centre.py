"""What a station knows of its centre: who signs receipts and checkpoints (``centre.json``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from station.contract.enrolling import CentreIdentity
from station.domain.errors import SettingsError
from station.keys.files import PUBLIC, write_durably

NAME: Final = "centre.json"


def known_centre(folder: Path) -> CentreIdentity | None:
    """Return whom enrolment named; None while the station is not enrolled.

    Raises:
        SettingsError: the file holds something else.
    """
    path = folder / NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=CentreIdentity)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as exc:
        raise SettingsError(f"{path}: {exc}", path=str(path)) from exc


def keep_centre(folder: Path, centre: CentreIdentity) -> None:
    """Write who the centre is.

    Raises:
        SettingsError: it cannot be written.
    """
    content = msgspec.json.format(msgspec.json.encode(centre), indent=1) + b"\n"
    write_durably(folder / NAME, content, PUBLIC)
