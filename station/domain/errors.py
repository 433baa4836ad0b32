"""The one error tree. Each error has a stable ``code`` and carries its facts as ``fields``.

* :exc:`ZhichaoError`
    * :exc:`DomainError` -- the law, the case file or the request forbids it
        * :exc:`IllegalTransition` -- the case is not in a stage that allows the act
        * :exc:`EvasionActRefused` -- the same of an evasion case (逃避检测案件)
        * :exc:`WrongAuthority` -- the act belongs to the other authority
        * :exc:`TwoOfficersRequired` -- 行政处罚法 art 42
            * :exc:`OwnProposal` -- who proposes does not confirm
        * :exc:`AlreadyFined` -- 一事不再罚, 行政处罚法 art 29
        * :exc:`NoLawInForce`
            * :exc:`CalendarUnknown`
        * :exc:`ClockUnverified`
        * :exc:`AmbiguousVehicle` -- the facts do not settle the configuration
        * :exc:`InvalidFacts` -- a fact is out of range or contradicts another
            * :exc:`BadIdentityNumber`
        * :exc:`NotFound`
            * :exc:`StationUnknown`
            * :exc:`RecordingSpoilt` -- it is there, and not what it was
        * :exc:`CameraBusy` -- so many look through it already
        * :exc:`BundleError` -- an evidence bundle (证据包) cannot be made
            * :exc:`CaseUnknown` · :exc:`CaseAmbiguous` · :exc:`LawAbsent` · :exc:`BundleTooLarge`
            * :exc:`BundleExists` · :exc:`BundleUnwritable`
        * :exc:`DocumentError` -- a document cannot be issued or printed
            * :exc:`DocumentNotDue` · :exc:`DocumentIssuedBefore` · :exc:`DocumentIncomplete`
            * :exc:`DocumentNumberTaken` · :exc:`DocumentChanged` · :exc:`DocumentSignedBefore`
        * :exc:`CaseIncomplete` -- the file lacks what it must hold before the case closes
        * :exc:`StatementUnreviewed` -- the driver stated something that nobody reviewed
        * :exc:`RequestAnswered` -- what the driver asked was answered
        * :exc:`NotExcusable` -- no recording of that act is missing
        * :exc:`RecordingError` -- a clip is not taken in, and stays where it is
            * :exc:`RecordingOfNobody` · :exc:`RecordingOfNoKind` · :exc:`RecordingUntimed`
            * :exc:`RecordingBroken` · :exc:`RecordingUnlikely` · :exc:`RecordingUnreadable`
    * :exc:`AccessError` -- who asks may not
        * :exc:`NotSignedIn`
        * :exc:`SignInRefused`
        * :exc:`NotPermitted`
            * :exc:`OfficerCertificateExpired`
        * :exc:`NoCertificate` · :exc:`CertificateRevoked` · :exc:`OtherNode` -- between machines
        * :exc:`EnrolError` -- a station is not enrolled
            * :exc:`TokenUnknown` · :exc:`TokenExpired` · :exc:`TokenUsed`
            * :exc:`KeysNotProven` · :exc:`TooManyAttempts`
    * :exc:`EvidenceError` -- a ledger does not hold together
        * :exc:`BrokenChain`
        * :exc:`BadSignature`
        * :exc:`Fork` · :exc:`NoFork`
        * :exc:`MalformedEntry`
            * :exc:`MalformedKept` -- and the bytes are kept, set aside
        * :exc:`BadProof` -- not in the log, or not the log that was shown before
        * :exc:`AuditFailed`
        * :exc:`NotTheLog` · :exc:`LogShrunk` · :exc:`LogForked` -- what a witness refuses
        * :exc:`BadOpening` · :exc:`BadReceipt` · :exc:`KeyNotGood`
        * :exc:`CentreContradicts` -- the centre denies what it had signed
        * :exc:`WrongRecording` · :exc:`UnnamedRecording` -- not a picture that an entry names
    * :exc:`DeviceError` -- a scale or a camera; the lane goes on by hand
        * :exc:`PortLost`
            * :exc:`CaptureEnded`
        * :exc:`PortBusy` · :exc:`PortMissing` · :exc:`UnknownProtocol` · :exc:`CameraLost`
    * :exc:`StorageError` -- what cannot be made durable is not acknowledged
        * :exc:`StoreFull` · :exc:`StoreFailed`
        * :exc:`StoreCorrupt`
            * :exc:`RecordingMissing` · :exc:`RecordingChanged` -- of what an entry names
    * :exc:`SettingsError` -- the configuration file cannot be used
        * :exc:`SigningKeyGone` -- the key of the ledger is not there
    * :exc:`UplinkError` -- central cannot be reached: queued, never shown as a failure of the act
        * :exc:`NotEnrolled` -- this station has no certificate, or its centre does not know it
        * :exc:`WrongCentre` -- whoever answers is not the centre that the token names
"""

