"""HTTP connections under limits, and their parse errors as problem documents.

aiohttp answers what its parser refuses outside the application, as text, and has no bound on
connections; both are mended here, on its documented ``RequestHandler`` and ``Server``.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Middleware

from transports.https_head import MAX_HEAD, Head, Names, check
from transports.https_problems import Handler, of_parse_error
from transports.limits import Slots
from transports.observer import Observer


def unambiguous(ours: Names) -> Middleware:
    """The middleware that lets through what means one thing and is meant for us."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        version = (request.version.major, request.version.minor)
        check(Head(version, request.raw_path, request.raw_headers), ours)
        return await handler(request)

    return middleware


class Connection(web.RequestHandler):
    """One connection."""

    def __init__(self, server: LimitedServer, **options: Any) -> None:  # noqa: ANN401 - aiohttp's
        super().__init__(server, **options)
        self._server = server
        self._admitted = False
        self._head = 0
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or hang up."""
        self._server.observer.connection_opened("https")
        self._admitted = self._server.slots.take()
        if not self._admitted:
            self._server.observer.connection_closed("https", "limit")
            cast(asyncio.Transport, transport).abort()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give it back."""
        self._forget_unread()
        if self._admitted:
            self._admitted = False
            self._server.slots.release()
            self._server.observer.connection_closed("https", "lost" if exc else "closed")
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Answers wait to be read, but not for ever: whoever reads none would keep the place."""
        super().pause_writing()
        loop = asyncio.get_running_loop()
        self._unread = loop.call_later(self._server.unread_seconds, self._hang_up)

    def resume_writing(self) -> None:
        """They were read."""
        self._forget_unread()
        super().resume_writing()

    def _hang_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is a head without end."""
        super().data_received(data)
        waiting = self._waiter is not None and not self._waiter.done()
        self._head = self._head + len(data) if waiting and not self._messages else 0
        if self._head > 2 * MAX_HEAD:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request, which may hold PHI
    ) -> web.StreamResponse:
        """A problem document, and nothing of the request in the log."""
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun")
        response = of_parse_error(exc, status)
        response.force_close()
        return response


class LimitedServer(web.Server):
    """aiohttp's connection factory with a bound."""

    def __init__(
        self,
        inner: web.Server,
        slots: Slots,
        observer: Observer,
        unread_seconds: float,
        **options: Any,  # noqa: ANN401 - aiohttp's
    ) -> None:
        super().__init__(inner.request_handler, request_factory=inner.request_factory, **options)
        self.slots = slots
        self.observer = observer
        self.unread_seconds = unread_seconds
        self._options = options

    def __call__(self) -> web.RequestHandler:
        """A protocol for one connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)


class LimitedRunner(web.AppRunner):
    """Runs an application on a :class:`LimitedServer`."""

    __slots__ = ("_observer", "_protocol_options", "_slots", "_unread_seconds")

    def __init__(
        self,
        app: web.Application,
        slots: Slots,
        observer: Observer,
        *,
        shutdown_timeout: float,
        unread_seconds: float,
        **options: Any,  # noqa: ANN401 - aiohttp's
    ) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=shutdown_timeout)
        self._slots = slots
        self._unread_seconds = unread_seconds
        self._observer = observer
        self._protocol_options = options

    async def _make_server(self) -> web.Server:
        inner = await super()._make_server()
        return LimitedServer(
            inner, self._slots, self._observer, self._unread_seconds,
            access_log=None, **self._protocol_options,
        )  # fmt: skip
