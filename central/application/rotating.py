"""Lets another key sign for the centre (密钥轮换): receipts, checkpoints and its own entries."""

from __future__ import annotations

from dataclasses import dataclass

from central.application.checkpointing import sign_checkpoint
from central.application.ledger_ports import Archive
from central.application.publishing import OwnLedger
from station.contract.entries import KeyRotate, Kind
from station.contract.keyring import KeyRing
from station.contract.signature import Ed25519Signer, rotation_message
from station.domain.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKey:
    """The use case of ``rotate-key``. ``own`` seals with the key that ends."""

    archive: Archive
    own: OwnLedger
    origin: str
    clock: Clock

    async def __call__(self, following: Ed25519Signer) -> KeyRing:
        """Write the rotation, signed by the key that ends with it, and the first new checkpoint.

        The checkpoint covers the rotation: whoever has seen that one needs to believe the old key
        in nothing that is newer.

        Returns:
            the centre's keys, with *following* in force.
        """
        ending, node = self.own.sealer.signer, self.own.node
        proof = following.sign(rotation_message(node, ending.key_id, following.public_key))
        rotation = KeyRotate(
            alg=following.alg,
            key_id=following.key_id,
            public_key=following.public_key.hex(),
            proof=proof.hex(),
        )
        async with self.archive.desk() as desk:
            await self.own.write(desk, [(Kind.KEY_ROTATE, rotation)])
            frontier = await desk.begin()
            await sign_checkpoint(desk, frontier, self.origin, following, self.clock.now())
            return (await desk.states({node}))[node].ring
