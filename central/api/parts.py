"""What the interface is joined to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date

from fastapi import WebSocket
from starlette.requests import HTTPConnection

from central.application.accept import Accept, TakeAhead
from central.application.administering import Administering
from central.application.admit import Admit
from central.application.asking_again import AskAgain
from central.application.camera import Cameras
from central.application.cosigning import Cosign
from central.application.due import Due
from central.application.enrol import Enrol, Renew
from central.application.mismatching import CopyMismatches
from central.application.news import Viewer
from central.application.ports import Reading
from central.application.recordings import TakeRecordings
from central.application.register import Authority
from central.application.releasing import Release
from central.application.serving import Serve
from central.application.sign_in import Sessions
from central.application.stations import Stations, TakeState
from central.application.views import MismatchView
from central.domain.counting import RepeatVehicle, Window
from station.admission.access_log import AccessLog
from station.domain.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The use cases behind the interface; ``bootstrap`` makes them.

    Attributes:
        cookie: the session cookie's name, of this node: others on the same host keep their own.
        live: serves one watcher: who he is, and the token that his page holds.
        mismatch_csv: vehicles that are not as they should be → the file; mismatch_file_name: home
            → the file's name.
        repeat_csv: vehicles, the days counted, the threshold → the file.
        repeat_file_name: day of the list → the file's name.
    """

    admit: Admit
    authority: Authority
    enrol: Enrol
    renew: Renew
    accept: Accept
    take_ahead: TakeAhead
    serve: Serve
    cosign: Cosign
    release: Release
    recordings: TakeRecordings
    asking_again: AskAgain
    take_state: TakeState
    cameras: Cameras
    sessions: Sessions
    stations: Stations
    reading: Reading
    due: Due
    copy_mismatches: CopyMismatches
    mismatch_csv: Callable[[Iterable[MismatchView]], bytes]
    mismatch_file_name: Callable[[str], str]
    clock: Clock
    administering: Administering
    access_log: AccessLog
    cookie: str
    live: Callable[[WebSocket, Viewer, int | None], Awaitable[None]]
    repeat_csv: Callable[[Iterable[RepeatVehicle], Window, int], bytes]
    repeat_file_name: Callable[[date], str]


def parts_of(connection: HTTPConnection) -> Parts:
    """Return the parts that the application was made with."""
    parts: Parts = connection.app.state.parts
    return parts
