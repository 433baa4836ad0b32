"""The law book: every dated parameter of one edition of the law data, and the law of a day.

The only module of the core that opens a file: it reads the package's own data, once.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from station.domain.errors import NoLawInForce
from station.rules.in_force import InForce
from station.rules.parameter import InvalidLaw, Parameter, Provision, parse_parameter

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LawBook:
    """All parameters of one edition (版本) of the law data.

    Attributes:
        edition: ``sha256:…``, the digest of all law files: name and bytes, in order of names.
    """

    def __init__(self, law_files: Mapping[str, bytes]) -> None:
        """Parse *law_files* (path under ``law/`` with ``/``, e.g. ``limit/annex/tr_02.yaml``).

        Raises:
            InvalidLaw: naming the file.
        """
        self.edition = edition(law_files)
        self._parameters = {
            parameter.key: parameter
            for parameter in (parsed_file(name, law_files[name]) for name in sorted(law_files))
        }
        self._days = sorted({e.in_force_from for p in self._parameters.values() for e in p.history})
        self._compiled: dict[int, InForce] = {}
        self._by_day: dict[date, InForce] = {}

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every parameter by its key, in order of keys."""
        return self._parameters

    @property
    def days(self) -> tuple[date, ...]:
        """Every day on which some parameter changes, ascending."""
        return tuple(self._days)

    def parameter(self, key: str) -> Parameter:
        """Return the parameter *key*.

        Raises:
            NoLawInForce: the edition has no such parameter.
        """
        try:
            return self._parameters[key]
        except KeyError:
            raise NoLawInForce(key=key) from None

    def provision(self, key: str, day: date) -> Provision:
        """Return the provision of *key* in force on *day*.

        Raises:
            NoLawInForce: there is none.
        """
        return self.parameter(key).on(day)

    def on(self, day: date) -> InForce:
        """Return the law in force on *day*, compiled; equal periods give the same object.

        Raises:
            NoLawInForce: before the first day on which the limits of mass are in force.
        """
        law = self._by_day.get(day)
        if law is None:
            law = self._by_day[day] = self._of_period(day)
        return law

    def _of_period(self, day: date) -> InForce:
        period = bisect_right(self._days, day)
        law = self._compiled.get(period)
        if law is None:
            law = self._compiled[period] = InForce(self._parameters, day, self.edition)
        return law


def edition(law_files: Mapping[str, bytes]) -> str:
    """Digest of law files: SHA-256 over name, length and bytes of each, in order of names."""
    digest = hashlib.sha256()
    for name in sorted(law_files):
        content = law_files[name]
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def parsed_file(name: str, content: bytes) -> Parameter:
    """Parse one law file, strictly.

    Raises:
        InvalidLaw: naming the file.
    """
    key = name.removesuffix(".yaml").replace("/", ".")
    try:
        tree = yaml.load(content, _StrictLoader)  # noqa: S506 -- derived from the safe loader
        return parse_parameter(key, tree)
    except (yaml.YAMLError, ValueError) as error:
        # One line that names the file; the parser's own words come on several.
        said = " ".join(str(error).removeprefix(key).removeprefix(":").split())
        raise InvalidLaw(f"{name}: {said}") from error


def package_files() -> dict[str, bytes]:
    """Read the law files that come with the package: path under ``law/`` to bytes."""
    found: dict[str, bytes] = {}
    _collect(files("station.rules").joinpath("law"), "", found)
    return found


@cache
def lawbook() -> LawBook:
    """Return the edition that comes with the package; read at the first call, then kept."""
    return LawBook(package_files())


def _collect(folder: Traversable, prefix: str, found: dict[str, bytes]) -> None:
    for item in folder.iterdir():
        if item.is_dir():
            _collect(item, f"{prefix}{item.name}/", found)
        elif item.name.endswith(".yaml"):
            found[prefix + item.name] = item.read_bytes()


class _StrictLoader(_Loader):  # type: ignore[misc]
    """The safe loader, refusing a key that is written twice: two values on one day."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(names)) != len(names):
            raise InvalidLaw(f"a key is written twice{node.start_mark}")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping
