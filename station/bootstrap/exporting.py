"""Joins what exports an evidence bundle (证据包): the store as it is, the centre, the cover."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from station.application.centre_keys import CentreKeys
from station.application.exporting import Export
from station.bootstrap.opening import LAW, Stored, SystemClock, open_to_read
from station.bootstrap.uplink import Uplink
from station.contract.bundle import Bundle, Collected, Remark, bundle_zip
from station.contract.checkpoint import cosigners
from station.contract.entries import KeyRevoked, KeyRotate, read
from station.contract.law_edition import files_of
from station.contract.messages import message
from station.documents.cover import Maker, covered
from station.keys.files import refuse_existing, write_bundle
from station.settings import Settings


async def export_bundle(
    settings: Settings,
    case_no: str,
    out: Path,
    *,
    law: Path | None = None,
    personal: bool = True,
) -> Collected:
    """Write the bundle of a case; the station may be running, and the centre away.

    Args:
        settings: of the station.
        case_no: number of the case.
        out: where the bundle goes; no file is there yet.
        law: a folder of law files, for a finding by another edition than the package's own.
        personal: False leaves the clear text of personal fields out.

    Raises:
        BundleError: it cannot be made, or not be written there; nothing was left.
        SettingsError: there is no ledger, or a key or folder cannot be used.
        StorageError: the store cannot be read.
    """
    refuse_existing(out)
    stored = open_to_read(settings)
    try:
        async with Uplink(settings, stored).log() as (centre, keys):
            export = Export(
                node=settings.station.node,
                ledger=stored.ledger,
                receipts=stored.outbox,
                recordings=stored.recordings,
                media=stored.media,
                law=lambda edition: files_of(edition, settings.station.data_dir / LAW, law),
                clock=SystemClock(),
            )
            collected = await export(case_no, centre, keys, personal=personal)
        if await _is_revoked(settings.station.node, stored):
            revoked = Remark("bundle.key_revoked")
            collected = replace(collected, remarks=(revoked, *collected.remarks))
        shown = await _signers(settings.station.node, stored, collected.bundle, keys)
    finally:
        stored.close()
    names = cosigners(collected.bundle.note.encode()) if collected.checkpoint else ()
    bundle = covered(
        collected,
        station=settings.station.name,
        maker=Maker(node=settings.station.node, name=settings.station.name),
        keys=shown,
        witnesses=[message("bundle.witness_unchecked", {"name": name}) for name in names],
    )
    write_bundle(out, bundle_zip(bundle, settings.station.node, stored.signer))
    return collected


async def _is_revoked(node: str, stored: Stored) -> bool:
    """Tell whether the centre has revoked the key that signs here, as far as was heard."""
    told = [read(entry)[1] for entry in await stored.centre.key_entries()]
    return any(
        isinstance(one, KeyRevoked) and (one.node, one.key_id) == (node, stored.signer.key_id)
        for one in told
    )


async def _signers(
    node: str, stored: Stored, bundle: Bundle, keys: CentreKeys | None
) -> list[tuple[str, bytes]]:
    """Return node and public key of each that signed something, as far as they are known here."""
    signed = {one.entry.key_id for one in bundle.entries} | {stored.signer.key_id}
    known = {stored.signer.key_id: stored.signer.public_key}
    for one in await stored.centre.enrolments(node):
        known[one.key_id] = bytes.fromhex(one.public_key)
    for entry in await stored.ledger.rotations():
        rotated = read(entry)[1]
        if isinstance(rotated, KeyRotate):
            known[rotated.key_id] = bytes.fromhex(rotated.public_key)
    shown = [(node, known[key_id]) for key_id in sorted(signed & known.keys())]
    if keys is not None and (bundle.note or bundle.receipts):
        shown += [(keys.node, key.public_key) for key in keys.in_force]
    return shown
