"""A second opinion on every signature of a bundle: by the openssl command line, and nothing else.

It does by a program what ``verifier/README.md`` tells an expert to do by hand.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

PROGRAM = shutil.which("openssl")
_DER = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410)."""


def signed_parts(bundle: bytes, keys: bytes) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Yield name, public key, message and signature of everything signed in a bundle."""
    with ZipFile(BytesIO(bundle)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    register = json.loads(keys)
    public = {
        (node["node"], key["key_id"]): bytes.fromhex(key["public_key"])
        for node in register["nodes"]
        for key in node["keys"]
    }
    centre = register["log"]["node"]
    manifest = json.loads(files["manifest.json"])
    maker = public[manifest["made_by"], manifest["key_id"]]
    message = b"zhichao-bundle-v1\0" + files["manifest.json"]
    yield "manifest", maker, message, files["manifest.sig"]
    for text in files["entries.jsonl"].decode().splitlines():
        line = json.loads(text)
        key_id = json.loads(line["body"])["key_id"]
        message = b"zhichao-entry-v1\0" + line["body"].encode()
        name = f"{line['node']}-{line['seq']}"
        yield name, public[line["node"], key_id], message, b64decode(line["sig"])
    for receipt in json.loads(files["receipts.json"]):
        signature = bytes.fromhex(receipt.pop("sig"))
        text = json.dumps(receipt, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        message = b"zhichao-receipt-v1\0" + text.encode()
        yield f"receipt {receipt['seq']}", public[centre, receipt["key_id"]], message, signature
    if "checkpoint.txt" in files:
        yield from _notes(files["checkpoint.txt"].decode(), register, public)


def refused(bundle: bytes, keys: bytes, folder: Path) -> list[str]:
    """Return the names of those parts whose signature openssl refuses."""
    return [
        name
        for name, key, message, signature in signed_parts(bundle, keys)
        if not _verifies(key, message, signature, folder)
    ]


def _notes(
    note: str, register: dict[str, object], public: dict[tuple[str, str], bytes]
) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    text, _, lines = note.partition("\n\n")
    log, *others = lines.splitlines()
    assert isinstance(register["log"], dict)
    assert isinstance(register["witnesses"], list)
    signature = b64decode(log.split(" ")[2])[4:]
    # The newest key of the centre signs; which one it is, the four bytes before would say.
    key = bytes.fromhex(register["log"]["keys"][-1]["public_key"])
    yield "checkpoint", key, f"{text}\n".encode(), signature
    witnesses = {one["name"]: bytes.fromhex(one["public_key"]) for one in register["witnesses"]}
    for line in others:
        _, name, encoded = line.split(" ")
        seal = b64decode(encoded)
        if name in witnesses:
            time = int.from_bytes(seal[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{text}\n".encode()
            yield name, witnesses[name], message, seal[12:]


def _verifies(key: bytes, message: bytes, signature: bytes, folder: Path) -> bool:
    (folder / "key.der").write_bytes(_DER + key)
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    command = "pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in message -sigfile"
    assert PROGRAM is not None
    done = subprocess.run(
        [PROGRAM, *command.split(), "signature"], cwd=folder, capture_output=True, check=False
    )
    return done.returncode == 0
