"""Turns the application's values into the shapes of the interface."""

from __future__ import annotations

from typing import Final

from station.api import schemas
from station.application.casework import RECHECK, CaseFile
from station.application.known import Known
from station.application.live import Device, Event, LaneView
from station.application.reviewing import Paper
from station.application.views import Alarm, PassageView, moment
from station.contract.entries import PermitAnswer, PlateEvidence, Record
from station.contract.messages import message
from station.domain.officers import Officer, Role
from station.domain.procedure import Act
from station.domain.said import DATES, PERSONAL, Fields, form
from station.rules.drawings import Drawing
from station.rules.records import vehicle_to_record

_FEN: Final = 100
_RECHECKS: Final = (Act.RECHECK_CLEAR, Act.RECHECK_OVER)
_ROLES: Final[dict[Role, schemas.RoleName]] = {
    Role.ROAD: "road",
    Role.POLICE: "police",
    Role.HQ: "hq",
    Role.TRANSPORT: "transport",
    Role.ADMIN: "admin",
    Role.SECURITY: "security",
    Role.AUDIT: "audit",
    Role.TECHNICIAN: "technician",
}
"""What an officer can be; the centre acts too, and is none."""


def officer_out(officer: Officer) -> schemas.OfficerOut:
    """Shape an officer."""
    return schemas.OfficerOut(
        certificate_no=officer.certificate_no,
        name=officer.name,
        role=_ROLES[officer.role],
        valid_until=officer.valid_until,
    )


def device_out(device: Device) -> schemas.DeviceOut:
    """Shape a device's state."""
    fields = {"detail": device.detail}
    return schemas.DeviceOut(
        code=device.code, message=message(device.code, fields), since=device.since
    )


def lane_out(view: LaneView) -> schemas.LaneOut:
    """Shape what the lane shows."""
    return schemas.LaneOut(
        at=view.at,
        gross_kg=view.gross_kg,
        stable=view.stable,
        occupied=view.occupied,
        scale=device_out(view.scale),
        camera=device_out(view.camera),
        store=device_out(view.store),
        uplink=device_out(view.uplink),
        clock=device_out(view.clock),
        program=device_out(view.program),
        waiting=view.waiting,
        media_waiting=view.media_waiting,
        pending=view.pending,
        watched_by=list(view.watched_by),
    )


def passage_out(view: PassageView) -> schemas.PassageOut:
    """Shape a passage."""
    passage = view.passage
    return schemas.PassageOut.model_validate(
        {
            "passage_id": passage.passage_id,
            "receipt": view.receipt,
            "lane": passage.lane,
            "at": moment(passage.weighing.settled_at),
            "gross_kg": passage.weighing.gross_kg,
            "evidence": passage.weighing.evidence,
            "tractor": _plate(view.tractor),
            "trailer": _plate(view.trailer) if view.trailer else None,
            "pictures": [
                {
                    "sha256": picture.sha256,
                    "role": picture.role,
                    "media_type": picture.media_type,
                    "taken_at": moment(picture.taken_at),
                }
                for picture in passage.pictures
            ],
            "vehicle": view.vehicle,
            "vehicle_origin": view.vehicle_origin,
            "outcome": view.outcome,
            "verdict": view.verdict,
            "explanation": view.explanation,
            "permit": _permit(view.permits),
            "mismatches": [
                {
                    "subject": one.subject,
                    "plate": one.plate,
                    "kinds": one.kinds,
                    "facts": one.facts,
                    "officers": one.officers,
                    "at": moment(one.at),
                }
                for one in view.mismatches
            ],
            "reviewed_by": view.reviewed_by,
            "case_no": view.case_no,
            "recheck_of": view.recheck_of,
        }
    )


def _permit(answer: PermitAnswer | None) -> Record | None:
    permit = answer.permit if answer else None
    if permit is None:
        return None
    return {
        "origin": permit.origin,
        "permit_no": permit.permit_no,
        "trailer": permit.trailer,
        "gross_kg": permit.gross_kg,
        "route": permit.route,
        "first_on": permit.first_on,
        "last_on": permit.last_on,
        "picture": permit.picture.sha256 if permit.picture else "",
    }


def paper(asked: schemas.PaperPermitIn) -> Paper:
    """Return the permit on paper as officers read it."""
    return Paper(
        permit_no=asked.permit_no,
        gross_kg=asked.gross_kg,
        route=asked.route,
        first_on=asked.first_on,
        last_on=asked.last_on,
        trailer=asked.trailer or "",
        picture=asked.picture,
        second_no=asked.second_officer,
    )


def _plate(plate: PlateEvidence) -> Record:
    return {
        "text": plate.text,
        "colour": plate.colour,
        "origin": plate.origin,
        "best_guess": plate.best_guess,
        "confidence_permille": plate.confidence_permille,
        "crop": plate.crop,
    }