from __future__ import annotations

from typing import ClassVar


class ZhichaoError(Exception):
    """Root of every error that this system raises on purpose.

    ``fields`` are the facts that a message (``station/contract/messages.zh.yaml``) is filled with.
    """

    code: ClassVar[str] = "zhichao"

    def __init__(self, detail: str = "", /, **fields: str | int) -> None:
        self.detail = detail
        self.fields: dict[str, str | int] = dict(fields)
        shown = ", ".join(f"{key}={value}" for key, value in fields.items())
        super().__init__(": ".join(part for part in (self.code, detail, shown) if part))


class DomainError(ZhichaoError):
    """A rule of law, of the case file or of the interface forbids the request."""

    code = "domain"


class IllegalTransition(DomainError):
    """The case is not in a stage from which this act is allowed."""

    code = "case.illegal_transition"


class EvasionActRefused(DomainError):
    """The evasion case is not in a stage from which this act is allowed."""

    code = "evasion.act_refused"


class WrongAuthority(DomainError):
    """The act belongs to the other authority (职权法定)."""

    code = "case.wrong_authority"


class TwoOfficersRequired(DomainError):
    """Two certified officers of one authority must act together (行政处罚法 art 42)."""

    code = "case.two_officers_required"


class OwnProposal(TwoOfficersRequired):
    """Whoever proposed to release a node cannot confirm it himself."""

    code = "quarantine.own_proposal"


class AlreadyFined(DomainError):
    """The same unlawful act may not be fined twice (行政处罚法 art 29)."""

    code = "case.already_fined"


class NoLawInForce(DomainError):
    """No value of the parameter is in force on the day asked for."""

    code = "law.none_in_force"


class AmbiguousVehicle(DomainError):
    """The facts known do not settle the configuration; ``detail`` names what is missing."""

    code = "vehicle.ambiguous"


class ClockUnverified(DomainError):
    """The clock is not verified: no penalty is decided by it."""

    code = "case.clock_unverified"


class CalendarUnknown(NoLawInForce):
    """The State Council's days off of a year (``year``) are not kept here: no day is guessed."""

    code = "law.calendar_unknown"


class InvalidFacts(DomainError):
    """A fact is out of range, of the wrong kind, or contradicts another.

    ``why``: a word for it, where an officer can meet it; people read what it means.
    """

    code = "facts.invalid"


class BadIdentityNumber(InvalidFacts):
    """No identity card has that number (GB 11643)."""

    code = "facts.identity_number"


class NotFound(DomainError):
    """What was asked for does not exist."""

    code = "not_found"


class RecordingSpoilt(NotFound):
    """A recording is there and cannot be read as what was kept: decayed, or changed by somebody."""

    code = "media.spoilt"


class StationUnknown(NotFound):
    """The configuration has no such station; ``node`` names it."""

    code = "station.unknown"


class CameraBusy(DomainError):
    """So many look through the station's camera already that its line has to be spared."""

    code = "camera.busy"


class BundleError(DomainError):
    """An evidence bundle cannot be made."""

    code = "bundle"


class CaseUnknown(BundleError):
    """There is no case of that number."""

    code = "bundle.case_unknown"


class CaseAmbiguous(BundleError):
    """Several stations have a case of that number; ``nodes`` lists them."""

    code = "bundle.case_ambiguous"


class LawAbsent(BundleError):
    """The law by which the finding was made is not here; ``edition`` names it."""

    code = "bundle.law_absent"


class BundleTooLarge(BundleError):
    """It would have more bytes than the format allows."""

    code = "bundle.too_large"


class BundleExists(BundleError):
    """There is a file of that name, which was not touched."""

    code = "bundle.exists"


class BundleUnwritable(BundleError):
    """The file could not be written; nothing of it was left."""

    code = "bundle.unwritable"


class DocumentError(DomainError):
    """A document (执法文书) cannot be issued or printed."""

    code = "document"


class DocumentNotDue(DocumentError):
    """What the document is about has not been done in the case, or has no effect any more."""

    code = "document.not_due"


