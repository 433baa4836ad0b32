"""Reads MJPEG over HTTP: each part is the camera's own JPEG, kept byte for byte as evidence.

OpenCV would look at the stream for seconds before its first frame, and give no JPEG at all.
"""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from station.domain.errors import CameraLost

_MOST_BYTES = 16 << 20
_MOST_HEADER_BYTES = 8192
_HEADER_END = b"\r\n\r\n"
_JPEG_END = b"\xff\xd9"
_CHUNK = 1 << 16
_LOST = (OSError, http.client.HTTPException, ValueError)


class NotMjpeg(CameraLost):
    """The server sends something else; OpenCV may understand it."""


def jpegs(url: str, timeout_s: float) -> Iterator[bytes]:
    """Yield the stream's pictures. Blocking.

    Args:
        url: ``http://[user:password@]host[:port]/path``.
        timeout_s: for the connection and for each read.

    Raises:
        CameraLost: no connection, an answer that is an error, silence, or the end of the stream.
        NotMjpeg: the answer is no multipart stream.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=timeout_s
    )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers=_authorisation(parts.username, parts.password))
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise CameraLost(f"HTTP {answer.status}")
        if answer.headers.get_content_maintype() != "multipart":
            raise NotMjpeg(answer.headers.get_content_type())
        yield from _pictures(answer)
    except _LOST as exc:
        raise CameraLost(type(exc).__name__) from exc
    finally:
        connection.close()
    raise CameraLost("stream ended")


def _authorisation(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Authorization": "Basic " + b64encode(pair).decode()}


def _pictures(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    decoder = PartDecoder()
    while chunk := answer.read1(_CHUNK):
        yield from decoder.feed(chunk)


class PartDecoder:
    """Cuts a multipart stream into JPEGs; the chunks may end anywhere."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._length: int | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take some bytes; return the pictures that they complete.

        Raises:
            ValueError: this is no multipart stream of pictures.
        """
        self._data += chunk
        found: list[bytes] = []
        while (picture := self._next()) is not None:
            found.append(picture)
        if len(self._data) > _MOST_BYTES:
            raise ValueError("a part without end")
        return found

    def _next(self) -> bytes | None:
        if self._length is None:
            self._length = self._taken_header()
        if self._length is None:
            return None
        end = self._length or self._end_mark()
        if not end or len(self._data) < end:
            return None
        picture = bytes(self._data[:end])
        del self._data[:end]
        self._length = None
        return picture

    def _taken_header(self) -> int | None:
        """Take a part's header off; return its length, 0 when it tells none, None when not here."""
        while self._data.startswith((b"\r", b"\n")):
            del self._data[0]
        end = self._data.find(_HEADER_END)
        if end < 0:
            if len(self._data) > _MOST_HEADER_BYTES:
                raise ValueError("no part header")
            return None
        header = bytes(self._data[:end])
        del self._data[: end + len(_HEADER_END)]
        for line in header.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                return int(value)
        return 0

    def _end_mark(self) -> int:
        end = self._data.find(_JPEG_END)
        return 0 if end < 0 else end + len(_JPEG_END)
