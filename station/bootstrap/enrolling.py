"""Enrols the station at its centre, and keeps its certificate from running out."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from station.bootstrap.signing import KeyPlace
from station.contract.enrolling import (
    EnrolRequest,
    RenewRequest,
    proof_message,
    read_token,
)
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.domain.errors import SettingsError, ZhichaoError
from station.keys.centre import keep_centre
from station.keys.files import PUBLIC, write_durably
from station.keys.tls import TlsFiles
from station.settings import Settings
from station.store.database import Database
from station.store.rotations import last_rotation
from station.uplink import enrolling
from station.uplink.identity import Identity

RENEW_BEFORE: Final = timedelta(days=180)
"""So long before its end a certificate is renewed: a station may be cut off for months."""
LOOK_EVERY_S: Final = 6 * 3600.0

log = logging.getLogger(__name__)


async def enrol(settings: Settings, text: str) -> tuple[str, datetime]:
    """Enrol the station by a token; return its ``key_id`` and when the certificate ends.

    Keys are made here and stay here. What the token must not give away is sent to nobody but the
    centre that it names.

    Raises:
        SettingsError: no centre is configured, or a file cannot be used.
        EnrolError: the centre refuses.
        UplinkError: the centre cannot be reached, or somebody else answers.
    """
    if not settings.uplink.url:
        raise SettingsError("[uplink] url: no centre is configured", key="uplink.url")
    token = read_token(text)
    node, folder, url = settings.station.node, settings.station.data_dir, settings.uplink.url
    authority = await enrolling.pinned_authority(url, token.pin)
    signer, after_seq = await asyncio.to_thread(_signing_key, folder)
    files = TlsFiles(folder)
    csr = files.request(node)
    request = EnrolRequest(
        token=token.secret,
        node=node,
        alg=signer.alg,
        public_key=signer.public_key.hex(),
        after_seq=after_seq,
        proof=signer.sign(proof_message(token.digest, node, csr)).hex(),
        csr=csr,
    )
    answer = await enrolling.enrol(url, authority, request)
    # The certificate last: whoever finds it finds the others.
    keep_centre(folder, answer.centre)
    write_durably(files.authority, authority.encode(), PUBLIC)
    files.keep(answer.certificate)
    ends_at = files.ends_at()
    assert ends_at is not None  # noqa: S101 - for the type only
    return signer.key_id, ends_at


def _signing_key(folder: Path) -> tuple[Ed25519Signer, int]:
    """Return the key that signs the next entry, and the last entry that another one signed."""
    database = Database(folder / "station.sqlite")
    try:
        return KeyPlace(folder, database).signer(), database.run_now(last_rotation)
    finally:
        database.close()


class Renewer:
    """One task."""

    def __init__(
        self, url: str, node: str, files: TlsFiles, identity: Identity, clock: Clock
    ) -> None:
        self._url = url
        self._node = node
        self._files = files
        self._identity = identity
        self._clock = clock

    async def run(self) -> None:
        """Look at the certificate now and then, for ever."""
        while True:
            try:
                await self.renew_when_due()
            except ZhichaoError as exc:
                log.warning("certificate not renewed", extra={"code": exc.code})
            await asyncio.sleep(LOOK_EVERY_S)

    async def renew_when_due(self) -> bool:
        """Renew the certificate when its end is near; tell whether it was.

        Raises:
            UplinkError: it is due, and the centre did not give one.
            SettingsError: a file cannot be used.
        """
        ends_at = self._files.ends_at()
        if ends_at is None or ends_at - RENEW_BEFORE > self._clock.now():
            return False
        request = RenewRequest(csr=self._files.request(self._node))
        answer = await enrolling.renew(self._url, self._identity.context(), request)
        self._files.keep(answer.certificate)
        return True
