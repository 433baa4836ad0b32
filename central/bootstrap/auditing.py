"""Composition root of the audit: a reader of the database beside the running centre."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from central.application.auditing import FullAudit, Outside, Report, said
from central.application.comparing import compared
from central.application.recheck import Recheck
from central.application.recording_audit import RecordingAudit
from central.bootstrap import SystemClock
from central.bootstrap.missing import RECORDINGS
from central.bootstrap.opening import opened_as_it_is
from central.bootstrap.own import log_keys, own_key
from central.domain.auditing.claims import LogKeys, good_receipts, witnessed_claims
from central.domain.auditing.values import Claim, Discrepancy, Findings, Layer
from central.settings import CentralSettings
from central.store.auditing import SqlAuditArchive
from central.store.comparing import SqlComparisons
from central.store.handed_in import receipts, witnessed_notes
from central.store.pool import Pool
from central.store.recording_book import SqlRecordingBook
from central.store.recordings import FileRecordings
from central.witness.asking import notes_at
from station.contract.messages import message
from station.domain.errors import UplinkError
from station.rules.lawbook import lawbook

_NS_IN_MS: Final = 1_000_000
_MEGABYTE: Final = 1_000_000
_PR_SET_PDEATHSIG: Final = 1
_URL: Final = ("http://", "https://")


async def audited(
    settings: CentralSettings,
    receipt_files: Sequence[Path],
    witnesses: Sequence[str],
    tell: Callable[[int], None],
) -> Report:
    """Audit everything, against receipts in files and checkpoints in files or at addresses.

    What is outside is read first: whatever it names was in the log before the snapshot. Then what
    headquarters is shown is held against what the entries come to, and the recordings against the
    entries that name them.

    Raises:
        InvalidFacts: a file cannot be read.
    """
    known = [one.url for one in settings.witnesses if one.url]
    log = log_keys(settings, own_key(settings))
    outside = await _outside(settings.central.node, log, receipt_files, [*known, *witnesses])
    count = len(os.sched_getaffinity(0))
    async with opened_as_it_is(settings) as database:
        # Spawned, not forked: this process has threads and connections.
        with ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),)
        ) as executor:
            audit = FullAudit(
                archive=SqlAuditArchive(database),
                clock=SystemClock(),
                executor=executor,
                workers=count,
                tell=tell,
            )
            report = await audit(outside)
        unlike = Findings()
        unlike.add(await compared(SqlComparisons(database), Recheck(lawbook())))
        recordings = await _recordings(settings, database, tell)
        return replace(report, findings=(*report.findings, *unlike.all(), *recordings))


async def _recordings(
    settings: CentralSettings, database: Pool, tell: Callable[[int], None]
) -> list[tuple[Discrepancy, int]]:
    files = FileRecordings(settings.central.data_dir / RECORDINGS)
    try:
        audit = RecordingAudit(
            book=SqlRecordingBook(database, settings.central.node),
            files=files,
            own=settings.central.node,
            clock=SystemClock(),
            days=settings.audit.recordings_days,
            tell=tell,
        )
        return await audit()
    finally:
        files.close()


def record(report: Report) -> dict[str, object]:
    """Return the report for machines. Rates are entries in a second."""
    return {
        "entries": report.entries,
        "body_bytes": report.body_bytes,
        "nodes": report.nodes,
        "checkpoints": report.checkpoints,
        "receipts": report.receipts,
        "witnessed": report.witnessed,
        "walk_ms": report.walk_ns // _NS_IN_MS,
        "walk_per_s": _rate(report.entries, report.walk_ns),
        "signatures_ms": report.signatures_ns // _NS_IN_MS,
        "signatures_per_s": _rate(report.entries, report.signatures_ns),
        "findings": [
            {
                "layer": one.layer.value,
                "node": one.node,
                "seq": one.seq,
                "last": one.last,
                "code": one.code,
                "detail": one.detail,
                "count": count,
            }
            for one, count in report.findings
        ],
    }


def lines(report: Report) -> Iterator[str]:
    """Give the report for people: what is wrong, the first place first, then the sums."""
    for one, count in report.findings:
        fields: dict[str, str | int] = {"node": one.node, "detail": said(one), "count": count}
        yield f"audit.{one.layer.value}: {message(f'audit.{one.layer.value}', fields)}"
    yield message(
        "central.audited",
        {
            "entries": report.entries,
            "megabytes": report.body_bytes // _MEGABYTE,
            "nodes": report.nodes,
            "checkpoints": report.checkpoints,
            "receipts": report.receipts,
            "witnessed": report.witnessed,
            "walk_per_s": _rate(report.entries, report.walk_ns),
            "signatures_per_s": _rate(report.entries, report.signatures_ns),
        },
    )
    yield message("central.audit_found" if report.findings else "central.audit_clean", {})


def _end_with(parent: int) -> None:
    """Tie a worker's life to its parent's: a killed audit must leave nothing behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _rate(entries: int, ns: int) -> int:
    return entries * 1_000_000_000 // max(ns, 1)


async def _outside(
    own: str, log: LogKeys, receipt_files: Sequence[Path], witnesses: Sequence[str]
) -> Outside:
    held = [one for path in receipt_files for one in receipts(path)]
    good, found = good_receipts(held, log)
    claims: list[Claim] = []
    wrong: list[Discrepancy] = list(found)
    for source in witnesses:
        try:
            notes = await _notes(source)
        except UplinkError as exc:
            wrong.append(_silent(source, str(exc)))
            continue
        stated, foreign = witnessed_claims(notes, source, log)
        claims += stated
        wrong += foreign
    return Outside(own=own, log=log, receipts=tuple(good), claims=tuple(claims), found=tuple(wrong))


async def _notes(source: str) -> list[str]:
    return await notes_at(source) if source.startswith(_URL) else witnessed_notes(Path(source))


def _silent(witness: str, detail: str) -> Discrepancy:
    """Say that a witness was not heard, which must not keep the other layers from speaking."""
    return Discrepancy(
        layer=Layer.WITNESS, node="", seq=None, code="unreachable", detail=f"{witness}: {detail}"
    )