def known_out(known: Known) -> schemas.KnownOut:
    """Shape what is known of a truck."""
    return schemas.KnownOut.model_validate(
        {
            "watched": known.watched.reason if known.watched else None,
            "permits": [
                {
                    "permit_no": one.permit_no,
                    "gross_kg": one.gross_kg,
                    "route": one.route,
                    "last_on": one.last_on,
                }
                for one in known.permits
            ],
            "decisions": [
                {
                    "node": one.node,
                    "case_no": one.case_no,
                    "kind": one.kind,
                    "occurred_on": one.occurred_on,
                    "decided_at": one.decided_at,
                }
                for one in known.decisions
            ],
            "forms": [
                {
                    "node": one.node,
                    "case_no": one.case_no,
                    "gross_kg": one.gross_kg,
                    "cleared_kg": one.cleared_kg,
                    "cleared_at": one.cleared_at,
                }
                for one in known.forms
            ],
            "requests": [
                {
                    "case_no": one.case_no,
                    "what": one.what,
                    "at": one.at,
                    "answer_by": one.answer_by,
                }
                for one in known.requests
            ],
        }
    )


def case_out(file: CaseFile) -> schemas.CaseOut:
    """Shape a case file."""
    case = file.case
    return schemas.CaseOut(
        case_no=case.case_no,
        violation_id=case.violation_id,
        passage_id=case.passage_id,
        plate=case.plate,
        opened_at=case.opened_at,
        gross_kg=case.gross_kg,
        limit_kg=case.limit_kg,
        excess_kg=case.excess_kg,
        removal=case.state.removal.value,
        penalty=case.state.penalty.value,
        custody=case.state.custody.value,
        remedy=case.state.remedy.value,
        penal=case.penal.value,
        paid_fen=case.paid_fen,
        released_at=case.released_at,
        fine_fen=case.fine_fen,
        points=case.points,
        closed=case.closed,
        next_acts=_next_acts(file),
        history=[
            schemas.DoneOut(
                act=done.act.value,
                at=done.at,
                authority=done.role.value,
                officers=list(done.officers),
                details=done.details,
                personal=personal,
            )
            for done, personal in zip(case.history, file.personal, strict=True)
        ],
        recheck_passages=list(file.rechecks),
        suggestion=_suggestion(file.police),
    )


def _next_acts(file: CaseFile) -> list[schemas.NextActOut]:
    """List the acts allowed now; the two results of a re-check are one act of the officer."""
    acts: dict[str, schemas.NextActOut] = {}
    for act, role in file.case.next_acts:
        name = RECHECK if act in _RECHECKS else act.value
        acts[name] = schemas.NextActOut(
            act=name,
            authority=role.value,
            fields=_asked(act),
            optional=_kinds(form(act).optional),
            personal=list(PERSONAL.get(act, ())),
        )
    return list(acts.values())


def _asked(act: Act) -> dict[str, schemas.FieldKind]:
    if act in _RECHECKS:
        return {"passage_id": "text"}
    return _kinds(form(act).asked)


def _kinds(fields: Fields) -> dict[str, schemas.FieldKind]:
    return {
        name: "integer" if kind is int else "date" if name in DATES else "text"
        for name, kind in fields.items()
    }


def _suggestion(police: Record) -> dict[str, int | None]:
    band = police.get("fine_yuan")
    low, high = band if isinstance(band, list) else (None, None)
    return {
        "overload_permille": _whole(police.get("overload_permille")),
        "fine_min_fen": None if low is None else low * _FEN,
        "fine_max_fen": None if high is None else high * _FEN,
        "points": _whole(police.get("points")),
    }


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def alarm_out(alarm: Alarm) -> schemas.AlarmOut:
    """Shape an alarm."""
    fields = {"detail": alarm.detail}
    return schemas.AlarmOut(
        code=alarm.code, message=message(alarm.code, fields), at=alarm.at, device=alarm.device
    )


def drawing_out(drawing: Drawing, limit_kg: int | None) -> schemas.DrawingOut:
    """Shape a drawing with the limit it has by itself."""
    return schemas.DrawingOut(
        id=drawing.id,
        title=drawing.title,
        configuration=drawing.configuration.value,
        limit_kg=limit_kg,
        vehicle=vehicle_to_record(drawing.vehicle),
    )


def live_out(event: Event) -> schemas.LiveOut:
    """Shape a live frame."""
    match event:
        case LaneView():
            return schemas.LiveOut(kind="lane", data=lane_out(event))
        case PassageView():
            return schemas.LiveOut(kind="passage", data=passage_out(event))
        case CaseFile():
            return schemas.LiveOut(kind="case", data=case_out(event))
        case Alarm():
            return schemas.LiveOut(kind="alarm", data=alarm_out(event))
