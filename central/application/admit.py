"""Admits a station to the line: a certificate that is not revoked, speaking for its own node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The node that a certificate names. ``serial``: the certificate's number, hex."""

    node: str
    serial: str
