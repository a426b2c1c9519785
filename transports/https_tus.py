"""tus 1.0.0: uploads in pieces, each acknowledged durably, gone on with after anything.

https://tus.io/protocols/resumable-upload, with the extensions creation, creation-with-upload,
termination, checksum and expiration. Nothing here knows how bytes are kept: it is the one Intake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from transports.https_auth import PRINCIPAL
from transports.https_outbox import idempotency_key
from transports.https_problems import ProblemError, problem
from transports.https_tus_body import Piece
from transports.https_tus_headers import (
    ALGORITHMS,
    EXTENSIONS,
    MEDIA_TYPE,
    VERSION,
    check_version,
    checksum,
    declared_length,
    file_name,
    http_date,
    metadata,
    number,
)
from transports.observer import Observer
from transports.ports import Declared, Declaring, Principal, Problem, TransportError

PREFIX: Final = "/v1/tus/"
RETRY_SECONDS: Final = "5"

Answer = Callable[[web.Request, Principal], Awaitable[web.Response]]


class Tus:
    """Handlers of both kinds of address: a route's, where uploads are created, and an upload's."""

    def __init__(self, declaring: Declaring, observer: Observer, body_timeout: float) -> None:
        self._declaring = declaring
        self._observer = observer
        self._body_timeout = body_timeout

    async def route(self, request: web.Request) -> web.Response:
        """``/v1/tus/{route}/``: ``OPTIONS`` and ``POST``."""
        return await self._answer(request, {"OPTIONS": self._options, "POST": self._create})

    async def upload(self, request: web.Request) -> web.Response:
        """``/v1/tus/{route}/{id}``: ``HEAD``, ``PATCH``, ``DELETE`` and ``OPTIONS``."""
        known: dict[str, Answer] = {
            "OPTIONS": self._options,
            "HEAD": self._head,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }
        return await self._answer(request, known)

    async def _answer(self, request: web.Request, known: Mapping[str, Answer]) -> web.Response:
        who = request[PRINCIPAL]
        # Core protocol: the header's method counts, the request's own is ignored.
        method = request.headers.get("X-HTTP-Method-Override", request.method).strip().upper()
        if method not in known:
            raise web.HTTPMethodNotAllowed(method, list(known))
        if method != "OPTIONS":
            check_version(request.headers)
        try:
            return await known[method](request, who)
        except TransportError as error:
            return await self._refused(request, who, error)

    async def _refused(
        self, request: web.Request, who: Principal, error: TransportError
    ) -> web.Response:
        if error.problem is Problem.BUSY:
            return problem(423, "locked", error.detail, {"Retry-After": RETRY_SECONDS})
        if error.problem is Problem.TOO_LARGE:
            limit, _ = await self._declaring.limits(who, request.match_info["route"])
            return problem(413, error.problem.value, error.detail, {"Tus-Max-Size": str(limit)})
        raise error

    async def _options(self, request: web.Request, who: Principal) -> web.Response:
        limit, _ = await self._declaring.limits(who, request.match_info["route"])
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(limit),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
        return web.Response(status=204, headers=headers)

    async def _create(self, request: web.Request, who: Principal) -> web.Response:
        route, length = request.match_info["route"], declared_length(request.headers)
        said = metadata(request.headers)
        name = file_name(said)
        key = idempotency_key(request)
        size = _body_size(request)
        piece = self._piece(request, who, size) if size else None
        if size > length:
            raise _overlong(length)
        made = await self._declaring.declare(who, route, name, length, said, key)
        headers = {"Location": f"{PREFIX}{route}/{made.transfer}"}
        # One that was created before under this key goes on from its offset, not from here.
        if piece and not made.offset:
            made = await self._first(piece, who, route, made, named=bool(key))
        return web.Response(status=201, headers=headers | _where(made))

    async def _first(
        self, piece: Piece, who: Principal, route: str, made: Declared, *, named: bool
    ) -> Declared:
        try:
            return await piece.take(made)
        except ProblemError:
            # Without the Location, which comes with success, only the same key leads back to it.
            if not named:
                await self._declaring.withdraw(who, route, made.transfer)
            raise

    async def _head(self, request: web.Request, who: Principal) -> web.Response:
        found = await self._found(request, who)
        headers = {"Upload-Length": str(found.length)} | _where(found)
        if found.metadata:
            headers["Upload-Metadata"] = found.metadata
        return web.Response(status=200, headers=headers)

    async def _patch(self, request: web.Request, who: Principal) -> web.Response:
        offset, size = number(request.headers, "Upload-Offset"), _body_size(request)
        piece = self._piece(request, who, size)
        found = await self._found(request, who)
        if offset != found.offset:
            raise TransportError(
                Problem.CONFLICT,
                f"the upload stands at {found.offset} bytes; send Upload-Offset: {found.offset}",
            )
        if size > found.length - offset:
            raise _overlong(found.length)
        return web.Response(status=204, headers=_where(await piece.take(found)))

    async def _delete(self, request: web.Request, who: Principal) -> web.Response:
        of = request.match_info
        await self._declaring.withdraw(who, of["route"], of["id"])
        return web.Response(status=204)

    async def _found(self, request: web.Request, who: Principal) -> Declared:
        of = request.match_info
        return await self._declaring.declared(who, of["route"], of["id"])

    def _piece(self, request: web.Request, who: Principal, size: int) -> Piece:
        if request.content_type != MEDIA_TYPE:
            raise ProblemError(415, "content-type", f"send the bytes as {MEDIA_TYPE}")
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise ProblemError(415, "content-encoding", "send the bytes without Content-Encoding")
        claimed = checksum(request.headers)
        return Piece(
            self._declaring, self._observer, request, who, size, claimed, self._body_timeout
        )


async def name_version(request: web.Request, response: web.StreamResponse) -> None:
    """Put ``Tus-Resumable`` on every answer below :data:`PREFIX`, refusals included."""
    if request.path.startswith(PREFIX):
        response.headers["Tus-Resumable"] = VERSION


def _body_size(request: web.Request) -> int:
    """Content-Length.

    Raises:
        ProblemError: 411: without it nobody can say beforehand whether the body fits the upload.
    """
    size = request.content_length
    if size is None and request.can_read_body:
        raise ProblemError(411, "length-required", "send a Content-Length, not a chunked body")
    return size or 0


def _overlong(length: int) -> ProblemError:
    return ProblemError(
        413,
        "beyond-upload-length",
        f"the body goes beyond the Upload-Length of {length} bytes; nothing of it was kept",
    )


def _where(found: Declared) -> dict[str, str]:
    headers = {"Upload-Offset": str(found.offset)}
    if found.expires:
        headers["Upload-Expires"] = http_date(found.expires)
    return headers
