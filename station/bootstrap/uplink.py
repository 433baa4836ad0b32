"""Joins what speaks to the centre; all of it waits until the station is enrolled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from station.application.ahead import Ahead
from station.application.centre_keys import CentreKeys, Following
from station.application.checkpoints import Checkpoints
from station.application.links import DOWN, PUSH, Links
from station.application.parting import Parting
from station.application.pulling import Puller
from station.application.pushing import Pusher
from station.application.rejoining import Rejoining, own_keys
from station.application.remote_watching import Camera, RemoteWatching
from station.application.runtime import Runtime
from station.application.sending_media import MediaSender
from station.application.telling import Teller
from station.bootstrap.enrolling import Renewer
from station.bootstrap.opening import Stored, SystemClock
from station.contract.enrolling import CentreIdentity
from station.contract.keyring import KeyRing, NodeKey
from station.contract.uplink import Down, Wanted
from station.domain.errors import EvidenceError, NotEnrolled, UplinkError
from station.keys.centre import known_centre
from station.keys.tls import TlsFiles
from station.settings import Settings
from station.uplink.http_centre import HttpCentre
from station.uplink.identity import Identity

log = logging.getLogger(__name__)

TakeAnswers = Callable[[], Awaitable[object]]
"""Looks whether the centre's ledger answers a decision that waits."""

NO_UPLINK: Final = "uplink.none"
OWN: Final = "own"
ENROLLED_EVERY_S: Final = 2.0
MEDIA: Final = "media"


