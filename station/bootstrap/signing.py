"""The station's signing key, and its rotation (密钥轮换): one step that no power cut can halve.

A new key lies beside the old one until the entry that names it is durable in the ledger. From that
commit on the new key is in force; whoever opens the store next, if not the command itself, lets its
file take the place of the old one, which is gone with that.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from station.application.ports import Draft
from station.contract.entries import KeyRotate, Kind
from station.contract.signature import Ed25519Signer, rotation_message
from station.domain.errors import SigningKeyGone
from station.keys.files import move_durably, write_durably
from station.keys.signing import existing_signer, new_private_key, signer
from station.store.database import Database
from station.store.rotations import begun, successor
from station.store.sqlite_store import SqliteStore

NAME: Final = "station.key"
NEXT: Final = "station.key.next"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the key of one ledger stands."""

    folder: Path
    database: Database

    def signer(self) -> Ed25519Signer:
        """Return the key that signs the next entry, making the first one.

        Raises:
            SigningKeyGone: the ledger has entries, and its key is not there.
            SettingsError: the file cannot be used.
        """
        path = self.folder / NAME
        if not path.exists():
            if self.database.run_now(begun):
                raise SigningKeyGone("there is none", key_id="", path=str(path))
            return signer(path)
        found = existing_signer(path)
        named = self.database.run_now(lambda connection: successor(connection, found.key_id))
        if named is None:
            return found
        self.settle(named)
        return existing_signer(path)

    def present(self) -> Ed25519Signer:
        """Return the key that signs the next entry; nothing is made or moved.

        Raises:
            SettingsError: there is none, or its file cannot be used.
        """
        found = existing_signer(self.folder / NAME)
        ended = self.database.run_now(lambda connection: successor(connection, found.key_id))
        return existing_signer(self.folder / NEXT) if ended else found

    def prepare(self) -> Ed25519Signer:
        """Make the next key beside the one in force.

        Raises:
            SettingsError: it cannot be written.
        """
        write_durably(self.folder / NEXT, new_private_key())
        return existing_signer(self.folder / NEXT)

    def settle(self, key_id: str) -> None:
        """Let the key that the ledger names take the place of the one that has ended.

        Raises:
            SigningKeyGone: it is not there.
        """
        waiting = self.folder / NEXT
        if waiting.exists() and existing_signer(waiting).key_id == key_id:
            with contextlib.suppress(FileNotFoundError):  # another program was quicker
                move_durably(waiting, self.folder / NAME)
        if existing_signer(self.folder / NAME).key_id != key_id:
            raise SigningKeyGone(
                "another one is there", key_id=key_id, path=str(self.folder / NAME)
            )


def rotate(place: KeyPlace, ledger: SqliteStore, node: str, ending: Ed25519Signer) -> str:
    """Put another key in the place of *ending*; return its ``key_id``.

    Raises:
        SettingsError: a key cannot be written.
        StorageError: the entry is not durable; the old key stays in force.
    """
    new = place.prepare()
    proof = new.sign(rotation_message(node, ending.key_id, new.public_key))
    payload = KeyRotate(
        alg=new.alg, key_id=new.key_id, public_key=new.public_key.hex(), proof=proof.hex()
    )
    place.database.run_now(
        lambda connection: ledger.append_on(connection, [Draft(Kind.KEY_ROTATE, payload)])
    )
    place.settle(new.key_id)
    return new.key_id
