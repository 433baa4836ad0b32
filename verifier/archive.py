"""Opens the ZIP file: only the plain form that the exporter writes, so nothing hides in it.

Members are stored without compression, one after the other from the first byte on, in the order of
their names, all with one time; there are no comments, no extra fields, no gaps and no ZIP64.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verifier.refusal import Refused

LARGEST: Final = 1 << 30
"""Bytes of a whole bundle."""
MOST_MEMBERS: Final = 10_000

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_NAME: Final = re.compile(rb"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_LONGEST_NAME: Final = 200
_VERSION: Final = 20
_MADE_BY_UNIX: Final = 3 << 8 | _VERSION
_PLAIN_FILE: Final = 0o100644 << 16
_FIRST_YEAR: Final = 1980


@dataclass(frozen=True, slots=True)
class Archive:
    """Content of each member by name, and the one time of all (DOS date and time)."""

    members: Mapping[str, bytes]
    time: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Member:
    """A line of the central directory."""

    name: bytes
    method: int
    time: tuple[int, int]
    crc: int
    size: int
    offset: int
    plain: bool


def dos_time(moment: datetime) -> tuple[int, int]:
    """Return *moment* (UTC) as ZIP has it: date and time, to two seconds."""
    date = (moment.year - _FIRST_YEAR) << 9 | moment.month << 5 | moment.day
    return date, moment.hour << 11 | moment.minute << 5 | moment.second // 2


def opened(data: bytes) -> Archive:
    """Read the archive."""
    if len(data) > LARGEST:
        raise Refused("archive.too_large", "bundle.zip")
    members = _directory(data)
    _check_names(members)
    position = 0
    found: dict[str, bytes] = {}
    for member in members:
        name = member.name.decode()
        start = position + _LOCAL.size + len(member.name)
        content = data[start : start + member.size]
        if (
            not member.plain
            or member.offset != position
            or member.time != members[0].time
            or data[position:start] != _local_header(member)
            or len(content) != member.size
            or zlib.crc32(content) != member.crc
        ):
            raise Refused("archive.form", name)
        found[name] = content
        position = start + member.size
    if not members or position != len(data) - _tail_size(members):
        raise Refused("archive.form", "bundle.zip")
    return Archive(found, members[0].time)


def _directory(data: bytes) -> list[_Member]:
    if not data.startswith(b"PK") or len(data) < _END.size:
        raise Refused("archive.not_zip", "bundle.zip")
    end = data[-_END.size :]
    signature, disk, first_disk, here, count, size, offset, comment = _END.unpack(end)
    if signature != b"PK\x05\x06" or disk or first_disk or comment or here != count:
        raise Refused("archive.form", "bundle.zip")
    if count > MOST_MEMBERS:
        raise Refused("archive.too_large", "bundle.zip")
    members: list[_Member] = []
    position = offset
    for _ in range(count):
        member, position = _member(data, position)
        members.append(member)
    if position != len(data) - _END.size or position - offset != size:
        raise Refused("archive.form", "bundle.zip")
    return members


def _member(data: bytes, position: int) -> tuple[_Member, int]:
    head = data[position : position + _CENTRAL.size]
    if len(head) != _CENTRAL.size:
        raise Refused("archive.form", "bundle.zip")
    signature, made, need, flags, method, time, date, crc, packed, size, *rest = _CENTRAL.unpack(
        head
    )
    name_size, extra, comment, disk, internal, external, offset = rest
    if signature != b"PK\x01\x02":
        raise Refused("archive.form", "bundle.zip")
    start = position + _CENTRAL.size
    plain = (made, need, flags, external) == (_MADE_BY_UNIX, _VERSION, 0, _PLAIN_FILE)
    member = _Member(
        name=data[start : start + name_size],
        method=method,
        time=(date, time),
        crc=crc,
        size=size,
        offset=offset,
        plain=plain and packed == size and not (extra or comment or disk or internal),
    )
    return member, start + name_size + extra + comment


def _check_names(members: list[_Member]) -> None:
    """Refuse tricks first and by name, before the form is held against them."""
    seen: set[bytes] = set()
    for member in members:
        shown = member.name.decode("ascii", "backslashreplace")
        parts = member.name.split(b"/")
        if (
            not _NAME.fullmatch(member.name)
            or len(member.name) > _LONGEST_NAME
            or b"." in parts
            or b".." in parts
        ):
            raise Refused("archive.name", shown)
        if member.name in seen:
            raise Refused("archive.duplicate", shown)
        seen.add(member.name)
    for member in members:
        if member.method:
            raise Refused("archive.compressed", member.name.decode())
    if sorted(seen) != [member.name for member in members]:
        raise Refused("archive.form", "bundle.zip")


def _local_header(member: _Member) -> bytes:
    date, time = member.time
    sizes = (member.crc, member.size, member.size, len(member.name), 0)
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, time, date, *sizes) + member.name


def _tail_size(members: list[_Member]) -> int:
    return _END.size + sum(_CENTRAL.size + len(member.name) for member in members)
