"""One officer's session at a station's (or the centre's) HTTP interface."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import httpx

from simulators.officers.authenticator import Authenticator, secret_of

TIMEOUT_S: Final = 20.0
_UNAUTHORISED: Final = 401
_REFUSALS: Final = range(400, 500)


class Refused(Exception):
    """The interface said no: a stable ``code``, and its words."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


class Away(Exception):
    """Nobody answers, or the server failed: try again later."""


class Account:
    """Who signs in. ``secret``: of his one-time codes, in base32; "" where none is demanded."""

    def __init__(self, certificate_no: str, password: str, secret: str = "") -> None:
        self.certificate_no = certificate_no
        self.password = password
        self.secret = secret
        self._authenticator: Authenticator | None = None

    def code(self) -> str:
        """Return a one-time code that was not used before.

        Raises:
            Away: there is none within this half minute.
        """
        if not self.secret:
            return ""
        if self._authenticator is None:
            self._authenticator = Authenticator(secret_of(self.secret))
        code = self._authenticator.code()
        if code is None:
            raise Away("no code left in this half minute")
        return code


class Console:
    """Signs in when it must; every refusal and every absence is counted."""

    def __init__(self, base_url: str, account: Account) -> None:
        self.account = account
        self.refusals: Counter[str] = Counter()
        self.absences = 0
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)
        self._cookie = ""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def cookie(self) -> str:
        """Return the session's cookie, for a WebSocket; signs in when there is none.

        Raises:
            Refused: wrong password or no such account.
            Away: see the class.
        """
        if not self._cookie:
            await self._sign_in()
        return self._cookie

    def forget(self) -> None:
        """Forget the session: the next request signs in anew."""
        self._cookie = ""

    async def get(self, path: str) -> bytes:
        """Fetch *path*.

        Raises:
            Refused: see the class.
            Away: see the class.
        """
        return await self._request("GET", path, None)

    async def post(self, path: str, body: dict[str, Any]) -> bytes:
        """Send *body* to *path*.

        Raises:
            Refused: see the class.
            Away: see the class.
        """
        return await self._request("POST", path, body)

    async def _request(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        response = await self._send(method, path, body)
        if response.status_code == _UNAUTHORISED:
            self.forget()
            response = await self._send(method, path, body)
        return self._content(response)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        headers = {"cookie": await self.cookie()}
        return await self._bare(method, path, body, headers)

    async def _sign_in(self) -> None:
        body = {
            "certificate_no": self.account.certificate_no,
            "password": self.account.password,
            "code": self.account.code(),
        }
        response = await self._bare("POST", "/api/session", body, {})
        self._content(response)
        pairs = [line.partition(";")[0] for line in response.headers.get_list("set-cookie")]
        self._cookie = "; ".join(pairs)
        self._http.cookies.clear()

    async def _bare(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> httpx.Response:
        try:
            return await self._http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as exc:
            self.absences += 1
            raise Away(str(exc)) from exc

    def _content(self, response: httpx.Response) -> bytes:
        if response.is_success:
            return response.content
        if response.status_code not in _REFUSALS:
            self.absences += 1
            raise Away(f"{response.status_code} {response.request.url.path}")
        code, message = _reason(response)
        self.refusals[code] += 1
        raise Refused(code, message)


def _reason(response: httpx.Response) -> tuple[str, str]:
    try:
        tree = response.json()
        return str(tree["code"]), str(tree["message"])
    except (ValueError, KeyError, TypeError):
        return f"http.{response.status_code}", response.text[:200]
