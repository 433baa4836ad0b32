"""Payloads of a station's ledger."""

from __future__ import annotations

import msgspec

from station.contract.part import Part, Record


class Weighing(Part, frozen=True, kw_only=True):
    """One weighing (称重) and all that is needed to judge it again.

    Attributes:
        frames: the indicator frames of the settled window, hex, as they came over the line.
        spread_kg: highest minus lowest weight within that window.
        settled_ms: length of the window.
        certificate_no, certificate_until: of the scale's verification (检定证书), day included.
        evidence: False when the certificate had run out: kept, but no basis of a finding.
    """

    scale_id: str
    protocol: str
    gross_kg: int
    frames: list[str]
    spread_kg: int
    settled_ms: int
    arrived_at: str
    settled_at: str
    certificate_no: str
    certificate_until: str
    evidence: bool


class PlateEvidence(Part, frozen=True, kw_only=True):
    """One plate of a passage and where it came from.

    Attributes:
        text: None when the reader was not sure and no officer has named it yet.
        origin: ``camera``, ``officer`` or ``none``.
        best_guess: what the reader saw though it was not sure; shown, never used.
        crop: SHA-256 of the picture of the plate alone, "" when there is none.
    """

    text: str | None
    colour: str
    origin: str
    best_guess: str
    confidence_permille: int
    crop: str


class Picture(Part, frozen=True, kw_only=True):
    """A picture kept beside the ledger under its digest."""

    sha256: str
    role: str
    media_type: str
    size: int
    taken_at: str


class HeldPermit(Part, frozen=True, kw_only=True):
    """A permit (超限运输车辆通行证) as it was known when a finding was made.

    Attributes:
        origin: ``centre`` (its register) or ``paper`` (the driver showed it, an officer typed it).
        centre_seq: the entry of the centre's ledger that tells of it; 0 where it is on paper.
        gross_kg: the gross mass that it allows; by local days, both included.
        route: in words. ``stations``: nodes of the stations on it; empty where it is told in words.
        trailer: plate of the trailer that it names, "" where it names none.
        picture: of the paper; ``second_officer``: who looked at it too. None and "" otherwise.
    """

    origin: str
    centre_seq: int
    permit_no: str
    plate: str
    trailer: str
    gross_kg: int
    route: str
    stations: list[str]
    first_on: str
    last_on: str
    picture: Picture | None = None
    second_officer: str = ""


class PermitAnswer(Part, frozen=True, kw_only=True):
    """What was known of permits when a finding was made (通行证核对).

    Attributes:
        as_of: when the centre signed the newest checkpoint that was here; "" before the first.
        permit: None where none was known for the plate.
    """

    as_of: str
    permit: HeldPermit | None


class Passage(Part, frozen=True, kw_only=True):
    """A vehicle weighed (过车记录): weight, plate, vehicle, and the finding.

    Attributes:
        occurred_on: local date (Asia/Shanghai), the day whose law applies.
        mode: how the vehicle was checked (驻站联合, …), see :class:`station.rules.facts.Mode`.
        vehicle: the facts record of the vehicle, None when not known.
        vehicle_origin: ``register``, ``officer`` or ``none``.
        verdict: the full finding as the rules core made it.
        explanation: the same in plain Chinese, as it was shown.
        recheck_of: number of the case whose truck this is, weighed again (复检); None at the
            first weighing (初检).
        permits: what the finding knew of permits; None where nobody asked: no plate, or an entry
            from before permits were asked for.
    """

    passage_id: str
    lane: str
    occurred_on: str
    mode: str
    weighing: Weighing
    tractor: PlateEvidence
    trailer: PlateEvidence | None
    pictures: list[Picture]
    vehicle: Record | None
    vehicle_origin: str
    verdict: Record
    explanation: str
    recheck_of: str | None
    permits: PermitAnswer | None = None


class PassageReview(Part, frozen=True, kw_only=True):
    """Officers named what the devices could not (人工核定), and the finding made anew from it.

    The weight is not among the things that can be named by hand.
    """

    passage_id: str
    officer: str
    mode: str
    tractor: PlateEvidence
    trailer: PlateEvidence | None
    vehicle: Record
    vehicle_origin: str
    verdict: Record
    explanation: str
    recheck_of: str | None
    permits: PermitAnswer | None = None


