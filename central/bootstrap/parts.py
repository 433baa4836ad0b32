"""Joins the use cases behind the interfaces."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from central.api.parts import Parts
from central.application.accept import Accept, TakeAhead
from central.application.administering import Administering
from central.application.admit import Admit
from central.application.appending import Writer
from central.application.cosigning import Cosign
from central.application.due import Due
from central.application.enrol import Enrol, Renew
from central.application.mismatching import CopyMismatches
from central.application.projecting import Projector
from central.application.publishing import OwnLedger, Publish
from central.application.recordings import TakeRecordings
from central.application.refusing import Announce, Refuser
from central.application.register import Authority
from central.application.releasing import Release
from central.application.serving import Serve
from central.application.traffic import Traffic
from central.bootstrap.missing import RECORDINGS, ask_again
from central.bootstrap.own import centre_identity, log_keys
from central.bootstrap.watching import Watching
from central.export.mismatches import mismatches_csv, mismatches_file_name
from central.export.repeat_vehicles import file_name, repeat_vehicles_csv
from central.settings import CentralSettings
from central.store.access_log import SqlRefusedAccesses
from central.store.accounts import SqlAccounts
from central.store.due import SqlCaseFiles
from central.store.enrolment import SqlRegister
from central.store.ledgers import SqlArchive
from central.store.pool import Pool
from central.store.recordings import FileRecordings
from central.store.shelf import SqlShelf
from station.admission.access_log import AccessLog
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.rules.clocks import Ahead
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar, typed_years


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What the use cases behind the interface share."""

    archive: SqlArchive
    database: Pool
    clock: Clock
    own: OwnLedger
    announce: Announce
    key: Ed25519Signer


def parts(
    settings: CentralSettings,
    shared: Receiving,
    seen: Watching,
    projector: Projector,
    authority: Authority,
) -> Parts:
    """Return what the interfaces for people and for stations ask."""
    archive, clock, key, announce = shared.archive, shared.clock, shared.key, shared.announce
    register, shelf = SqlRegister(shared.database), SqlShelf(shared.database)
    nodes, refuser = known_nodes(settings), Refuser(announce)
    return Parts(
        admit=Admit(register=register, stations=nodes, clock=clock, announce=announce),
        authority=authority,
        enrol=Enrol(
            register=register,
            authority=authority,
            own=shared.own,
            stations=nodes,
            centre=centre_identity(settings, key),
            clock=clock,
            pause=asyncio.sleep,
            announce=announce,
        ),
        renew=Renew(register=register, authority=authority, clock=clock),
        accept=Accept(
            archive=archive,
            writer=Writer(archive, clock, refuser, projector.wake),
            refuser=refuser,
            clock=clock,
            signer=key,
            traffic=Traffic(),
        ),
        take_ahead=TakeAhead(archive=archive, clock=clock),
        take_state=seen.take_state,
        cameras=seen.cameras,
        serve=Serve(shelf=shelf, node=settings.central.node, clock=clock),
        cosign=_cosign(settings, shelf, key),
        release=Release(archive=archive, own=shared.own, clock=clock, announce=announce),
        recordings=_recordings(settings, shared),
        asking_again=ask_again(settings, archive, clock),
        sessions=seen.sessions,
        stations=seen.stations,
        reading=seen.reading,
        due=_due(settings, shared.database, clock),
        copy_mismatches=CopyMismatches(
            archive=archive, own=shared.own, reading=seen.reading, clock=clock
        ),
        mismatch_csv=mismatches_csv,
        mismatch_file_name=mismatches_file_name,
        clock=clock,
        administering=_administering(shared),
        access_log=AccessLog(SqlRefusedAccesses(shared.database), clock),
        cookie=f"zhichao_{settings.central.node}",
        live=seen.live,
        repeat_csv=repeat_vehicles_csv,
        repeat_file_name=file_name,
    )


def _cosign(settings: CentralSettings, shelf: SqlShelf, key: Ed25519Signer) -> Cosign:
    return Cosign(
        checkpoints=shelf,
        log=log_keys(settings, key),
        witnesses={one.name: bytes.fromhex(one.public_key) for one in settings.witnesses},
    )


def _recordings(settings: CentralSettings, shared: Receiving) -> TakeRecordings:
    return TakeRecordings(
        files=FileRecordings(settings.central.data_dir / RECORDINGS),
        archive=shared.archive,
        clock=shared.clock,
        announce=shared.announce,
    )


def _administering(shared: Receiving) -> Administering:
    return Administering(
        accounts=SqlAccounts(shared.database),
        publish=Publish(archive=shared.archive, own=shared.own),
        clock=shared.clock,
    )


def _due(settings: CentralSettings, database: Pool, clock: Clock) -> Due:
    ahead = settings.reminders
    return Due(
        files=SqlCaseFiles(database),
        law=lawbook(),
        working=OfficialCalendar(typed_years(settings.calendar.file)),
        clock=clock,
        ahead=Ahead(hours=timedelta(hours=ahead.hours), days=ahead.days),
    )


def known_nodes(settings: CentralSettings) -> frozenset[str]:
    """Return the stations of the configuration."""
    return frozenset(one.node for one in settings.stations)