class DocumentIssuedBefore(DocumentError):
    """It was issued about the same act already: it is printed again, never issued again."""

    code = "document.issued_before"


class DocumentIncomplete(DocumentError):
    """The record lacks something that the document must state by law."""

    code = "document.incomplete"


class DocumentNumberTaken(DocumentError):
    """Another document took the number meanwhile; nothing was issued."""

    code = "document.number_taken"


class DocumentChanged(DocumentError):
    """The same record no longer gives what is kept: its form was changed since."""

    code = "document.changed"


class DocumentSignedBefore(DocumentError):
    """How the party took it was written down before."""

    code = "document.signed_before"


class CaseIncomplete(DomainError):
    """The file lacks what it must hold before the case closes (行政处罚法 art 47)."""

    code = "case.incomplete"


class StatementUnreviewed(DomainError):
    """The driver stated something on his page that was not reviewed (行政处罚法 art 45, 62)."""

    code = "case.statement_unreviewed"


class RequestAnswered(DomainError):
    """What the driver asked was answered; an answer does not change."""

    code = "case.request_answered"


class NotExcusable(DomainError):
    """No recording of that act is missing."""

    code = "case.not_excusable"


class RecordingError(DomainError):
    """A clip is not taken in; it stays where it is, and the next look tries again."""

    code = "recording"


class RecordingOfNobody(RecordingError):
    """Its folder is not named after an officer's certificate."""

    code = "recording.nobody"


class RecordingOfNoKind(RecordingError):
    """Its name does not end as those of recordings do."""

    code = "recording.kind"


class RecordingUntimed(RecordingError):
    """Neither a file beside it, nor its name, nor its contents say when it began and ended."""

    code = "recording.untimed"


class RecordingBroken(RecordingError):
    """Its contents are not those of such a file, or its end is missing."""

    code = "recording.broken"


class RecordingUnlikely(RecordingError):
    """Its time cannot be true: it ends before it begins, in the future, or lasts for days."""

    code = "recording.unlikely"


class RecordingUnreadable(RecordingError):
    """The folder or the file cannot be read."""

    code = "recording.unreadable"


class AccessError(ZhichaoError):
    """Whoever asks may not."""

    code = "access"


class NotSignedIn(AccessError):
    """There is no valid session."""

    code = "access.not_signed_in"


class SignInRefused(AccessError):
    """Unknown officer, wrong password or code, or locked; which of them is not said.

    ``who`` and ``why`` are for the access log alone: the account that was tried, "" when there is
    none, and the reason; they are no fields, which whoever tried would see.
    """

    code = "access.sign_in_refused"

    def __init__(self, *, who: str = "", why: str = "") -> None:
        self.who = who
        self.why = why
        super().__init__()


class NotPermitted(AccessError):
    """The officer's role does not include this."""

    code = "access.not_permitted"


class OfficerCertificateExpired(NotPermitted):
    """The officer's certificate (执法证) was valid through ``until`` and no longer."""

    code = "access.certificate_expired"


class NoCertificate(AccessError):
    """A machine shows no certificate of the centre's own authority."""

    code = "access.no_certificate"


class CertificateRevoked(AccessError):
    """The machine's certificate was revoked."""

    code = "access.certificate_revoked"


class OtherNode(AccessError):
    """A machine speaks for another node than its certificate names; ``seq``: its first entry."""

    code = "access.other_node"


class EnrolError(AccessError):
    """A station cannot be enrolled like this."""

    code = "enrol"


class TokenUnknown(EnrolError):
    """No such token, or not for this node; which of the two is not said."""

    code = "enrol.token_unknown"


class TokenExpired(EnrolError):
    """The token's time is over."""

    code = "enrol.token_expired"


class TokenUsed(EnrolError):
    """The token was used: it serves once."""

    code = "enrol.token_used"


class KeysNotProven(EnrolError):
    """Whoever asks does not hold the keys that he wants enrolled."""

    code = "enrol.keys_not_proven"


class TooManyAttempts(EnrolError):
    """Too many attempts at once from one address."""

    code = "enrol.too_many_attempts"


class EvidenceError(ZhichaoError):
    """A ledger does not hold together."""

    code = "evidence"


class BrokenChain(EvidenceError):
    """An entry does not follow the one before it."""

    code = "evidence.broken_chain"


class BadSignature(EvidenceError):
    """The signature is not that of the node's key."""

    code = "evidence.bad_signature"


