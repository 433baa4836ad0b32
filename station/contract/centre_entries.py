"""Payloads of the centre's own ledger, which every station pulls (下行记录)."""

from __future__ import annotations

import msgspec

from station.contract.part import Part, Record


class Enrolment(Part, frozen=True, kw_only=True):
    """A node's key was taken into the register (密钥登记). ``public_key``: hex."""

    node: str
    alg: str
    key_id: str
    public_key: str
    from_seq: int


class KeyRevoked(Part, frozen=True, kw_only=True):
    """A key is good for no entry from ``from_seq`` on (密钥吊销)."""

    node: str
    key_id: str
    from_seq: int
    reason: str
    officers: list[str]


class QuarantineRelease(Part, frozen=True, kw_only=True):
    """Two persons let a node deliver again (解除隔离). The refused entries stay refused."""

    node: str
    head_seq: int
    reason: str
    officers: list[str]


class Watched(Part, frozen=True, kw_only=True):
    """A plate to look out for, up to and including a local day."""

    plate: str
    reason: str
    until: str


class WatchList(Part, frozen=True, kw_only=True):
    """The whole list (重点监控名单); it takes the place of the one before."""

    watched: list[Watched]


class RegisteredVehicle(Part, frozen=True, kw_only=True):
    """A vehicle of the register. ``vehicle``: its facts record."""

    plate: str
    colour: str
    vehicle: Record


class RegisterExtract(Part, frozen=True, kw_only=True):
    """Vehicles of the register (车辆登记信息摘录); a later one of a plate takes its place."""

    vehicles: list[RegisteredVehicle]


class Permit(Part, frozen=True, kw_only=True):
    """An over-limit permit (超限运输车辆通行证), by local days, both included.

    Attributes:
        gross_kg: the gross mass that it allows.
        route: in words. ``stations``: nodes of the stations on it; empty where it is told in words
            alone.
        trailer: plate of the trailer that it names, "" where it names none.
        revoked: True takes it back.
    """

    permit_no: str
    plate: str
    gross_kg: int
    route: str
    first_on: str
    last_on: str
    revoked: bool
    stations: list[str] = msgspec.field(default_factory=list)
    trailer: str = ""


class AllowedProgram(Part, frozen=True, kw_only=True):
    """A ``legal_id`` that may weigh, by local days, both included; None: no end yet."""

    legal_id: str
    first_on: str
    last_on: str | None


class LegalIds(Part, frozen=True, kw_only=True):
    """All programs that may weigh (准用程序清单); the list takes the place of the one before."""

    allowed: list[AllowedProgram]


class DecisionInForce(Part, frozen=True, kw_only=True):
    """A penalty decision that took effect (生效处罚决定), of whichever station."""

    node: str
    case_no: str
    violation_id: str
    plate: str
    occurred_on: str
    decided_at: str
    kind: str


class DecisionBarred(Part, frozen=True, kw_only=True):
    """A decision that takes no effect, for the act was penalised before (一事不再罚).

    ``standing_node``, ``standing_case_no``: of the decision in force; ``violation_id``: its act.
    """

    node: str
    case_no: str
    violation_id: str
    plate: str
    occurred_on: str
    decided_at: str
    standing_node: str
    standing_case_no: str


class DecisionEnded(Part, frozen=True, kw_only=True):
    """A decision that was withdrawn or revoked (撤销) and has no effect any more."""

    node: str
    case_no: str
    plate: str
    at: str


class ErasedFields(Part, frozen=True, kw_only=True):
    """Personal fields whose clear texts are gone, by the entry that commits to them."""

    seq: int
    fields: list[str]


class CentrePersonalErased(Part, frozen=True, kw_only=True):
    """The centre erased clear texts of personal fields of a node's entries (中心销毁个人信息).

    Attributes:
        node: whose entries these are.
        reason: ``station`` (the node had erased them, and they count no more) or ``term`` (their
            time was over).
        before: local day; the acts were done (``station``), or the cases closed (``term``), before
            it.
        erased: what was erased, in order.
    """

    node: str
    reason: str
    before: str
    erased: list[ErasedFields]


class RecordingsErased(Part, frozen=True, kw_only=True):
    """The centre erased recordings of a node that no case refers to (中心影像到期销毁).

    Attributes:
        before: local day; every entry that names one of them had come before it.
        count: how many.
        list_sha256: digest of their names in order (64 hex digits and a line break each): as
            every station pulls this entry, it does not list them.
    """

    node: str
    before: str
    count: int
    list_sha256: str


class MismatchAt(Part, frozen=True, kw_only=True):
    """One ``vehicle_mismatch`` entry of a station."""

    node: str
    seq: int


class MismatchesCopied(Part, frozen=True, kw_only=True):
    """Headquarters told the police of a home of vehicles not as they should be (抄送车籍地公安).

    Attributes:
        home: province and letter of the office that issued the plates.
        letter_no: of the letter with which they were told.
        officer: certificate number of who did it.
        mismatches: which, in order.
    """

    home: str
    letter_no: str
    officer: str
    at: str
    mismatches: list[MismatchAt]


class UnloadingForm(Part, frozen=True, kw_only=True):
    """A weighing-and-unloading form (称重和卸载单): this truck was checked and put right there."""

    node: str
    case_no: str
    plate: str
    weighed_at: str
    gross_kg: int
    cleared_at: str
    cleared_kg: int


class DriverRequest(Part, frozen=True, kw_only=True):
    """A driver asks, on the page that his slip opens (当事人请求); officers answer him.

    Attributes:
        node, case_no, plate: of the case, and the station that opened it.
        what: ``recheck`` (复检), ``objection`` (异议), ``statement`` (陈述申辩) or ``complaint``
            (投诉).
        at: when the centre took it in.
        answer_by: until when an answer is due, by the law data in force then.
        personal: the commitment to his ``text``; empty for a re-check, and in entries that were
            made before texts were taken.
    """

    node: str
    case_no: str
    plate: str
    what: str
    at: str
    answer_by: str
    personal: dict[str, str] = msgspec.field(default_factory=dict)
