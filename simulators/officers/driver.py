"""A driver (当事人) with his slip: reads its QR code, opens his page, asks to be weighed again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from typing import Final

import cv2
import httpx
import numpy as np

from simulators.officers.post import Post

TRIES: Final = 5
AGAIN_S: Final = 4.0
"""The record travels for some seconds; the site answers an address twenty times a minute."""
_FOUND: Final = 200
_TIMEOUT_S: Final = 10.0
_RECHECK: Final = "recheck"


class Driver:
    """The driver of the first truck whose slip is printed; the others put theirs away."""

    def __init__(self, post: Post, say: Callable[[str], None]) -> None:
        self._post = post
        self._say = say

    async def run(self) -> None:
        """Wait for a slip, and use it once."""
        address = await _scanned(await self._post.slips.get())
        site, _, code = address.partition("#")
        if code:
            self._say(f"当事人查询页 a driver's page: {address}")
            await self._ask(site, code)

    async def _ask(self, site: str, code: str) -> None:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as http:
            for _ in range(TRIES):
                try:
                    answer = await http.post(site, data={"code": code, "ask": _RECHECK})
                except httpx.TransportError:
                    pass
                else:
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
    return cv2.QRCodeDetector().detectAndDecode(page)[0]
