"""Joins what headquarters watches with: stations' lanes, news, and cameras."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from central.api.shaping import news_json
from central.application.accept import AHEAD
from central.application.announce import Announcer, Greeting
from central.application.camera import FRAME, Cameras
from central.application.project import Touched
from central.application.projecting import NEWS
from central.application.sign_in import Sessions
from central.application.stations import LANE, Board, Stations, TakeState
from central.live.hub import Hub
from central.live.socket import Live
from central.store.accounts import SqlAccounts
from central.store.ledgers import SqlArchive
from central.store.listening import Listener
from central.store.passwords import Argon2Passwords
from central.store.pool import Pool
from central.store.reading import SqlReading
from central.store.watches import SqlWatches
from station.domain.clock import Clock
from station.domain.officers import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Everything that watchers see, in this process."""

    sessions: Sessions
    stations: Stations
    reading: SqlReading
    take_state: TakeState
    cameras: Cameras
    announcer: Announcer
    live: Live
    hub: Hub

    def tasks(self, dsn: str) -> list[Coroutine[None, None, None]]:
        """Return what runs all the time; *dsn*: of the database, to hear other processes."""
        heard = {
            NEWS: self.announcer.note_turn,
            AHEAD: self.announcer.note_ahead,
            LANE: self.take_state.heard,
            FRAME: self.cameras.heard,
        }
        listener = Listener(dsn, heard, self.announcer.wake)
        return [listener.run(), self.announcer.run(), self.live.run()]

    def close(self) -> None:
        """Let everybody go who would stay for ever."""
        self.hub.close()
        self.cameras.close()


def watching(
    database: Pool,
    nodes: frozenset[str],
    clock: Clock,
    announce: Callable[[Touched], None],
    *,
    demanded: frozenset[Role],
) -> Watching:
    """Join the parts. *nodes*: of the configuration; *demanded*: roles that need a code."""
    reading, archive, board = SqlReading(database), SqlArchive(database), Board(clock, nodes)
    stations, hub = Stations(reading=reading, board=board), Hub()
    sessions = Sessions(
        SqlAccounts(database), Argon2Passwords(), clock, asyncio.sleep, demanded=demanded
    )
    greeting = Greeting(reading=reading, stations=stations, encode=news_json)
    return Watching(
        sessions=sessions,
        stations=stations,
        reading=reading,
        take_state=TakeState(
            ring_of=archive.ring_of, board=board, announce=announce, share=archive.tell
        ),
        cameras=Cameras(SqlWatches(database), nodes, clock, sessions.lasting),
        announcer=Announcer(reading, board, hub, news_json, clock=clock),
        live=Live(hub, greeting, sessions.lasting),
        hub=hub,
    )
