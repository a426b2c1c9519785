"""What every request to the console must get past, before anybody asks who it is from.

The browser of somebody signed in is the attacker's way in: another site can make it send requests
here (CSRF), and a name of the attacker's can be made to point here (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.console.sessions import csrf_of
from transports.https_problems import Handler, ProblemError

SESSION_COOKIE: Final = "__Host-lazaretto"
FLOW_COOKIE: Final = "__Host-lazaretto-flow"
CSRF_HEADER: Final = "X-CSRF-Token"
MOST_BODY: Final = 32_768
BODY_SECONDS: Final = 10.0

_HOST: Final = re.compile(r"(?P<name>[a-z0-9.-]{1,253})(:[0-9]{1,5})?")
_READING: Final = frozenset({"GET", "HEAD"})
_HEADERS: Final = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
    "X-Frame-Options": "DENY",
}


def guarded(names: frozenset[str]) -> Middleware:
    """The middleware that refuses other hosts, and changes that another site's page asks for."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_host(request.headers.getall("Host", []), names)
        if request.method not in _READING:
            check_origin(request)
        return await handler(request)

    return middleware


def check_host(given: list[str], names: frozenset[str]) -> None:
    """Return if the request is to one of our names.

    Raises:
        ProblemError: 421.
    """
    match = _HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
    if match is None or match["name"] not in names:
        raise ProblemError(
            421, "misdirected-request", "no host of this name is here; see console.names"
        )


def check_origin(request: web.Request) -> None:
    """Return unless a browser says that another origin's page sends this.

    Programs that are no browsers send neither header, and have no cookies that were made for one.

    Raises:
        ProblemError: 403.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origins = request.headers.getall("Origin", [])
    own = f"https://{request.headers['Host'].lower()}"
    if site != "same-origin" or origins not in ([], [own]):
        raise ProblemError(403, "cross-site", "another site's page may not do anything here")


def check_csrf(request: web.Request, token: str) -> None:
    """Return if the request has what only a page of ours could read.

    Raises:
        ProblemError: 403.
    """
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf_of(token).encode()):
        raise ProblemError(
            403, "csrf", f"send the 'csrf' of GET /v1/session in the header {CSRF_HEADER}"
        )


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Headers beside those that every HTTPS answer of the gateway has."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def cookie(response: web.StreamResponse, name: str, value: str, *, same_site: str) -> None:
    """Set one that only this host gets, over TLS alone, and no script reads.

    No lifetime: it goes with the browser, and what counts is the session's own.
    """
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite=same_site)


def drop_cookie(response: web.StreamResponse, name: str, *, same_site: str) -> None:
    """Have the browser forget one; ``__Host-`` needs the attributes on this, too."""
    response.set_cookie(
        name, "", path="/", secure=True, httponly=True, samesite=same_site, max_age=0
    )


async def body(request: web.Request) -> Mapping[str, Any]:
    """The JSON object in a request.

    Only as ``application/json``: a form of another site can't send that without being asked first.

    Raises:
        ProblemError: 400, 408, 413 or 415.
    """
    if request.content_type != "application/json":
        raise ProblemError(415, "unsupported-media-type", "send application/json")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await _read(request)
    except TimeoutError:
        raise ProblemError(408, "request-timeout", "the request came too slowly") from None
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise ProblemError(400, "bad-request", "the body isn't JSON") from None
    if not isinstance(data, dict):
        raise ProblemError(400, "bad-request", "the body must be a JSON object")
    return data


async def _read(request: web.Request) -> bytes:
    found = bytearray()
    async for chunk in request.content.iter_any():
        found += chunk
        if len(found) > MOST_BODY:
            raise ProblemError(413, "too-large", f"a request has {MOST_BODY} bytes at most")
    return bytes(found)


def text(data: Mapping[str, Any], key: str, most: int = 1024) -> str:
    """A string in a request's body.

    Raises:
        ProblemError: 400: it isn't there, isn't text or is too long.
    """
    value = data.get(key)
    if not isinstance(value, str) or not value or len(value) > most:
        raise ProblemError(400, "bad-request", f"'{key}' must be text of up to {most} characters")
    return value
