"""Turns the application's values into the shapes of the interface."""

from __future__ import annotations

import msgspec

from central.api import schemas
from central.application.announce import News
from central.application.rows import moment
from central.application.stations import StationView
from central.application.views import AlarmView, CaseView, CountsView, PassageView, ProposalView
from station.contract.messages import message
from station.contract.uplink import DeviceState, LaneState
from station.domain.officers import Officer


def officer_out(officer: Officer) -> schemas.OfficerOut:
    """Shape an officer."""
    return schemas.OfficerOut(
        certificate_no=officer.certificate_no,
        name=officer.name,
        role=officer.role.value,
        valid_until=officer.valid_until,
    )


def station_out(station: StationView) -> schemas.StationOut:
    """Shape a station with its link and its lane."""
    node, fields = station.node, {"node": station.node.node}
    return schemas.StationOut(
        node=node.node,
        name=node.name,
        road=node.road,
        link=schemas.DeviceOut(
            code=station.link, message=message(station.link, fields), since=station.since
        ),
        lane=_lane_out(station.lane) if station.lane else None,
        last_seq=node.last_seq,
        last_entry_at=node.last_entry_at,
        proposal=_proposal_out(station.proposal) if station.proposal else None,
    )


def passage_out(passage: PassageView) -> schemas.PassageOut:
    """Shape a passage."""
    return schemas.PassageOut.model_validate(
        {name: getattr(passage, name) for name in schemas.PassageOut.model_fields}
    )


def case_out(case: CaseView) -> schemas.CaseOut:
    """Shape a case."""
    return schemas.CaseOut.model_validate(
        {name: getattr(case, name) for name in schemas.CaseOut.model_fields}
    )


def alarm_out(alarm: AlarmView) -> schemas.AlarmOut:
    """Shape an alarm."""
    return schemas.AlarmOut(
        alarm_id=alarm.alarm_id,
        node=alarm.node,
        seq=alarm.seq,
        code=alarm.code,
        message=message(alarm.code, {"node": alarm.node, "detail": alarm.detail}),
        detail=alarm.detail,
        at=alarm.at,
    )


def counts_out(counts: CountsView) -> schemas.CountsOut:
    """Shape the counts of a day."""
    return schemas.CountsOut.model_validate(
        {name: getattr(counts, name) for name in schemas.CountsOut.model_fields}
    )


def news_json(news: News) -> bytes:
    """Encode a piece of news (NewsOut).

    Passages and cases are shown as they are; they are the many, and encoded fifteen times faster.
    """
    match news:
        case PassageView():
            return b'{"kind":"passage","data":%b}' % msgspec.json.encode(news)
        case CaseView():
            return b'{"kind":"case","data":%b}' % msgspec.json.encode(news)
        case StationView():
            live = schemas.NewsOut(kind="station", data=station_out(news))
        case AlarmView():
            live = schemas.NewsOut(kind="alarm", data=alarm_out(news))
    return live.model_dump_json().encode()


def _proposal_out(proposal: ProposalView) -> schemas.ProposalOut:
    return schemas.ProposalOut.model_validate(
        {name: getattr(proposal, name) for name in schemas.ProposalOut.model_fields}
    )


def _lane_out(lane: LaneState) -> schemas.LaneOut:
    return schemas.LaneOut(
        at=moment(lane.at),
        gross_kg=lane.gross_kg,
        stable=lane.stable,
        occupied=lane.occupied,
        scale=_device_out(lane.scale),
        camera=_device_out(lane.camera),
        waiting=lane.waiting,
        open_cases=lane.open_cases,
        reviews=lane.reviews,
    )


def _device_out(device: DeviceState) -> schemas.DeviceOut:
    return schemas.DeviceOut(
        code=device.code,
        message=message(device.code, {"detail": device.detail}),
        since=moment(device.since),
    )
