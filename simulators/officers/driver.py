"""A driver (当事人) with his slip: reads its QR code and uses his page."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from typing import Final

import cv2
import httpx
import numpy as np

from simulators.officers.post import Post
from station.domain.asking import Asked

TRIES: Final = 5
AGAIN_S: Final = 4.0
"""The record travels for some seconds; the site answers an address twenty times a minute."""
_FOUND: Final = 200
_TIMEOUT_S: Final = 10.0
_SAYS: Final = (
    (Asked.RECHECK, ""),
    (Asked.OBJECTION, "装货时过磅没有这么重，请核对衡器和限值。"),
    (Asked.STATEMENT, "第一次超限，已经主动配合卸载，请从轻处理。"),
)


class Driver:
    """The driver of the first truck whose slip is printed; the others put theirs away."""

    def __init__(self, post: Post, say: Callable[[str], None]) -> None:
        self._post = post
        self._say = say

    async def run(self) -> None:
        """Wait for a slip, and use it once."""
        case_no, pdf = await self._post.slips.get()
        address = await _scanned(pdf)
        site, _, code = address.partition("#")
        if code:
            self._say(f"当事人查询页 a driver's page: {address}")
            self._post.asked.add(case_no)
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as http:
                for asked, text in _SAYS:
                    await self._ask(http, site, {"code": code, "ask": asked.value, "text": text})

    async def _ask(self, http: httpx.AsyncClient, site: str, form: dict[str, str]) -> None:
        for _ in range(TRIES):
            with contextlib.suppress(httpx.TransportError):
                answer = await http.post(site, data=form)
                if answer.status_code == _FOUND:
                    self._post.acts["driver_page"] += 1
                    return
            await asyncio.sleep(AGAIN_S)


async def _scanned(pdf: bytes) -> str:
    """Return what a telephone reads on a slip; "" for nothing, or without pdftoppm."""
    program = shutil.which("pdftoppm")
    if program is None:
        return ""
    process = await asyncio.create_subprocess_exec(
        program,
        *("-r", "150", "-png", "-singlefile", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    png, _ = await process.communicate(pdf)
    return await asyncio.to_thread(_read, png)


def _read(png: bytes) -> str:
    page = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if page is None:
        return ""
    # OpenCV fails at one of a hundred codes in one size, and reads it in another: come nearer.
    looks = (cv2.resize(page, None, fx=nearer, fy=nearer) for nearer in (1, 1.5, 2))
    return next(filter(None, (cv2.QRCodeDetector().detectAndDecode(one)[0] for one in looks)), "")
