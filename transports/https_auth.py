"""Who is there: ``Authorization: Bearer`` (RFC 6750) or a TLS client certificate.

On everything but the description itself.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Coroutine
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from config.operations import https, permits
from transports.https_problems import Handler, ProblemError
from transports.live import LiveRequest
from transports.observer import Observer
from transports.ports import ApiAuthenticator, Principal, TooManyAttemptsError
from transports.shares import ShareExceededError, Shares

PUBLIC: Final = frozenset({"/v1/openapi.json"})
PRINCIPAL: Final[web.RequestKey[Principal]] = web.RequestKey("principal", Principal)
MAX_TOKEN: Final = 512

_NO_CREDENTIALS: Final = "send an API token: Authorization: Bearer <token>"
_UNPINNED: Final = "this client certificate isn't pinned to an account that may log in"
_REFUSED: Final = MappingProxyType(
    {
        "token": (', error="invalid_token"', "this API token isn't valid"),
        "client-cert": ("", f"{_UNPINNED}; have the operator pin it, or send none"),
    }
)
_log = logging.getLogger(__name__)


def bearer(
    auth: ApiAuthenticator, observer: Observer, live: set[LiveRequest], shares: Shares
) -> Middleware:
    """The middleware that lets in whom ``auth`` knows, to what the table lets them do.

    ``live`` holds their requests while they last, of which ``shares`` bounds each account's.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        unrouted = request.match_info.http_exception
        if unrouted is None and request.path not in PUBLIC:
            who = await _principal(request, auth, observer)
            _authorise(request, who)
            request[PRINCIPAL] = who
            _take_share(shares, who.account)
            session = LiveRequest(who, request.remote or "", datetime.now(UTC), request)
            live.add(session)
            try:
                return await handler(request)
            finally:
                live.discard(session)
                shares.leave(who.account)
        return await handler(request)

    return middleware


def _take_share(shares: Shares, account: str) -> None:
    try:
        shares.enter(account)
    except ShareExceededError as error:
        headers = {"Retry-After": str(math.ceil(error.seconds))}
        raise ProblemError(429, "too-many-requests", str(error), headers) from None


def _authorise(request: web.Request, who: Principal) -> None:
    resource = request.match_info.route.resource
    operation = https(request.method, resource.canonical if resource else "")
    if not permits(who.roles, operation, factor=who.factor):
        raise ProblemError(
            403, "forbidden", "this account may not do that; ask the operator for the role"
        )


async def _principal(request: web.Request, auth: ApiAuthenticator, observer: Observer) -> Principal:
    """Whom token and certificate prove; what is shown must all be right, and of one account."""
    certificate = _certificate(request)
    token = _token(request, needed=certificate is None)
    by_certificate = by_token = None
    if certificate is not None:
        judging = auth.client_certificate(certificate, request.remote or "")
        by_certificate = await _judge("client-cert", judging, observer)
    if token is not None:
        by_token = await _judge("token", auth.token(token, request.remote or ""), observer)
    if by_certificate and by_token and by_certificate.account != by_token.account:
        raise _unauthorised("", "token and client certificate are of different accounts; send one")
    # Of the two the token's, which may hold less than its account.
    proven = by_token or by_certificate
    if proven is None:
        raise _unauthorised("", _NO_CREDENTIALS)
    return proven


async def _judge(
    method: str, judging: Coroutine[object, object, Principal | None], observer: Observer
) -> Principal:
    try:
        who = await judging
    except TooManyAttemptsError as error:
        observer.login("https", method, accepted=False)
        raise ProblemError(
            429,
            "too-many-requests",
            "too many failed attempts from this address; nothing was looked at",
            {"Retry-After": str(math.ceil(error.seconds))},
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever its trouble, nobody gets in
        _log.error("authenticator failed: %s", type(error).__name__)
        raise ProblemError(503, "unavailable", f"the gateway can't check a {method} now") from None
    observer.login("https", method, accepted=who is not None)
    if who is None:
        raise _unauthorised(*_REFUSED[method])
    return who


def _token(request: web.Request, *, needed: bool) -> str | None:
    header = request.headers.get("Authorization")
    if header is None and not needed:
        return None
    scheme, _, token = (header or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise _unauthorised("", _NO_CREDENTIALS)
    return token


def _certificate(request: web.Request) -> bytes | None:
    """What the client proved in this connection's handshake, DER."""
    transport = request.transport
    tls = transport.get_extra_info("ssl_object") if transport else None
    return tls.getpeercert(binary_form=True) if tls else None


def _unauthorised(error: str, detail: str) -> ProblemError:
    challenge = {"WWW-Authenticate": f'Bearer realm="lazaretto"{error}'}
    return ProblemError(401, "unauthorized", detail, challenge)
