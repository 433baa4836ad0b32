"""What must be in the file before a case closes (结案审查), and which recording covers which act.

Pure. Which documents are due follows from the acts; what is demanded, and how strictly, is law data
and data of a region.

Source: 《行政处罚法》第四十七条.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from station.domain.case import Case
from station.domain.errors import InvalidFacts
from station.domain.procedure import Act
from station.domain.stages import EFFECTIVE, Removal


class Need(Enum):
    """What kind of thing a file must hold."""

    DOCUMENT = "document"  # 文书已制发
    SIGNATURE = "signature"  # 当事人签名、捺印,或注明拒签
    RECHECK = "recheck"  # 复检或拒不改正记录
    SERVICE = "service"  # 送达
    RECORDING = "recording"  # 录音录像


class Weight(Enum):
    """How strictly it is asked for."""

    DEMANDED = "demanded"  # 缺少的,不能结案
    ADVISED = "advised"  # 缺少的,提示


class Standing(Enum):
    """How a need stands."""

    THERE = "there"
    EXCUSED = "excused"  # 已由两名执法人员注明原因
    MISSING = "missing"


class Manner(Enum):
    """How the party took a document."""

    SIGNED = "signed"  # 签名
    FINGERPRINT = "fingerprint"  # 捺指印
    REFUSED = "refused"  # 拒绝签名,已注明
    ABSENT = "absent"  # 不在场,已注明


STATION_CAMERA: Final = ""
"""In the place of the officer who wore the camera: one of the station."""

_NOTED: Final = {Manner.REFUSED, Manner.ABSENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActAt:
    """An act of a case, as far as a file is concerned. ``seq``: of its entry."""

    case_no: str
    name: str
    seq: int
    at: datetime
    officers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The time that a recording covers, and whose camera it was."""

    officer: str
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueForm:
    """A document that must be in the file.

    Attributes:
        number: of the one that was issued about that act, "" where none was.
        signed: whether the party must sign it.
    """

    kind: str
    title: str
    act_seq: int
    number: str
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the file of a case holds.

    Attributes:
        acts: the newest act of each name that was done.
        manners: how the party took each document, by its number.
        recorded: entries of acts that a recording covers.
        excused: entries of acts whose missing recording was accounted for.
    """

    acts: Sequence[ActAt]
    forms: Sequence[DueForm]
    manners: Mapping[str, Manner]
    recorded: Set[int]
    excused: Set[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """How strictly each need is asked for, and the acts of which there must be a recording."""

    weights: Mapping[Need, Weight]
    recorded_acts: Set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the checklist.

    Attributes:
        name: kind of the document, or the act.
        title: of the document; "" for an act.
        number: of the document, once it is issued.
        seq: of the entry that it is about; 0 for what was not done yet.
    """

    need: Need
    name: str
    title: str
    number: str
    seq: int
    standing: Standing
    weight: Weight

    @property
    def blocks(self) -> bool:
        """Tell whether the case cannot be closed for it."""
        return self.standing is Standing.MISSING and self.weight is Weight.DEMANDED


def covers(clip: Clip, act: ActAt) -> bool:
    """Tell whether an act was done while a clip ran, by whoever wore the camera."""
    seen = clip.officer == STATION_CAMERA or clip.officer in act.officers
    return seen and clip.began_at <= act.at <= clip.ended_at


def checklist(case: Case, filed: Filed, demands: Demands) -> tuple[Item, ...]:
    """Return what the file of a case must hold, each with how it stands, in the order of need."""
    items = (*_removal(case), *_papers(filed), *_service(case), *_recordings(filed, demands))
    return tuple(
        Item(
            need=need,
            name=name,
            title=title,
            number=number,
            seq=seq,
            standing=standing,
            weight=demands.weights[need],
        )
        for need, name, title, number, seq, standing in items
    )


def check_manner(manner: str, note: str) -> Manner:
    """Return how the party took a document.

    Raises:
        InvalidFacts: no such manner; nobody signed and nothing is noted, or the other way round.
    """
    try:
        found = Manner(manner)
    except ValueError as exc:
        raise InvalidFacts("signed, fingerprint, refused or absent", field="manner") from exc
    if (found in _NOTED) != bool(note.strip()):
        raise InvalidFacts("a note belongs to what is not signed", field="note")
    return found


_Line = tuple[Need, str, str, str, int, Standing]


def _removal(case: Case) -> Iterator[_Line]:
    removal = case.state.removal
    if removal is Removal.NOT_ON_SITE:
        return
    refused = removal is Removal.REFUSED
    name = (Act.RECORD_REFUSAL if refused else Act.RECHECK_CLEAR).value
    there = refused or removal is Removal.CLEAR
    yield Need.RECHECK, name, "", "", 0, _standing(there=there)


def _papers(filed: Filed) -> Iterator[_Line]:
    for form in filed.forms:
        there = _standing(there=form.number != "")
        yield Need.DOCUMENT, form.kind, form.title, form.number, form.act_seq, there
        if form.signed:
            there = _standing(there=form.number in filed.manners)
            yield Need.SIGNATURE, form.kind, form.title, form.number, form.act_seq, there


def _service(case: Case) -> Iterator[_Line]:
    if case.state.penalty in EFFECTIVE:
        there = case.newest(Act.SERVE) is not None
        yield Need.SERVICE, Act.SERVE.value, "", "", 0, _standing(there=there)


def _recordings(filed: Filed, demands: Demands) -> Iterator[_Line]:
    for act in filed.acts:
        if act.name not in demands.recorded_acts:
            continue
        standing = _standing(there=act.seq in filed.recorded)
        if standing is Standing.MISSING and act.seq in filed.excused:
            standing = Standing.EXCUSED
        yield Need.RECORDING, act.name, "", "", act.seq, standing


def _standing(*, there: bool) -> Standing:
    return Standing.THERE if there else Standing.MISSING


def missing(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return what stands in the way of closing."""
    return tuple(item for item in items if item.blocks)
