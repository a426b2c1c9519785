"""The body of a request, piece by piece, with its limits of time and its ways to break off."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from transports.https_problems import ProblemError

CHUNK: Final = 256 * 1024
"""Most bytes handed on at once."""
LEAST_PACE: Final = 1024
"""Bytes a second on the whole; a body by single bytes would hold its place for days."""


async def no_early_continue(_request: web.Request) -> None:
    """Send no ``100 Continue`` before the request was judged; :func:`go_on` does then."""


def go_on(request: web.Request) -> None:
    """Ask for the body, if the client waits to be asked."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


class Body:
    """The body of one request, under a limit of time.

    Args:
        request: Whose.
        seconds: Without a byte, and before :data:`LEAST_PACE` counts.
    """

    def __init__(self, request: web.Request, seconds: float) -> None:
        self._request = request
        self._seconds = seconds
        self._taken = 0
        self._waited = 0.0

    async def next_piece(self) -> bytes:
        """The next bytes, b"" at the end.

        Raises:
            ProblemError: 408: none came for long, or they come too slowly on the whole; 400: the
                client broke off.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._seconds):
                data = await self._request.content.read(CHUNK)
        except TimeoutError:
            raise _too_slow() from None
        except (web.RequestPayloadError, ConnectionError):
            raise cut_short() from None
        self._taken += len(data)
        # Of the client's time alone: a disk of ours that is slow is no fault of its own.
        self._waited += loop.time() - began
        if data and self._taken < (self._waited - self._seconds) * LEAST_PACE:
            raise _too_slow()
        return data


def _too_slow() -> ProblemError:
    return ProblemError(408, "request-timeout", "the body came too slowly; send it again")


def cut_short() -> ProblemError:
    """For a body with fewer bytes than were announced."""
    return ProblemError(400, "incomplete", "the body ended early; nothing was submitted")
