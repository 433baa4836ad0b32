"""The centre itself: its keys, its authority, its ledger, and the stations it knows."""

from __future__ import annotations

from uuid import uuid4

from central.application.publishing import OwnLedger
from central.domain.auditing.claims import LogKeys
from central.settings import CentralSettings
from central.store.authority import FileAuthority
from central.store.ledgers import Enrolment
from central.store.own_key import OwnKey
from station.contract.enrolling import CentreIdentity
from station.contract.legal_id import legal_id
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.rules.lawbook import lawbook


def log_keys(settings: CentralSettings, key: Ed25519Signer) -> LogKeys:
    """Return whose signature the centre's checkpoints and receipts bear: *key*, and older ones."""
    keys = (*key_place(settings).former(), key.public_key)
    return LogKeys(origin=settings.central.origin, public_keys=keys)


def own_ledger(settings: CentralSettings, clock: Clock, key: Ed25519Signer) -> OwnLedger:
    """Return the centre's own ledger."""
    sealer = Sealer(
        node=settings.central.node,
        signer=key,
        clock=clock,
        boot_id=str(uuid4()),
        legal_id=legal_id(),
        law_edition=lawbook().edition,
    )
    return OwnLedger(node=settings.central.node, sealer=sealer, clock=clock)


def enrolments(settings: CentralSettings) -> list[Enrolment]:
    """Return the stations of the configuration; tokens bring their keys."""
    return [Enrolment(node=one.node, name=one.name, road=one.road) for one in settings.stations]


def own_key(settings: CentralSettings) -> Ed25519Signer:
    """Return the centre's own key, made at the first call."""
    return key_place(settings).signer()


def key_place(settings: CentralSettings) -> OwnKey:
    """Return where the centre's own key stands."""
    return OwnKey(settings.central.data_dir)


def own_authority(settings: CentralSettings, clock: Clock) -> FileAuthority:
    """Return the centre's certificate authority, made at the first call."""
    return FileAuthority(settings.central.data_dir / "ca", clock.now())


def centre_identity(settings: CentralSettings, key: Ed25519Signer) -> CentreIdentity:
    """Return what an enrolled station knows of its centre."""
    return CentreIdentity(
        node=settings.central.node,
        alg=key.alg,
        key_id=key.key_id,
        public_key=key.public_key.hex(),
        origin=settings.central.origin,
    )
