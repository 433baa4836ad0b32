"""Collects the evidence bundle (证据包) of one case: from this station, and from the centre's log.

A centre that cannot be reached holds nothing up: the bundle is made without proofs, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from station.application.centre_keys import CentreKeys
from station.application.centre_ports import Recordings
from station.application.ports import Media
from station.application.proving import LogPlaces, ProofSource
from station.contract.bundle import Bundle, Bundled, Collected, Remark, remarks_on, require_room
from station.contract.case_record import CaseRecord, finding_edition
from station.contract.checkpoint import Checkpoint
from station.contract.entries import RecordingImported, read
from station.contract.media import MOST_SENT, media_of
from station.contract.messages import message
from station.contract.personal import Opening
from station.contract.uplink import Receipt
from station.domain.case import Case
from station.domain.clock import Clock
from station.domain.errors import BadOpening, BadReceipt, CaseUnknown, KeyNotGood, NotFound
from station.domain.ledger import Entry

LawFiles = Callable[[str], Mapping[str, bytes]]
"""Gives the files of a law edition; raises LawAbsent where they are not here."""


class CaseLedger(Protocol):
    """The ledger, read for one case."""

    async def case(self, case_no: str) -> Case:
        """Return one case.

        Raises:
            NotFound: there is none.
        """
        ...

    async def naming(self, texts: Sequence[bytes], passage_id: str) -> list[Entry]:
        """Return the entries from the passage on that name one of *texts*, in order."""
        ...

    async def openings(self, first: int, last: int) -> dict[int, tuple[Opening, ...]]:
        """Return the clear texts kept beside the entries from *first* to *last*, by seq.

        Raises:
            BadOpening: one is not what its entry commits to.
        """
        ...


class Receipts(Protocol):
    """What the centre signed for."""

    async def covering(self, seq: int) -> Receipt | None:
        """Return the first receipt that covers entry *seq*; None while there is none."""
        ...


class Export:
    """The use case. It reads, and changes nothing."""

    def __init__(
        self,
        *,
        node: str,
        ledger: CaseLedger,
        receipts: Receipts,
        recordings: Recordings,
        media: Media,
        law: LawFiles,
        clock: Clock,
    ) -> None:
        self._node = node
        self._ledger = ledger
        self._receipts = receipts
        self._recordings = recordings
        self._media = media
        self._law = law
        self._clock = clock

    async def __call__(
        self,
        case_no: str,
        centre: ProofSource | None,
        keys: CentreKeys | None,
        *,
        personal: bool = True,
    ) -> Collected:
        """Return the bundle of a case.

        Args:
            case_no: its number.
            centre: whom to ask for proofs; None: this station has no centre.
            keys: by which the centre is known.
            personal: False leaves the clear text of personal fields out.

        Raises:
            CaseUnknown: there is no such case.
            LawAbsent: the law by which the finding was made is not here.
            BundleTooLarge: its recordings leave no room.
            StoreCorrupt: an entry is not what was written.
        """
        entries = await self._entries(case_no)
        law = self._law(finding_edition(entries))
        log = await LogPlaces.asked(entries, centre, keys)
        openings, spoilt = await self._openings(entries if personal else ())
        media, missing = await self._kept(entries)
        now = self._clock.now()
        bundle = Bundle(
            case_no=case_no,
            node=self._node,
            # Made after the checkpoint in it, also where our clock is behind the centre's.
            made_at=max(now, log.checkpoint.moment) if log.checkpoint else now,
            entries=tuple(
                Bundled(
                    entry=one, place=log.places.get(one.seq), openings=openings.get(one.seq, ())
                )
                for one in entries
            ),
            note=log.note,
            receipts=await self._signed_for(entries, log, keys),
            media=media,
            missing=missing,
            law=law,
            cover=b"",
        )
        remarks = (*log.remarks, *remarks_on(bundle, spoilt=spoilt, personal=personal))
        return Collected(
            bundle=bundle,
            checkpoint=log.checkpoint,
            remarks=(*remarks, Remark("bundle.own_only")),
        )

    async def _entries(self, case_no: str) -> tuple[Entry, ...]:
        try:
            case = await self._ledger.case(case_no)
        except NotFound as exc:
            raise CaseUnknown(case_no=case_no) from exc
        return await CaseRecord(self._node, case_no).of_station(
            lambda texts: self._ledger.naming(texts, case.passage_id)
        )

    async def _openings(
        self, entries: Sequence[Entry]
    ) -> tuple[dict[int, tuple[Opening, ...]], int]:
        found: dict[int, tuple[Opening, ...]] = {}
        spoilt = 0
        for entry in entries:
            try:
                found |= await self._ledger.openings(entry.seq, entry.seq)
            except BadOpening:
                spoilt += 1
        return found, spoilt

    async def _kept(self, entries: Sequence[Entry]) -> tuple[dict[str, bytes], dict[str, str]]:
        media: dict[str, bytes] = {}
        missing: dict[str, str] = {}
        payloads = [read(one)[1] for one in entries]
        for payload in payloads:
            if isinstance(payload, RecordingImported) and payload.size > MOST_SENT:
                missing[payload.sha256] = message("bundle.media_large", {})
        names = {name for payload in payloads for name in media_of(payload)}
        for sha256 in sorted(names - set(missing)):
            require_room(media)
            try:
                media[sha256] = await self._media.fetch(sha256)
            except NotFound:
                erased = await self._recordings.was_erased(sha256)
                why = "bundle.media_erased" if erased else "bundle.media_lost"
                missing[sha256] = message(why, {})
        return media, missing

    async def _signed_for(
        self, entries: Sequence[Entry], log: LogPlaces, keys: CentreKeys | None
    ) -> tuple[Receipt, ...]:
        """Return the receipts that cover the entries, as far as whoever checks can use them."""
        found: dict[int, Receipt] = {}
        for entry in entries:
            receipt = await self._receipts.covering(entry.seq)
            if receipt and keys and _usable(receipt, keys, log.checkpoint):
                found[receipt.seq] = receipt
        return tuple(found.values())


def _usable(receipt: Receipt, keys: CentreKeys, checkpoint: Checkpoint | None) -> bool:
    """Tell whether a key not revoked signed it, and for a tree that the checkpoint covers."""
    try:
        keys.check_receipt(receipt, kept=True)
    except (KeyNotGood, BadReceipt):
        return False
    return checkpoint is None or receipt.log_size <= checkpoint.size
