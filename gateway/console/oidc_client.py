"""Talks to the identity provider: its description, its keys, and a code's ID token."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import quote_plus

from joserfc.jwk import Key

from config.console import Oidc
from gateway.console.oidc_flow import Attempt, authorization_url, begin, code_of, redemption
from gateway.console.oidc_kept import Kept
from gateway.console.oidc_provider import OidcError, Provider, discovery_url, provider_of
from gateway.console.oidc_token import Identity, UnknownKeyError, identity_of, signing_keys
from gateway.ledger.clock import Clock, utc_now

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
        clock: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._outside = outside
        self._clock = clock
        self._provider: Kept[Provider] = Kept(clock)
        self._keys: Kept[tuple[Key, ...]] = Kept(clock)

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
        own = self._settings

        async def fetch() -> Provider:
            answer = await self._outside.get(discovery_url(own.issuer))
            return provider_of(answer.document, own.issuer, own.reachable)

        return await self._provider.get(fetch, DESCRIPTION_KEPT)

    async def _published(self, provider: Provider, since: timedelta) -> tuple[Key, ...]:
        async def fetch() -> tuple[Key, ...]:
            answer = await self._outside.get(provider.keys)
            return tuple(signing_keys(answer.document))

        return await self._keys.get(fetch, since)

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
