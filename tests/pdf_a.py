"""What of PDF/A-2b (ISO 19005-2) can be seen in a file's objects, without a library.

It reads every object, those in streams too, and looks for what keeps a file from being read in many
years: something outside it, something secret, something that runs, a font or a colour that is not
in it. It is no validator: ``docs/reference/documents.md`` says what is left to one.
"""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"<<((?:(?!stream).)*?)>>\s*stream\r?\n(.*?)\r?\nendstream", re.S)
_FORBIDDEN = (
    rb"/Encrypt",
    rb"/JavaScript",
    rb"/JS\b",
    rb"/Launch\b",
    rb"/EmbeddedFiles",
    rb"/AA\b",
    rb"/URI\b",
    rb"/GoToR\b",
    rb"/LZWDecode",
    rb"/XFA\b",
)


def flaws(document: bytes) -> list[str]:
    """Return what a file has or lacks against the rules, in words; nothing for a good one."""
    objects = _objects(document)
    found = [f"has {word.decode()}" for word in _FORBIDDEN if re.search(word, objects)]
    packet = re.search(rb"<\?xpacket begin=.*?<\?xpacket end=", document, re.S)
    if packet is None:
        found.append("no XMP packet that can be read without unpacking")
    else:
        for name, value in ((b"part", b"2"), (b"conformance", b"B")):
            if not re.search(rb"pdfaid:%b(?:>|=\")%b" % (name, value), packet[0]):
                found.append(f"pdfaid:{name.decode()} is not {value.decode()}")
    if not re.search(rb"/GTS_PDFA1", objects) or b"/DestOutputProfile" not in objects:
        found.append("no output intent with its colour profile")
    described = re.findall(rb"<<[^<>]*?/Type\s*/FontDescriptor.*?>>", objects, re.S)
    if not described:
        found.append("no font")
    found += ["a font that is not embedded" for one in described if b"/FontFile" not in one]
    if not re.search(rb"/ID\s*\[", objects):
        found.append("no file identifier")
    return found


def _objects(document: bytes) -> bytes:
    """Return the text of all objects, with those that lie in object streams."""
    parts = [_STREAM.sub(rb"<<\1>>", document)]
    for head, data in _STREAM.findall(document):
        if b"/ObjStm" in head and b"/FlateDecode" in head:
            parts.append(zlib.decompress(data))
    return b"\n".join(parts)
