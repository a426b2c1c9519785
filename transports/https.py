"""The HTTPS listener: the application, its start and its graceful stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from aiohttp import web

from transports.https_auth import bearer
from transports.https_body import no_early_continue
from transports.https_connection import LimitedRunner, unambiguous
from transports.https_head import LOOPBACK, MAX_HEADERS, Names, Served
from transports.https_inbox import Receiving
from transports.https_outbox import Sending
from transports.https_problems import counted, dress, problems
from transports.https_tus import PREFIX, Tus, name_version
from transports.limits import InFlight, Slots
from transports.live import LiveRequest, LiveSession
from transports.observer import NullObserver, Observer
from transports.openapi import document
from transports.ports import ApiAuthenticator, Declaring, Intake, Mailbox
from transports.shares import Shares

# TLS 1.2 with forward secrecy and AEAD only; TLS 1.3's own suites are all of that kind.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class HttpsOptions:
    """How to listen.

    Attributes:
        host: Address to bind, unless ``sock`` is given.
        port: TCP port; 0 picks a free one.
        sock: A bound or listening socket to use instead of ``host`` and ``port``.
        reuse_port: Let several processes bind the same port (``SO_REUSEPORT``).
        backlog: Connections that the kernel queues.
        max_connections: Connections at once, in this process.
        max_line: Longest request line or header field, bytes.
        names: Host names and addresses answered to; others get 421.
        header_timeout: Seconds for a request's headers, and for the next request to begin.
        body_timeout: Seconds without a byte of a body, and for a piece of an answer to be read.
        handshake_timeout: Seconds for the TLS handshake.
        linger: Seconds that the rest of a refused body is read and dropped.
    """

    host: str = "127.0.0.1"
    port: int = 0
    sock: socket.socket | None = None
    reuse_port: bool = False
    backlog: int = 256
    max_connections: int = 500
    max_line: int = 8190
    names: Names = field(default_factory=lambda: Served(LOOPBACK))
    header_timeout: float = 30.0
    body_timeout: float = 60.0
    handshake_timeout: float = 15.0
    linger: float = 2.0


class HttpsService:
    """A running HTTPS listener."""

    def __init__(
        self, options: HttpsOptions, app: web.Application, context: ssl.SSLContext | None
    ) -> None:
        self._options = options
        self._app = app
        self._context = context
        self._runner: LimitedRunner | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The TCP port listened on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address can't be bound.
        """
        options = self._options
        self._runner = LimitedRunner(
            self._app,
            Slots(options.max_connections),
            self._app[OBSERVER],
            shutdown_timeout=0.1,
            unread_seconds=options.body_timeout,
            keepalive_timeout=options.header_timeout,
            max_line_size=options.max_line,
            max_field_size=options.max_line,
            max_headers=MAX_HEADERS,
            lingering_time=options.linger,
            auto_decompress=False,
        )
        await self._runner.setup()
        self._server = await self._listen(self._runner)

    def sessions(self) -> Sequence[LiveSession]:
        """The requests of those who are logged in."""
        return [*self._app[LIVE]]

    async def stop(self, deadline: float = 30.0) -> None:
        """Stop accepting, let requests finish for ``deadline`` seconds, then cancel the rest."""
        if self._server is None or self._runner is None:
            return
        self._server.close()
        # aiohttp's own shutdown drops the rest of a body that is coming in, so wait before it.
        await self._app[RUNNING].drain(deadline)
        await self._runner.cleanup()

    async def _listen(self, runner: LimitedRunner) -> asyncio.Server:
        options = self._options
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if self._context is not None:
            tls = {"ssl": self._context, "ssl_handshake_timeout": options.handshake_timeout}
        if options.sock is not None:
            tls["sock"] = options.sock
        else:
            tls |= {"host": options.host, "port": options.port}
            tls["reuse_port"] = options.reuse_port or None
        factory = cast(Callable[[], asyncio.Protocol], runner.server)
        server: asyncio.Server = await loop.create_server(factory, backlog=options.backlog, **tls)
        return server


RUNNING: Final = web.AppKey("running", InFlight)
LIVE: Final = web.AppKey("live", set[LiveRequest])
OBSERVER: Final[web.AppKey[Observer]] = web.AppKey("observer", Observer)


def build_app(
    options: HttpsOptions,
    auth: ApiAuthenticator,
    intake: Intake,
    mailbox: Mailbox,
    *,
    declaring: Declaring | None = None,
    observer: Observer | None = None,
    shares: Shares | None = None,
) -> web.Application:
    """The application: ``/v1`` of DESIGN section 6, as ``/v1/openapi.json`` describes it.

    Without ``declaring`` it takes no uploads in pieces.
    """
    watching = observer or NullObserver()
    running = InFlight()
    live: set[LiveRequest] = set()
    app = web.Application(
        middlewares=[
            counted(running),
            problems,
            unambiguous(options.names),
            bearer(auth, watching, live, shares or Shares()),
        ]
    )
    app[OBSERVER] = watching
    app[RUNNING] = running
    app[LIVE] = live
    app.on_response_prepare.append(dress)
    sending = Sending(intake, watching, options.body_timeout)
    receiving = Receiving(mailbox, watching, options.body_timeout)
    app.router.add_put("/v1/outbox/{route}/{name}", sending.put, expect_handler=no_early_continue)
    app.router.add_get("/v1/routes", sending.routes)
    app.router.add_get("/v1/transfers", sending.transfers)
    app.router.add_get("/v1/transfers/{id}", sending.transfer)
    app.router.add_get("/v1/transfers/{id}/receipt", receiving.receipt)
    app.router.add_get("/v1/returned", receiving.returned)
    app.router.add_get("/v1/inbox", receiving.inbox)
    app.router.add_get("/v1/inbox/{id}/content", receiving.content)
    app.router.add_get("/v1/inbox/{id}/name", receiving.sealed_name)
    app.router.add_post("/v1/inbox/{id}/ack", receiving.acknowledge)
    app.router.add_get("/v1/openapi.json", document)
    if declaring:
        _add_tus(app, Tus(declaring, watching, options.body_timeout))
    return app


def _add_tus(app: web.Application, tus: Tus) -> None:
    app.on_response_prepare.append(name_version)
    for method in ("OPTIONS", "POST"):
        app.router.add_route(
            method, f"{PREFIX}{{route}}/", tus.route, expect_handler=no_early_continue
        )
    for method in ("OPTIONS", "HEAD", "PATCH", "DELETE", "POST"):
        app.router.add_route(
            method, f"{PREFIX}{{route}}/{{id}}", tus.upload, expect_handler=no_early_continue
        )


async def serve_https(
    options: HttpsOptions, app: web.Application, ssl_context: ssl.SSLContext | None
) -> HttpsService:
    """Start an HTTPS listener on the running event loop; without a context, plain HTTP.

    Plain HTTP is for a TLS proxy on the same machine; the composition root decides.

    Raises:
        OSError: The address can't be bound.
    """
    service = HttpsService(options, app, ssl_context)
    await service.start()
    return service


def replace_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Have handshakes from now on show another certificate; connections stay as they are.

    Raises:
        OSError: A file can't be read; nothing was changed.
        ssl.SSLError: They aren't a certificate and its key; likewise.
    """
    # Tried on another one first: half a pair would end every handshake.
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    context.load_cert_chain(certificate, key)


def tls_context(certificate: Path, key: Path, client_cas: str = "") -> ssl.SSLContext:
    """A server context: TLS 1.2 or later, AEAD with forward secrecy.

    With ``client_cas``, PEM, clients may show a certificate; one that isn't of these CAs, is out of
    date or isn't for clients ends the handshake.

    Raises:
        OSError: A file can't be read.
        ssl.SSLError: They aren't a certificate and its key, or a bundle.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    if client_cas:
        context.load_verify_locations(cadata=client_cas)
        context.verify_mode = ssl.CERT_OPTIONAL
        # A resumed session would bring its certificate along without another look at its chain.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context
