"""Collects the evidence bundle (证据包) of one case, of any station, from the centre's database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from central.application.ledger_ports import Placed
from central.application.serving import Shelf, best_checkpoint, entry_proofs
from central.domain.auditing.claims import LogKeys
from station.contract.bundle import Bundle, Bundled, Collected, Remark, remarks_on, require_room
from station.contract.case_record import CENTRE_KINDS, STATION_KINDS, CaseRecord, finding_edition
from station.contract.entries import Kind, Passage, commitments, read
from station.contract.media import media_of
from station.contract.messages import message
from station.contract.personal import Opening, check_opening
from station.contract.uplink import EntryProof
from station.domain.clock import Clock
from station.domain.errors import BadOpening, CaseAmbiguous, CaseUnknown, NotFound
from station.domain.ledger import Entry

SLACK: Final = timedelta(days=7)
"""A station's clock is rarely so far ahead that what it wrote came before this."""
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)

LawFiles = Callable[[str], Mapping[str, bytes]]
"""Gives the files of a law edition; raises LawAbsent where they are not here."""
Place = tuple[str, int]
"""Node and seq of an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """A case as it was projected. ``name``: of its station; ``opened_at``: by its clock."""

    node: str
    name: str
    passage_id: str
    opened_at: datetime


class CaseBook(Protocol):
    """Ledgers, projections and clear texts, read for one case."""

    async def cases(self, case_no: str, node: str | None) -> list[KnownCase]:
        """Return the cases of that number, of one station or of all."""
        ...

    async def naming(
        self, node: str, since: datetime, kinds: Sequence[Kind], texts: Sequence[bytes]
    ) -> list[Placed]:
        """Return a node's entries of some kinds that name one of *texts*, in order.

        *since*: received then or later.
        """
        ...

    async def openings(self, node: str, seqs: Sequence[int]) -> list[tuple[int, Opening]]:
        """Return the clear texts kept beside some entries, not checked."""
        ...


class Recordings(Protocol):
    """Recordings that stations have sent."""

    async def fetch(self, sha256: str) -> bytes:
        """Return a whole recording, verified.

        Raises:
            NotFound: it is not here, or is no longer what it was.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The use case. It reads, and changes nothing. ``own``: node of the centre's own ledger."""

    book: CaseBook
    shelf: Shelf
    recordings: Recordings
    law: LawFiles
    own: str
    log: LogKeys
    clock: Clock

    async def __call__(
        self, case_no: str, node: str | None, *, personal: bool = True
    ) -> tuple[KnownCase, Collected]:
        """Return a case and its bundle.

        Args:
            case_no: its number.
            node: the station that opened it; None where only one has that number.
            personal: False leaves the clear text of personal fields out.

        Raises:
            CaseUnknown: there is no such case.
            CaseAmbiguous: several stations have one.
            LawAbsent: the law by which the finding was made is not here.
            BundleTooLarge: its recordings leave no room.
        """
        case = await self._case(case_no, node)
        placed = await self._placed(case, CaseRecord(case.node, case_no))
        entries = [one.entry for one in placed]
        law = self.law(finding_edition(entries))
        note, places = await self._proofs(placed)
        checkpoint = self.log.read(note) if note else None
        now = self.clock.now()
        openings, spoilt = await self._openings(entries if personal else ())
        media, missing = await self._kept(entries)
        bundle = Bundle(
            case_no=case_no,
            node=case.node,
            made_at=max(now, checkpoint.moment) if checkpoint else now,
            entries=tuple(
                Bundled(entry=one, place=places.get(_at(one)), openings=openings.get(_at(one), ()))
                for one in entries
            ),
            note=note,
            receipts=(),  # the stations hold them; the proofs say more
            media=media,
            missing=missing,
            law=law,
            cover=b"",
        )
        remarks = remarks_on(bundle, spoilt=spoilt, personal=personal)
        if checkpoint is None:
            remarks = (Remark("bundle.unreached"), *remarks)
        return case, Collected(bundle=bundle, checkpoint=checkpoint, remarks=remarks)

    async def _case(self, case_no: str, node: str | None) -> KnownCase:
        found = await self.book.cases(case_no, node)
        if not found:
            raise CaseUnknown(case_no=case_no)
        if len(found) > 1:
            nodes = ", ".join(one.node for one in found)
            raise CaseAmbiguous(case_no=case_no, nodes=nodes)
        return found[0]

    async def _placed(self, case: KnownCase, record: CaseRecord) -> list[Placed]:
        """Return the station's entries about the case, then the centre's own."""
        found: list[Placed] = []
        for since in (case.opened_at - SLACK, _BEGINNING):
            found = await self._since(record, since)
            # All the others came after the weighing: once that is there, nothing is left out.
            if any(_is_weighing(one.entry, case.passage_id) for one in found):
                break
        return found

    async def _since(self, record: CaseRecord, since: datetime) -> list[Placed]:
        seen: dict[Place, Placed] = {}

        def searching(
            node: str, kinds: Sequence[Kind]
        ) -> Callable[[Sequence[bytes]], Awaitable[list[Entry]]]:
            async def search(texts: Sequence[bytes]) -> list[Entry]:
                found = await self.book.naming(node, since, kinds, texts)
                seen.update({_at(one.entry): one for one in found})
                return [one.entry for one in found]

            return search

        entries = await record.of_station(searching(record.node, STATION_KINDS))
        entries += await record.of_centre(searching(self.own, CENTRE_KINDS))
        return [seen[_at(one)] for one in entries]

    async def _proofs(self, placed: Sequence[Placed]) -> tuple[str, dict[Place, EntryProof]]:
        """Return a signed note and the proofs that lead to it; "" without any."""
        found = await best_checkpoint(self.shelf, placed)
        if found is None:
            return "", {}
        covered = [one for one in placed if one.position <= found.log_size]
        proofs = await entry_proofs(self.shelf, found.log_size, covered)
        places = {_at(one.entry): proof for one, proof in zip(covered, proofs, strict=True)}
        return (found.note if places else ""), places

    async def _openings(
        self, entries: Sequence[Entry]
    ) -> tuple[dict[Place, tuple[Opening, ...]], int]:
        committed = {_at(one): commitments(one) for one in entries}
        found: dict[Place, tuple[Opening, ...]] = {}
        spoilt: set[Place] = set()
        for node in dict.fromkeys(one.node for one in entries):
            seqs = [one.seq for one in entries if one.node == node]
            for seq, opening in await self.book.openings(node, seqs):
                try:
                    check_opening(opening, committed[node, seq])
                except BadOpening:
                    spoilt.add((node, seq))
                else:
                    found[node, seq] = (*found.get((node, seq), ()), opening)
        return found, len(spoilt)

    async def _kept(self, entries: Iterable[Entry]) -> tuple[dict[str, bytes], dict[str, str]]:
        media: dict[str, bytes] = {}
        missing: dict[str, str] = {}
        for sha256 in sorted({name for one in entries for name in media_of(read(one)[1])}):
            require_room(media)
            try:
                media[sha256] = await self.recordings.fetch(sha256)
            except NotFound:
                missing[sha256] = message("bundle.media_not_held", {})
        return media, missing


def _at(entry: Entry) -> Place:
    return entry.node, entry.seq


def _is_weighing(entry: Entry, passage_id: str) -> bool:
    payload = read(entry)[1]
    return isinstance(payload, Passage) and payload.passage_id == passage_id
