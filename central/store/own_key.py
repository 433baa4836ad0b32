"""The centre's own signing key, and the public keys that it had before (密钥轮换).

A new key lies beside the old one until the entry that names it is durable in the ledger. From that
commit on the new key is in force; whoever starts next, if not the command itself, lets its file
take the place of the old one, which is gone with that. Its public half stays: receipts and
checkpoints bear its signature for ever, and an audit believes no table for it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from station.contract.keyring import KeyRing
from station.contract.signature import Ed25519Signer
from station.domain.errors import SettingsError
from station.keys.files import PUBLIC, move_durably, write_durably
from station.keys.signing import existing_signer, new_private_key, signer

NAME: Final = "centre.key"
NEXT: Final = "centre.key.next"
FORMER: Final = "centre.keys.former"
_HEX_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class OwnKey:
    """Where the centre's key stands."""

    folder: Path

    def signer(self) -> Ed25519Signer:
        """Return the key that signs, made at the first call.

        Raises:
            SettingsError: the file cannot be used.
        """
        return signer(self.folder / NAME)

    def former(self) -> tuple[bytes, ...]:
        """Return the public keys that the centre had before (32 bytes), the oldest first.

        Raises:
            SettingsError: the file cannot be read, or holds something else.
        """
        path = self.folder / FORMER
        try:
            lines = path.read_text("ascii").split()
            keys = tuple(bytes.fromhex(line) for line in lines)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as exc:
            raise SettingsError(f"not a list of public keys: {exc}", path=str(path)) from exc
        if any(len(line) != _HEX_DIGITS for line in lines):
            raise SettingsError("not a list of public keys", path=str(path))
        return keys

    def prepare(self) -> Ed25519Signer:
        """Make the next key beside the one in force.

        Raises:
            SettingsError: it cannot be written.
        """
        write_durably(self.folder / NEXT, new_private_key())
        return existing_signer(self.folder / NEXT)

    def settle(self, ring: KeyRing) -> None:
        """Let the key that the ledger names take the place of one that has ended. Idempotent.

        Args:
            ring: the centre's keys, as its own ledger has them.

        Raises:
            SettingsError: the key that is in force is not there.
        """
        ending = self.signer()
        if not any(key.key_id == ending.key_id and key.until_seq for key in ring.keys):
            return
        waiting = self.folder / NEXT
        if not waiting.exists() or not _in_force(existing_signer(waiting).key_id, ring):
            raise SettingsError(
                f"the key {ending.key_id} has ended, and the one after it is not here",
                path=str(waiting),
            )
        known = self.former()
        if ending.public_key not in known:
            lines = "".join(f"{key.hex()}\n" for key in (*known, ending.public_key))
            write_durably(self.folder / FORMER, lines.encode(), PUBLIC)
        with contextlib.suppress(FileNotFoundError):  # another program was quicker
            move_durably(waiting, self.folder / NAME)


def _in_force(key_id: str, ring: KeyRing) -> bool:
    return any(key.key_id == key_id and key.until_seq is None for key in ring.keys)
