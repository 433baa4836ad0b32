"""Which program weighs (软件标识): the digest of its legally relevant sources."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

LEGAL_PARTS: Final = ("domain", "rules", "scale_driver/protocols")


def legal_id() -> str:
    """Return the digest of the legally relevant sources: pure core and decoders, law data too."""
    digest = hashlib.sha256()
    for part in LEGAL_PARTS:
        folder: Traversable = files("station")
        for name in part.split("/"):
            folder = folder / name
        for name, content in sorted(_sources(folder, part)):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        name = f"{prefix}/{item.name}"
        if item.is_dir():
            found += _sources(item, name)
        elif item.name.endswith((".py", ".yaml")):
            found.append((name, item.read_bytes()))
    return found
