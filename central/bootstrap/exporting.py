"""Joins what exports an evidence bundle (证据包): the database as it is, and the cover."""

from __future__ import annotations

from pathlib import Path

from central.application.exporting import Export
from central.application.register import RegisteredNode
from central.bootstrap import SystemClock
from central.bootstrap.law import LAW
from central.bootstrap.missing import RECORDINGS
from central.bootstrap.opening import opened_as_it_is
from central.bootstrap.own import log_keys, own_key
from central.settings import CentralSettings
from central.store.enrolment import SqlRegister
from central.store.exporting import SqlCases
from central.store.recordings import FileRecordings
from central.store.shelf import SqlShelf
from station.contract.bundle import Bundle, Collected, bundle_zip
from station.contract.checkpoint import cosignatures
from station.contract.law_edition import files_of
from station.contract.signature import Ed25519Signer
from station.documents.cover import Maker, covered
from station.keys.files import refuse_existing, write_bundle


async def export_bundle(
    settings: CentralSettings,
    case_no: str,
    out: Path,
    *,
    node: str | None = None,
    law: Path | None = None,
    personal: bool = True,
) -> Collected:
    """Write the bundle of a case; the centre may be running.

    Args:
        settings: of the centre.
        case_no: number of the case.
        out: where the bundle goes; no file is there yet.
        node: the station that opened the case; None where only one has that number.
        law: a folder of law files, for a finding by another edition than the package's own.
        personal: False leaves the clear text of personal fields out.

    Raises:
        BundleError: it cannot be made, or not be written there; nothing was left.
        StorageError: the database cannot be read.
    """
    refuse_existing(out)
    key = own_key(settings)
    recordings = FileRecordings(settings.central.data_dir / RECORDINGS)
    try:
        async with opened_as_it_is(settings) as database:
            export = Export(
                book=SqlCases(database),
                shelf=SqlShelf(database),
                recordings=recordings,
                law=lambda edition: files_of(edition, settings.central.data_dir / LAW, law),
                own=settings.central.node,
                log=log_keys(settings, key),
                clock=SystemClock(),
            )
            case, collected = await export(case_no, node, personal=personal)
            nodes = await SqlRegister(database).nodes()
    finally:
        recordings.close()
    bundle = covered(
        collected,
        station=case.name,
        maker=Maker(node=settings.central.node, name=settings.central.name),
        keys=_signers(settings.central.node, key, collected.bundle, nodes),
        witnesses=_witnesses(settings, collected.bundle.note),
    )
    write_bundle(out, bundle_zip(bundle, settings.central.node, key))
    return collected


def _witnesses(settings: CentralSettings, note: str) -> list[str]:
    """Return who cosigned the checkpoint, in order of the configuration."""
    if not note:
        return []
    known = {one.name: bytes.fromhex(one.public_key) for one in settings.witnesses}
    return list(cosignatures(note.encode(), known))


def _signers(
    own: str, key: Ed25519Signer, bundle: Bundle, nodes: list[RegisteredNode]
) -> list[tuple[str, bytes]]:
    """Return node and public key of each that signed something."""
    signed = {(one.entry.node, one.entry.key_id) for one in bundle.entries} | {(own, key.key_id)}
    return [
        (node.node, one.key.public_key)
        for node in nodes
        for one in node.keys
        if (node.node, one.key.key_id) in signed
    ]
