"""Composition root of the audit: a reader of the database beside the running centre."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from central.application.auditing import FullAudit, Outside, Report, said
from central.bootstrap import SystemClock, own_key
from central.domain.auditing.claims import LogKeys, good_receipts, witnessed_claims
from central.domain.auditing.values import Claim, Discrepancy
from central.settings import CentralSettings
from central.store.auditing import SqlAuditArchive
from central.store.embedded import Place, embedded, running
from central.store.handed_in import receipts, witnessed_notes
from central.store.pool import Pool, pool
from central.witness.asking import notes_at
from station.contract.messages import message

_NS_IN_MS: Final = 1_000_000
_MEGABYTE: Final = 1_000_000
_URL: Final = ("http://", "https://")


def log_keys(settings: CentralSettings) -> LogKeys:
    """Return whose signature the centre's checkpoints and receipts bear."""
    return LogKeys(origin=settings.central.origin, public_keys=(own_key(settings).public_key,))


async def audited(
    settings: CentralSettings,
    receipt_files: Sequence[Path],
    witnesses: Sequence[str],
    tell: Callable[[int], None],
) -> Report:
    """Audit everything, against receipts in files and checkpoints in files or at addresses.

    What is outside is read first: whatever it names was in the log before the snapshot.

    Raises:
        InvalidFacts: a file or an address cannot be read.
    """
    outside = await _outside(log_keys(settings), receipt_files, witnesses)
    count = len(os.sched_getaffinity(0))
    async with _opened(settings) as database:
        # Spawned, not forked: this process has threads and connections.
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as executor:
            audit = FullAudit(
                archive=SqlAuditArchive(database),
                clock=SystemClock(),
                executor=executor,
                workers=count,
                tell=tell,
            )
            return await audit(outside)


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


def _rate(entries: int, ns: int) -> int:
    return entries * 1_000_000_000 // max(ns, 1)


async def _outside(
    log: LogKeys, receipt_files: Sequence[Path], witnesses: Sequence[str]
) -> Outside:
    held = [one for path in receipt_files for one in receipts(path)]
    good, found = good_receipts(held, log)
    claims: list[Claim] = []
    wrong: list[Discrepancy] = list(found)
    for source in witnesses:
        notes = await notes_at(source) if source.startswith(_URL) else witnessed_notes(Path(source))
        stated, foreign = witnessed_claims(notes, source, log)
        claims += stated
        wrong += foreign
    return Outside(log=log, receipts=tuple(good), claims=tuple(claims), found=tuple(wrong))


@contextlib.asynccontextmanager
async def _opened(settings: CentralSettings) -> AsyncIterator[Pool]:
    """Open the database as it is: an auditor neither migrates nor enrols."""
    place = Place(data_dir=settings.central.data_dir, binaries=settings.database.binaries)
    async with contextlib.AsyncExitStack() as stack:
        dsn = settings.database.dsn or await running(place)
        if not dsn:
            dsn = (await stack.enter_async_context(embedded(place))).dsn
        yield await stack.enter_async_context(pool(dsn))
