"""Who is there: ``Authorization: Bearer`` (RFC 6750) on everything but the description itself."""

from __future__ import annotations

import logging
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from config.operations import https, permits
from transports.https_problems import Handler, ProblemError
from transports.observer import Observer
from transports.ports import Authenticator, Principal

PUBLIC: Final = frozenset({"/v1/openapi.json"})
PRINCIPAL: Final[web.RequestKey[Principal]] = web.RequestKey("principal", Principal)
MAX_TOKEN: Final = 512

_log = logging.getLogger(__name__)


def bearer(auth: Authenticator, observer: Observer) -> Middleware:
    """The middleware that lets in whom ``auth`` knows, to what the table lets them do."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        unrouted = request.match_info.http_exception
        if unrouted is None and request.path not in PUBLIC:
            who = await _principal(request, auth, observer)
            _authorise(request, who)
            request[PRINCIPAL] = who
        return await handler(request)

    return middleware


def _authorise(request: web.Request, who: Principal) -> None:
    resource = request.match_info.route.resource
    operation = https(request.method, resource.canonical if resource else "")
    if not permits(who.roles, operation, factor=who.factor):
        raise ProblemError(
            403, "forbidden", "this account may not do that; ask the operator for the role"
        )


async def _principal(request: web.Request, auth: Authenticator, observer: Observer) -> Principal:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise _unauthorised("", "send an API token: Authorization: Bearer <token>")
    try:
        who = await auth.token(token, request.remote or "")
    except Exception as error:  # noqa: BLE001 - whatever its trouble, nobody gets in
        _log.error("authenticator failed: %s", type(error).__name__)
        raise ProblemError(503, "unavailable", "the gateway can't check tokens now") from None
    observer.login("https", "token", accepted=who is not None)
    if who is None:
        raise _unauthorised(', error="invalid_token"', "this API token isn't valid")
    return who


def _unauthorised(error: str, detail: str) -> ProblemError:
    challenge = {"WWW-Authenticate": f'Bearer realm="lazaretto"{error}'}
    return ProblemError(401, "unauthorized", detail, challenge)
