"""The hands of a forger: takes a bundle apart and puts it together again, with whatever key."""

from __future__ import annotations

import hashlib
import json
import struct
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from station.contract.bundle import TAG, bundle_files, zipped
from station.contract.sealing import stamp
from station.contract.signature import Ed25519Signer
from station.domain.ledger import TAG as ENTRY_TAG
from station.domain.ledger import canonical, digest
from tests.verifier.corpus import Made

Tree = dict[str, object]


class Hand:
    """A bundle in pieces. ``signer`` and ``made_by``: of whom the forger holds the key."""

    def __init__(self, made: Made) -> None:
        self.become(made)

    def become(self, made: Made) -> Hand:
        """Take that bundle in hand."""
        self.made = made
        self.files = bundle_files(made.bundle)
        self.register: Tree = made.world.register()
        self.manifest: Tree = {}
        self.at: datetime = made.bundle.made_at
        self.made_by = made.maker.name
        self.signer: Ed25519Signer = made.maker.signer
        return self

    def as_centre(self) -> Hand:
        """Export it with the centre's key, which signs no entry of a station."""
        self.made_by = self.made.world.centre.name
        self.signer = self.made.world.centre.signer
        return self

    def as_station(self) -> Hand:
        """Export it with the station's key, which signs its entries too."""
        self.made_by, self.signer = self.made.station.name, self.made.station.signer
        return self

    def lines(self) -> list[Tree]:
        return [json.loads(line) for line in self.files["entries.jsonl"].splitlines()]

    def write_lines(self, lines: Iterable[Tree]) -> None:
        self.files["entries.jsonl"] = b"".join(canonical(line) + b"\n" for line in lines)

    def tree(self, name: str) -> list[Tree]:
        found: list[Tree] = json.loads(self.files[name])
        return found

    def write_tree(self, name: str, items: Iterable[Tree]) -> None:
        self.files[name] = b"[" + b",".join(canonical(item) for item in items) + b"]"

    def line_of(self, kind: str) -> int:
        """Return the place of the first entry of a kind."""
        bodies = [json.loads(str(line["body"])) for line in self.lines()]
        return next(n for n, body in enumerate(bodies) if body["kind"] == kind)

    def change_body(self, place: int, change: Callable[[Tree], None]) -> None:
        """Change an entry's body and leave the signature."""
        lines = self.lines()
        body = json.loads(str(lines[place]["body"]))
        change(body)
        lines[place] |= {"body": canonical(body).decode(), "seq": body["seq"]}
        self.write_lines(lines)

    def forge_body(self, place: int, change: Callable[[Tree], None]) -> None:
        """Change an entry and sign it, and chain and sign anew what follows it, as its node."""
        self.change_body(place, change)
        lines = self.lines()
        heads: dict[tuple[object, object], str] = {}
        for n, line in enumerate(lines):
            body = json.loads(str(line["body"]))
            before = heads.get((body["node"], body["seq"] - 1))
            if n > place and before is not None:
                body["prev"] = before
            if n >= place:
                sealed = canonical(body)
                signer = self.signer_of(body["node"], body["key_id"])
                line["sig"] = b64encode(signer.sign(ENTRY_TAG + sealed)).decode()
                line["body"] = sealed.decode()
            heads[body["node"], body["seq"]] = digest(str(line["body"]).encode())
        self.write_lines(lines)

    def signer_of(self, node: str, key_id: str) -> Ed25519Signer:
        keys = self.made.world.nodes[node].keys
        return next(key.signer for key in keys if key.signer.key_id == key_id)

    def node_keys(self, name: str) -> list[Tree]:
        nodes = self.register["nodes"]
        assert isinstance(nodes, list)
        keys: list[Tree] = next(node["keys"] for node in nodes if node["node"] == name)
        return keys

    def sealed(self) -> dict[str, bytes]:
        """Return the files with a manifest that fits them."""
        manifest = {
            "format": "zhichao-bundle-1",
            "case_no": self.made.bundle.case_no,
            "node": self.made.bundle.node,
            "made_at": stamp(self.at),
            "made_by": self.made_by,
            "key_id": self.signer.key_id,
            "alg": "ed25519",
            "files": {
                name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for name, data in self.files.items()
            },
            **self.manifest,
        }
        text = canonical(manifest)
        return {
            **self.files,
            "manifest.json": text,
            "manifest.sig": self.signer.sign(TAG + text),
        }

    def zip(self) -> bytes:
        return zipped(self.sealed(), self.at)

    def keys(self) -> bytes:
        return json.dumps(self.register, ensure_ascii=False).encode()


def nobody() -> Ed25519Signer:
    """Return a key that stands in no register."""
    return Ed25519Signer(b"nobody's key, in no register at ")


def loose_zip(files: Iterable[tuple[str, bytes]], *, method: int = ZIP_STORED) -> bytes:
    """Zip as any tool would: any names, any order, twice if asked."""
    out = BytesIO()
    with ZipFile(out, "w", method) as archive:
        for name, data in files:
            archive.writestr(ZipInfo(name, (2026, 3, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def bomb() -> bytes:
    return loose_zip([("cover.pdf", bytes(50_000_000))], method=ZIP_DEFLATED)


def overlapping(data: bytes) -> bytes:
    """Let two names of the directory share one content: a bomb without compression."""
    end = data[-22:]
    count, size, offset = struct.unpack("<10xHLL2x", end)
    first = data[offset : offset + 46 + struct.unpack_from("<H", data, offset + 28)[0]]
    name = b"zzz.bin"
    again = first[:28] + struct.pack("<H", len(name)) + first[30:46] + name
    directory = data[offset : offset + size] + again
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count + 1, count + 1, len(directory), offset, 0)
    return data[:offset] + directory + tail


def with_size(data: bytes, size: int) -> bytes:
    """Let the first member of the directory claim another size."""
    offset = struct.unpack("<10xHLL2x", data[-22:])[2]
    return data[: offset + 20] + struct.pack("<LL", size, size) + data[offset + 28 :]
