"""The documents of a region, read from its data: forms, numbering, offices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Final

import msgspec
import yaml

from station.documents.typesetting import TEMPLATES
from station.domain.forms import Form, Office, When

_FILE: Final = "documents.yaml"


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An office as it stands on documents; what is not known says so (待填)."""

    name: str
    address: str = ""
    phone: str = ""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    title: str
    prefix: str
    about: tuple[str, ...]
    office: Office
    copies: Annotated[int, msgspec.Meta(ge=1)]
    required: tuple[str, ...]
    when: When = When.ALWAYS
    group: str = ""
    page: bool = False
    closing: bool = True
    signed: bool = False
    process: bool = False


class _Offices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    road: Address
    police: Address
    bank: Address
    reconsideration: Address
    court: Address


class _Region(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    region: str
    number: str
    stations: dict[str, str]
    offices: _Offices
    recorded: frozenset[str]
    forms: tuple[_Row, ...]


class Registry:
    """The documents of one region (一个地区的文书).

    Attributes:
        region: name of its folder under ``templates``.
        forms: by kind, in the order of the file.
        offices: as the region's data has them, by name.
        recorded: acts of which the file must hold a recording.
    """

    def __init__(self, region: str, content: bytes) -> None:
        """Read the file of a region.

        Raises:
            ValueError: it is not what it must be; two forms share a kind or a prefix.
        """
        try:
            read = msgspec.convert(yaml.safe_load(content), _Region)
        except (yaml.YAMLError, msgspec.ValidationError) as exc:
            raise ValueError(f"{region}/{_FILE}: {exc}") from exc
        for name in ("kind", "prefix"):
            if len({getattr(row, name) for row in read.forms}) != len(read.forms):
                raise ValueError(f"{region}/{_FILE}: two forms of one {name}")
        self.region = region
        self.forms: Mapping[str, Form] = {row.kind: _form(row) for row in read.forms}
        self.offices: Mapping[str, Address] = {
            name: getattr(read.offices, name) for name in _Offices.__struct_fields__
        }
        self.recorded = read.recorded
        self._number = read.number
        self._stations = read.stations

    def number(self, form: Form, node: str, year: int, serial: int) -> str:
        """Return the number (文号) that stands on a document."""
        station = self._stations.get(node, node.upper())
        return self._number.format(station=station, prefix=form.prefix, year=year, serial=serial)


@cache
def registry(region: str) -> Registry:
    """Return the documents of a region that comes with the package; read once.

    Raises:
        ValueError: there is no such region, or its file is not what it must be.
    """
    if region not in regions():
        raise ValueError(f"one of {', '.join(regions())}")
    return Registry(region, (TEMPLATES / region / _FILE).read_bytes())


@cache
def regions() -> tuple[str, ...]:
    """Return the regions that come with the package."""
    return tuple(sorted(path.parent.name for path in TEMPLATES.glob(f"*/{_FILE}")))


def _form(row: _Row) -> Form:
    return Form(**{name: getattr(row, name) for name in _Row.__struct_fields__})