class VehicleMismatch(Part, frozen=True, kw_only=True):
    """Two officers saw that a vehicle is not as GB 1589 or its licence says (车辆不符登记).

    Attributes:
        passage_id: of the weighing; ``case_no``: of the case that rested on it, "" without one.
        subject: of :class:`station.domain.mismatch.Subject`; ``plate``: its own.
        kinds: of :class:`station.domain.mismatch.Mismatch`.
        facts: what was seen, in the officers' words; nothing of a person.
    """

    passage_id: str
    case_no: str
    subject: str
    plate: str
    kinds: list[str]
    facts: str
    officers: list[str]
    at: str


class UnweighedPass(Part, frozen=True, kw_only=True):
    """A vehicle was there but no valid weight came of it (未称重通过), and why."""

    pass_id: str
    lane: str
    reason: str
    began_at: str
    plate: str | None
    highest_kg: int | None
    pictures: list[Picture]


class WeightChanged(Part, frozen=True, kw_only=True):
    """The weight on the platform changed after it had been recorded: for an officer to judge."""

    passage_id: str
    recorded_kg: int
    later_kg: int
    frames: list[str]


class WatchHit(Part, frozen=True, kw_only=True):
    """A vehicle that is looked for came past (重点监控车辆通过).

    ``reason``: why, as the centre's list says; ``at``: when its plate was known.
    """

    passage_id: str
    plate: str
    reason: str
    at: str


class CaseOpened(Part, frozen=True, kw_only=True):
    """A violation opened a case (立案).

    ``mode``: of :class:`station.rules.facts.Mode`; ``penal``: the authority that penalises, by the
    law of the day.
    """

    case_no: str
    violation_id: str
    passage_id: str
    plate: str
    occurred_on: str
    opened_at: str
    gross_kg: int
    limit_kg: int
    excess_kg: int
    mode: str = "resident"
    penal: str = "police"


class CaseAct(Part, frozen=True, kw_only=True):
    """One act on a case: of two officers, or the centre's answer to a decision, with none.

    ``stage``: where the case stands after it, all its tracks.
    ``personal``: commitments (hex) to what the act says of a person, by field; the clear text
    travels beside the entry (:mod:`station.contract.personal`).
    """

    case_no: str
    act: str
    authority: str
    officers: list[str]
    at: str
    details: dict[str, str | int]
    stage: str
    plate: str
    violation_id: str
    personal: dict[str, str] = msgspec.field(default_factory=dict)


class Evidence(Part, frozen=True, kw_only=True):
    """A recording kept elsewhere (执法记录仪、视频监控): its SHA-256 (hex), and what it shows."""

    digest: str
    what: str


class EvasionOpened(Part, frozen=True, kw_only=True):
    """Two officers opened an evasion case (逃避、抗拒检测案件立案).

    Attributes:
        deed: of :class:`station.domain.evasion.Deed`.
        plate: as it was seen; "" when nobody could read it.
        passage_id: the weighing that belongs to it; "" when there is none.
        facts: what happened, in the officers' words.
    """

    evasion_no: str
    deed: str
    plate: str
    place: str
    occurred_at: str
    opened_at: str
    passage_id: str
    facts: str
    evidence: list[Evidence]
    officers: list[str]


class EvasionActed(Part, frozen=True, kw_only=True):
    """One act of two officers on an evasion case. ``stage``: where it stands after it."""

    evasion_no: str
    act: str
    officers: list[str]
    at: str
    details: dict[str, str | int]
    stage: str


class DocumentIssued(Part, frozen=True, kw_only=True):
    """A document of a case was issued (制发文书); its PDF is kept under its digest.

    Attributes:
        document: its kind, as the data of the region names it; ``title`` and ``number`` as they
            stand on it.
        year, serial: of the number. The serial runs from 1 without gaps for each kind and year of
            issue at this station.
        act, act_seq: what it is about (an act, or ``opened``), and that entry of this ledger.
        sha256, size: of the PDF, which says nothing of a person.
    """

    case_no: str
    document: str
    title: str
    number: str
    year: int
    serial: int
    act: str
    act_seq: int
    officer: str
    issued_at: str
    sha256: str
    size: int