class Uplink:
    """Everything between this station and its centre."""

    def __init__(self, settings: Settings, stored: Stored) -> None:
        self._settings = settings
        self._stored = stored
        self._files = files = TlsFiles(settings.station.data_dir)
        self._identity = Identity(
            key=files.key, certificate=files.certificate, authority=files.authority
        )
        self._checkpoints = Checkpoints(stored.centre, stored.ledger, stored.time)
        self._refusal: EvidenceError | None = None
        self._pusher: Pusher | None = None
        self._media: MediaSender | None = None
        self._watching: RemoteWatching | None = None

    @property
    def waiting(self) -> int:
        """Return how many entries the centre has not acknowledged."""
        return self._pusher.waiting if self._pusher else 0

    @property
    def media_waiting(self) -> int:
        """Return how many recordings the centre does not have yet."""
        return self._media.waiting if self._media else 0

    @property
    def watched_by(self) -> tuple[str, ...]:
        """Return who looks through the camera from headquarters now."""
        return self._watching.watchers if self._watching else ()

    async def close(self) -> None:
        """Write down that nobody looks through the camera any more."""
        if self._watching:
            await self._watching.close()

    async def prepare(self) -> None:
        """Before anything is written: take up the last checkpoint, and what the centre holds of us.

        A centre that does not answer holds nobody up. One that holds something else does not
        either: the station works on, says so, and delivers nothing.
        """
        identity = known_centre(self._settings.station.data_dir)
        if identity is None or not self._settings.uplink.url:
            return
        try:
            await self._checkpoints.begin((await self._following(identity)).keys)
        except EvidenceError as exc:
            # A note that can no longer be read counts as none; what the centre holds matters more.
            log.error("the kept checkpoint is not the centre's", extra={"code": exc.code})
        try:
            async with self._line() as centre:
                count = await self._rejoining(identity, centre).catch_up()
            if count:
                log.warning("entries came back from the centre", extra={"count": count})
        except UplinkError as exc:
            log.info("the centre does not answer", extra={"detail": exc.detail})
        except EvidenceError as exc:
            log.error("the centre holds another ledger", extra={"code": exc.code, **exc.fields})
            self._refusal = exc

    async def rejoin(self, reason: str) -> list[str]:
        """Set our own branch aside and take up the centre's; see :meth:`Rejoining.rejoin`."""
        identity = known_centre(self._settings.station.data_dir)
        if identity is None or not self._settings.uplink.url:
            raise NotEnrolled
        async with self._line() as centre:
            return await self._rejoining(identity, centre).rejoin(reason)

    @asynccontextmanager
    async def log(self) -> AsyncIterator[tuple[HttpCentre | None, CentreKeys | None]]:
        """Give the line to the centre, None without one, and the keys by which it is known."""
        identity = known_centre(self._settings.station.data_dir)
        keys = (await self._following(identity)).keys if identity else None
        if keys is None or not self._settings.uplink.url:
            yield None, keys
            return
        async with self._line() as centre:
            yield centre, keys

    async def run(self, runtime: Runtime, camera: Camera, take_answers: TakeAnswers) -> None:
        """Deliver and fetch for ever, once there is a centre that knows this station.

        *take_answers* is called whenever the centre's ledger was fetched.
        """
        if not self._settings.uplink.url:
            runtime.uplink_state(NO_UPLINK, "")
            return
        while (identity := known_centre(self._settings.station.data_dir)) is None:
            runtime.uplink_state(NotEnrolled.code, "")
            await asyncio.sleep(ENROLLED_EVERY_S)
        links = Links(runtime.uplink_state)
        if self._refusal is not None:
            links.part(OWN)(self._refusal.code, self._refusal.detail)
        async with self._line() as centre, asyncio.TaskGroup() as tasks:
            puller = await self._puller(identity, centre, links, take_answers)
            pusher = self._pusher_of(centre, puller, links)
            media = self._media_of(centre, pusher, runtime)
            self._pusher, self._media = pusher, media
            ahead = Ahead(self._stored.ledger, centre, pusher)
            self._watching = watching = RemoteWatching(
                ledger=self._stored.ledger,
                camera=camera,
                line=centre,
                busy=lambda: pusher.sending is not None,
                clock=SystemClock(),
            )
            node, ledger = self._settings.station.node, self._stored.ledger

            async def asked(wanted: Wanted) -> None:
                media.want(wanted.recordings)
                await watching.take(wanted)

            teller = Teller(node, runtime.view, ledger, centre, asked=asked)
            url, files = self._settings.uplink.url, self._files
            renewer = Renewer(url, node, files, self._identity, SystemClock())
            for part in (puller, pusher, media, ahead, teller, watching, renewer):
                tasks.create_task(part.run())

    async def _puller(
        self,
        identity: CentreIdentity,
        centre: HttpCentre,
        links: Links,
        take_answers: TakeAnswers,
    ) -> Puller:
        async def pulled(answer: Down) -> None:
            await self._checkpoints.see(answer.checkpoint, puller.keys)
            await take_answers()

        puller = Puller(
            centre=centre,
            ledger=self._stored.centre,
            following=await self._following(identity),
            report=links.part(DOWN),
            pulled=pulled,
            parting=Parting(
                centre=centre,
                ledger=self._stored.centre,
                branches=self._stored.branches,
                identity=identity,
            ),
        )
        return puller

    def _pusher_of(self, centre: HttpCentre, puller: Puller, links: Links) -> Pusher:
        return Pusher(
            node=self._settings.station.node,
            ledger=self._stored.ledger,
            outbox=self._stored.outbox,
            centre=centre,
            puller=puller,
            report=links.part(PUSH),
        )

    def _media_of(self, centre: HttpCentre, pusher: Pusher, runtime: Runtime) -> MediaSender:
        return MediaSender(
            ledger=self._stored.ledger,
            outbox=self._stored.outbox,
            recordings=self._stored.recordings,
            media=self._stored.media,
            centre=centre,
            busy=lambda: pusher.sending is not None,
            notice=lambda code, detail: runtime.board.notice(MEDIA, code, detail),
            clock=SystemClock(),
        )

    async def _following(self, identity: CentreIdentity) -> Following:
        keys = CentreKeys.of(identity, await self._stored.centre.key_entries())
        return Following(keys, await self._stored.centre.head())

    def _rejoining(self, identity: CentreIdentity, centre: HttpCentre) -> Rejoining:
        async def ring(upto: int) -> KeyRing:
            """Return our keys after entry *upto*; the centre's ledger tells of their enrolment."""
            await Puller(
                centre=centre,
                ledger=self._stored.centre,
                following=await self._following(identity),
                report=lambda _code, _detail: None,
                pulled=_nothing_more,
            ).pull_all()
            signer, node = self._stored.signer, self._settings.station.node
            own = NodeKey(key_id=signer.key_id, public_key=signer.public_key, from_seq=1)
            enrolments = await self._stored.centre.enrolments(node)
            rotations = await self._stored.ledger.rotations()
            return own_keys(own, enrolments, [one for one in rotations if one.seq <= upto])

        return Rejoining(
            ledger=self._stored.ledger,
            branches=self._stored.branches,
            centre=centre,
            own_keys=ring,
        )

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[HttpCentre]:
        centre = HttpCentre(
            self._settings.uplink.url,
            self._settings.station.node,
            self._stored.signer,
            self._identity.context,
            clock=SystemClock(),
            heard=self._stored.time.heard,
        )
        try:
            yield centre
        finally:
            await centre.close()


async def _nothing_more(_answer: Down) -> None:
    """Take no checkpoint: one that contradicts another would have to be written down."""
