"""The body of a request, piece by piece, with its limits of time and its ways to break off."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from transports.https_problems import ProblemError

CHUNK: Final = 256 * 1024
"""Most bytes handed on at once."""


async def no_early_continue(_request: web.Request) -> None:
    """Send no ``100 Continue`` before the request was judged; :func:`go_on` does then."""


def go_on(request: web.Request) -> None:
    """Ask for the body, if the client waits to be asked."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def next_piece(request: web.Request, seconds: float) -> bytes:
    """The next bytes of the body, b"" at its end.

    Raises:
        ProblemError: 408: none came for ``seconds``; 400: the client broke off.
    """
    try:
        async with asyncio.timeout(seconds):
            return await request.content.read(CHUNK)
    except TimeoutError:
        raise ProblemError(
            408, "request-timeout", "the body came too slowly; send it again"
        ) from None
    except (web.RequestPayloadError, ConnectionError):
        raise cut_short() from None


def cut_short() -> ProblemError:
    """For a body with fewer bytes than were announced."""
    return ProblemError(400, "incomplete", "the body ended early; nothing was submitted")
