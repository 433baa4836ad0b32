"""Joins what finds out that something is missing: the audit, and asking stations again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from central.application.asking_again import AskAgain
from central.application.audit_watch import Alarms, AuditWatch, Increments
from central.application.project import Touched
from central.domain.auditing.claims import LogKeys
from central.settings import CentralSettings
from central.store.audit_process import AuditProcess, FileDiary
from central.store.auditing import SqlAuditArchive
from central.store.ledgers import SqlArchive
from central.store.pool import Pool
from central.store.recordings import FileRecordings
from station.domain.clock import Clock

RECORDINGS: Final = "recordings"
"""The folder of recordings."""


def audit_watch(
    settings: CentralSettings,
    database: Pool,
    clock: Clock,
    *,
    log: LogKeys,
    announce: Callable[[Touched], None],
    config: Path,
) -> AuditWatch:
    """Return what audits; *config* is read again by the audit, a program of its own."""
    archive = SqlAuditArchive(database)
    return AuditWatch(
        turn=archive,
        increments=lambda: Increments(archive, log),
        alarms=Alarms(SqlArchive(database), settings.central.node, clock, announce),
        again=ask_again(settings, SqlArchive(database), clock).of,
        full=AuditProcess(config),
        diary=FileDiary(settings.central.data_dir / "audited"),
        clock=clock,
        every_s=settings.audit.every_s,
        look_every_s=settings.central.checkpoint_every_s,
    )


def ask_again(settings: CentralSettings, archive: SqlArchive, clock: Clock) -> AskAgain:
    """Return what asks stations for recordings that are lost here."""
    return AskAgain(archive, FileRecordings(settings.central.data_dir / RECORDINGS), clock)
