"""The way to the identity provider: HTTPS, to hosts that settings name, within bounds."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from gateway.console.oidc_client import Answer
from gateway.console.oidc_provider import OidcError
from gateway.outgoing import Outgoing, OutgoingError

SECONDS: Final = 10.0
MOST_BYTES: Final = 262_144


class HttpOutside:
    """Implements :class:`gateway.console.oidc_client.Outside`.

    A session a call: sign-ins are rare, and nothing is left open between them.

    Args:
        hosts: Which may be asked.
        tls: How servers are checked; None for the system's authorities.
        seconds: For a whole call.
    """

    def __init__(
        self, hosts: frozenset[str], tls: ssl.SSLContext | None = None, seconds: float = SECONDS
    ) -> None:
        self._outgoing = Outgoing(hosts)
        self._tls: ssl.SSLContext | bool = tls or True
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def get(self, url: str) -> Answer:
        """What is there."""
        return await self._ask("GET", url, {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """The answer to a form."""
        return await self._ask("POST", url, {"data": dict(form), "headers": dict(headers)})

    async def _ask(self, method: str, url: str, options: Mapping[str, Any]) -> Answer:
        try:
            self._outgoing.check(url)
        except OutgoingError:
            raise OidcError(
                "host", "an address of the identity provider is at a host not allowed"
            ) from None
        try:
            async with (
                self._outgoing.session(self._timeout) as session,
                # A redirect would carry the code, or our secret, to a host that no setting names.
                session.request(
                    method, url, ssl=self._tls, allow_redirects=False, **options
                ) as answer,
            ):
                return Answer(answer.status, await _document(answer))
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise OidcError(
                "unreachable", "the identity provider can't be asked now; try again later"
            ) from None


async def _document(answer: aiohttp.ClientResponse) -> Mapping[str, object]:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > MOST_BYTES:
            raise OidcError("answer", "the identity provider's answer is too long")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise OidcError("answer", "the identity provider's answer isn't JSON") from None
    if not isinstance(document, dict):
        raise OidcError("answer", "the identity provider's answer isn't a JSON object")
    return document


def authorities(file: str) -> ssl.SSLContext | None:
    """How servers are checked by the authorities in a PEM file; None for no file.

    Raises:
        OSError: It can't be read.
        ssl.SSLError: It holds no certificate.
    """
    return ssl.create_default_context(cafile=file) if file else None
