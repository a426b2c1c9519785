"""Every error as ``application/problem+json`` (RFC 9457), aiohttp's own included."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from aiohttp import http_exceptions, web
from aiohttp.typedefs import Middleware

from transports.limits import InFlight
from transports.ports import Problem, TransportError

STATUS: Final = MappingProxyType(
    {
        Problem.UNKNOWN_ROUTE: 404,
        Problem.FORBIDDEN: 403,
        Problem.BAD_NAME: 400,
        Problem.NOT_FOUND: 404,
        Problem.CONFLICT: 409,
        Problem.TOO_LARGE: 413,
        Problem.NO_SPACE: 507,
        Problem.UNAVAILABLE: 503,
        Problem.NOT_SEQUENTIAL: 409,
        Problem.BAD_RANGE: 416,
        Problem.BUSY: 409,
        Problem.KEY_REUSED: 422,
    }
)
HEADERS: Final = MappingProxyType(
    {
        "Server": "Lazaretto",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
    }
)
"""On every answer: nothing here may be cached, sniffed, framed or fetched in the clear."""
RETRY_SECONDS: Final = "30"

_LAST: Final = frozenset({408, 505})
"""After these nothing that follows on the connection is taken for a request."""

_DETAILS: Final = MappingProxyType(
    {
        404: "there is nothing at this address; see /v1/openapi.json",
        405: "this address doesn't take this method; see /v1/openapi.json",
        408: "the request came too slowly; send it again",
        413: "the request is too large",
        431: "the request line or a header is too long",
    }
)
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ProblemError(Exception):
    """An HTTP refusal that no transport problem stands for (a media type, a digest).

    Attributes:
        status: HTTP status.
        slug: Last part of the problem's type.
        detail: The sentence for the client.
        headers: Extra headers.
        ends: The connection ends with the answer.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        *,
        ends: bool = False,
    ) -> None:
        super().__init__(detail)
        self.ends = ends
        self.status = status
        self.slug = slug
        self.detail = detail
        self.headers = dict(headers or {})


def problem(
    status: int, slug: str, detail: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The problem document as a response."""
    title = slug.replace("-", " ")
    body = {
        "type": f"urn:lazaretto:problem:{slug}",
        "title": title[:1].upper() + title[1:],
        "status": status,
        "detail": detail,
    }
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        content_type="application/problem+json",
        headers={**HEADERS, **(headers or {})},
    )


def of_transport(error: TransportError) -> web.Response:
    """The problem document for a refusal of the gateway."""
    status = STATUS[error.problem]
    retry = {"Retry-After": RETRY_SECONDS} if status in {503, 507} else {}
    return problem(status, error.problem.value, error.detail, retry)


def of_status(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """The problem document for a bare HTTP status."""
    phrase = HTTPStatus(status).phrase
    detail = _DETAILS.get(status, HTTPStatus(status).description or phrase)
    return problem(status, phrase.lower().replace(" ", "-"), detail, headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem document.

    Once a response has begun, an error can only cut it off: the client sees fewer bytes than
    announced.
    """
    try:
        return await handler(request)
    except TransportError as error:
        return of_transport(error)
    except ProblemError as error:
        response = problem(error.status, error.slug, error.detail, error.headers)
        if error.ends or error.status in _LAST:
            response.force_close()
        return response
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return of_status(error.status, allow)
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - its text may hold anything; its type doesn't
        _log.error("https request failed: %s", type(error).__name__)
        return problem(500, "internal-error", "internal error; nothing was submitted")


def counted(running: InFlight) -> Middleware:
    """The middleware that counts requests for a graceful stop, and refuses new ones during it."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if running.draining:
            response = of_transport(
                TransportError(Problem.UNAVAILABLE, "the gateway is restarting; try again")
            )
            response.force_close()
            return response
        with running:
            return await handler(request)

    return middleware


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on an answer that is about to be sent."""
    if "Expect" in request.headers and not request.content.is_eof():
        # Whether the client still sends its body, nobody knows: what follows may be that.
        response.force_close()
        response.headers["Connection"] = "close"
    for name, value in HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


def of_parse_error(error: BaseException | None, status: int) -> web.Response:
    """The answer to bytes that aren't an acceptable HTTP request; never repeats them."""
    if isinstance(error, http_exceptions.LineTooLong):
        return of_status(431)
    if status == HTTPStatus.BAD_REQUEST:
        return problem(400, "bad-request", "this is not a well-formed HTTP/1.1 request")
    return of_status(status)