class DocumentPrinted(Part, frozen=True, kw_only=True):
    """A document was printed for people; from the second time on the print says so (重印).

    ``print_no``: from 1. ``page``: digest of what opens the driver's page, which stands on this
    print alone; "" where it bears none (:mod:`station.contract.driver_page`).
    """

    case_no: str
    number: str
    print_no: int
    officer: str
    printed_at: str
    page: str = ""


class DeviceEvent(Part, frozen=True, kw_only=True):
    """A device failed or recovered."""

    device: str
    code: str
    detail: str
    since: str


class OfficerChange(Part, frozen=True, kw_only=True):
    """An account was made or changed. No password, no name.

    Attributes:
        change: ``added``, ``changed``; ``proposed``: made or changed, and not good before it is
            ``confirmed``; ``revoked``.
        by: certificate number of the security administrator who did it at a page; None: whoever
            holds the machine.
    """

    certificate_no: str
    role: str
    valid_until: str
    change: str
    by: str | None = None


class Outage(Part, frozen=True, kw_only=True):
    """The line to the centre was lost or came back."""

    code: str
    waiting: int


class Run(Part, frozen=True, kw_only=True):
    """The program started or stopped."""

    program: str
    detail: str


class ClockChange(Part, frozen=True, kw_only=True):
    """The wall clock was set (时钟变更): what it showed, and what it showed at once after."""

    before: str
    after: str
    step_ms: int


class KeyRotate(Part, frozen=True, kw_only=True):
    """The node signs with another key from the next entry on (密钥轮换).

    ``public_key``: hex; ``proof``: the new key's signature (hex), see
    :func:`station.contract.signature.rotation_message`.
    """

    alg: str
    key_id: str
    public_key: str
    proof: str


class CameraWatch(Part, frozen=True, kw_only=True):
    """Somebody at headquarters began or ended looking through a camera (远程调看).

    ``change``: ``began`` or ``ended``.
    """

    watch_id: str
    officer: str
    change: str


class DriverAnswer(Part, frozen=True, kw_only=True):
    """Officers answer what a driver asked on his page (答复当事人).

    Attributes:
        request_seq: of the centre's entry that holds what was asked.
        what: the same as there.
        answer: ``done``, ``accepted``, ``refused`` or ``impossible``.
        passage_id: the weighing that ``done`` speaks of, "" elsewhere.
        text: the reasons, as the driver reads them.
    """

    case_no: str
    request_seq: int
    what: str
    answer: str
    passage_id: str
    text: str
    officers: list[str]
    at: str


class MediaErased(Part, frozen=True, kw_only=True):
    """Recordings whose time was over were erased (到期销毁): what a case refers to never is.

    ``before``: local day; all were made before it.
    """

    before: str
    sha256: list[str]


class PersonalErased(Part, frozen=True, kw_only=True):
    """Clear texts of personal fields were erased (个人信息销毁); what they were bound to stays.

    Attributes:
        before: local day; all were written before it, in acts on cases that are closed.
        reason: by what rule, or by whose order.
        fields: how many were erased.
        seqs: the entries whose clear texts these were, in order.
        set_aside: digests of entries that no ledger holds any more, whose clear texts went too.
    """

    before: str
    reason: str
    fields: int
    seqs: list[int]
    set_aside: list[str]


class CentreContradiction(Part, frozen=True, kw_only=True):
    """The centre denied what it had signed (中心前后矛盾): its log or ledger was set back.

    Attributes:
        what: ``receipt`` (two that cannot both be true), ``asked_again`` (a receipt for entries
            that the centre expects once more), ``checkpoint`` (two notes) or ``ledger`` (an entry
            of its own, and what stands there now).
        former: what the centre had signed, as it came.
        later: what it says now, as it came.
        set_aside: digests of the centre's own entries that it holds no more, in order; they are
            kept here.
    """

    what: str
    former: str
    later: str
    set_aside: list[str] = msgspec.field(default_factory=list)


class Rejoin(Part, frozen=True, kw_only=True):
    """The node takes up the ledger that the centre holds, after its own had forked (重新接链).

    ``set_aside``: digests of own entries that the centre does not hold, in order; they are kept.
    """

    set_aside: list[str]
    reason: str
