"""Whether a request comes from the station's own page."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers


def foreign(headers: Headers) -> bool:
    """Tell whether a browser says that the request was made by another site's page.

    Programs that are no browsers send no Origin; they hold no cookie that a page could misuse.
    """
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