class Fork(EvidenceError):
    """Two different entries claim the same place in one ledger."""

    code = "evidence.fork"


class NoFork(EvidenceError):
    """There is nothing to rejoin: the centre holds what this station holds."""

    code = "evidence.no_fork"


class MalformedEntry(EvidenceError):
    """The bytes are not what they should be: an entry, a batch, a checkpoint, a list."""

    code = "evidence.unreadable"


class MalformedKept(MalformedEntry):
    """What a node sent is malformed, and kept (隔离留存)."""

    code = "evidence.malformed"


class AuditFailed(EvidenceError):
    """An audit did not come to its end: it says nothing about the ledger."""

    code = "audit.failed"


class NotTheLog(EvidenceError):
    """What claims to be a checkpoint is not one that the log has signed."""

    code = "witness.not_the_log"


class LogShrunk(EvidenceError):
    """The log has fewer leaves than a checkpoint that it had signed before."""

    code = "witness.shrunk"


class LogForked(EvidenceError):
    """Two signed checkpoints of the log are not of one history."""

    code = "witness.forked"


class BadOpening(EvidenceError):
    """The clear text of a personal field is not what its entry commits to."""

    code = "evidence.bad_opening"


class BadProof(EvidenceError):
    """A proof of the log does not lead to the root that it should."""

    code = "evidence.bad_proof"


class BadReceipt(EvidenceError):
    """A receipt is not the centre's, or not for what was sent."""

    code = "evidence.bad_receipt"


class CentreContradicts(EvidenceError):
    """The centre denies what it had signed: its log or its ledger was set back, or replaced."""

    code = "evidence.centre_contradicts"


class KeyNotGood(EvidenceError):
    """The key is not good at that place: rotated, revoked, or never registered."""

    code = "evidence.key_not_good"


class WrongRecording(EvidenceError):
    """A recording that was sent is not the one that its digest names."""

    code = "media.wrong_digest"


class UnnamedRecording(EvidenceError):
    """No entry of the node that is held here names the recording."""

    code = "media.unnamed"


class DeviceError(ZhichaoError):
    """A device at the roadside misbehaves."""

    code = "device"


class PortLost(DeviceError):
    """The line closed or vanished: an unplugged cable, a closed socket."""

    code = "device.port_lost"


class CaptureEnded(PortLost):
    """A capture has been replayed to its end; opening it again would tell its story twice."""

    code = "device.capture_ended"


class PortBusy(DeviceError):
    """Another program holds the port."""

    code = "device.port_busy"


class PortMissing(DeviceError):
    """There is no such device, or it cannot be opened."""

    code = "device.port_missing"


class UnknownProtocol(DeviceError):
    """No driver of that name; ``known`` lists those that there are."""

    code = "device.unknown_protocol"


class CameraLost(DeviceError):
    """The camera gives no picture."""

    code = "device.camera_lost"


class StorageError(ZhichaoError):
    """What cannot be made durable is not acknowledged."""

    code = "store"


class StoreFull(StorageError):
    """The disk is full."""

    code = "store.full"


class StoreFailed(StorageError):
    """The store failed in another way than being full; the process must not go on."""

    code = "store.failed"


class StoreCorrupt(StorageError):
    """What is read is not what was written; ``what`` and ``which`` name it where that is known."""

    code = "store.corrupt"


class RecordingMissing(StoreCorrupt):
    """A recording that entry ``seq`` of ``node`` names is not there; ``which`` is its digest."""

    code = "store.media_missing"


class RecordingChanged(StoreCorrupt):
    """A recording that entry ``seq`` of ``node`` names is no longer what it was."""

    code = "store.media_changed"


class SettingsError(ZhichaoError):
    """The configuration file cannot be used; ``detail`` says where and why."""

    code = "settings"


class SigningKeyGone(SettingsError):
    """The key that the ledger names is not in its folder: a disk from before a rotation, mostly.

    ``key_id`` names it, ``path`` where it belongs.
    """

    code = "settings.signing_key_gone"


class UplinkError(ZhichaoError):
    """Central cannot be reached or refuses for now: entries stay queued."""

    code = "uplink"


class NotEnrolled(UplinkError):
    """The station has no certificate, or the centre does not know it: it must be enrolled."""

    code = "uplink.not_enrolled"


class WrongCentre(UplinkError):
    """Whoever answers is not the centre that the token names; nothing secret was sent."""

    code = "uplink.wrong_centre"
