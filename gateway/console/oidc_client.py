"""Talks to the identity provider: its description, its keys, and a code's ID token."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote_plus

from joserfc.jwk import Key

from config.console import Oidc
from gateway.console.oidc_flow import Attempt, authorization_url, begin, code_of, redemption
from gateway.console.oidc_provider import OidcError, Provider, discovery_url, provider_of
from gateway.console.oidc_token import Identity, UnknownKeyError, identity_of, signing_keys
from gateway.ledger.clock import utc_now

DESCRIPTION_KEPT: Final = timedelta(hours=1)
KEYS_KEPT: Final = timedelta(hours=1)
KEYS_AGAIN: Final = timedelta(seconds=30)
"""Unknown key ids come from outside; they don't make us ask the provider more often than this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered.

    Attributes:
        status: HTTP status.
        document: The JSON object in its body; empty if that isn't one.
    """

    status: int
    document: Mapping[str, object]


class Outside(Protocol):
    """Asks hosts that settings name, and no others; follows no redirect."""

    async def get(self, url: str) -> Answer:
        """What is there.

        Raises:
            OidcError: The host isn't allowed, doesn't answer in time, or its answer isn't JSON.
        """
        ...

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """The answer to a form.

        Raises:
            OidcError: As :meth:`get`.
        """
        ...


class OidcClient:
    """One provider's client.

    Args:
        settings: Whose, and what is accepted.
        secret: Our secret, "" for a public client.
        outside: The way to the provider.
        clock: Now, UTC.
    """

    def __init__(
        self,
        settings: Oidc,
        secret: str,
        outside: Outside,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._outside = outside
        self._clock = clock
        self._turn = asyncio.Lock()
        self._provider: tuple[datetime, Provider] | None = None
        self._keys: tuple[datetime, tuple[Key, ...]] | None = None

    async def begin(self, redirect: str, *, afresh: bool = False) -> tuple[Attempt, str]:
        """An attempt, and where the browser goes for it.

        Raises:
            OidcError: The provider can't be asked.
        """
        attempt = begin(await self._described(), redirect)
        own = self._settings
        return attempt, authorization_url(attempt, own.client_id, own.scopes, afresh=afresh)

    async def finish(self, attempt: Attempt, answer: Mapping[str, str]) -> Identity:
        """Who the person is, by what the browser came back with. Once an attempt.

        Raises:
            OidcError: Nobody is signed in.
        """
        code = code_of(answer, attempt)
        token = await self._redeem(attempt, code)
        try:
            return await self._read(token, attempt, since=KEYS_KEPT)
        except UnknownKeyError:
            return await self._read(token, attempt, since=KEYS_AGAIN)

    async def _read(self, token: object, attempt: Attempt, since: timedelta) -> Identity:
        keys = await self._published(attempt.provider, since)
        return identity_of(token, keys, self._settings, attempt.nonce, self._clock())

    async def _described(self) -> Provider:
        async with self._turn:
            if self._provider is None or self._is_old(self._provider[0], DESCRIPTION_KEPT):
                answer = await self._outside.get(discovery_url(self._settings.issuer))
                found = provider_of(
                    answer.document, self._settings.issuer, self._settings.reachable
                )
                self._provider = (self._clock(), found)
            return self._provider[1]

    async def _published(self, provider: Provider, since: timedelta) -> tuple[Key, ...]:
        async with self._turn:
            if self._keys is None or self._is_old(self._keys[0], since):
                answer = await self._outside.get(provider.keys)
                self._keys = (self._clock(), tuple(signing_keys(answer.document)))
            return self._keys[1]

    def _is_old(self, read: datetime, age: timedelta) -> bool:
        return self._clock() - read >= age

    async def _redeem(self, attempt: Attempt, code: str) -> object:
        own, provider = self._settings, attempt.provider
        form, headers = redemption(attempt, code, own.client_id), {}
        if self._secret and provider.posts_secret:
            form["client_secret"] = self._secret
        elif self._secret:
            headers["Authorization"] = _basic(own.client_id, self._secret)
        answer = await self._outside.post(provider.token, form, headers)
        if answer.status != 200:  # noqa: PLR2004  # the one success there is (RFC 6749, 5.1)
            raise OidcError("code", "the identity provider didn't take the code; begin again")
        return answer.document.get("id_token")


def _basic(client_id: str, secret: str) -> str:
    """``client_secret_basic``: both form-encoded first (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
