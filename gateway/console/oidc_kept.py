"""Something of the provider's: fetched once for all who wait for it, and kept a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from gateway.console.oidc_provider import OidcError
from gateway.ledger.clock import Clock

T = TypeVar("T")

FAILURE_KEPT: Final = timedelta(seconds=5)
"""How long a provider that couldn't be asked isn't asked again: who signs in then hears it at once,
instead of waiting as long as the first did."""


class Kept(Generic[T]):
    """What :meth:`get` fetched last, or why it couldn't.

    Args:
        clock: Now, UTC.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flight: asyncio.Task[T | OidcError] | None = None
        self._found: tuple[datetime, T] | None = None
        self._failed: tuple[datetime, OidcError] | None = None

    async def get(self, fetch: Callable[[], Awaitable[T]], age: timedelta) -> T:
        """What was fetched less than ``age`` ago, or is fetched now.

        Whoever comes while it is being fetched waits for the same answer, not for their turn.

        Raises:
            OidcError: It can't be had, or couldn't a few seconds ago.
        """
        if self._found and not self._is_old(self._found[0], age):
            return self._found[1]
        if self._failed and not self._is_old(self._failed[0], FAILURE_KEPT):
            raise OidcError(self._failed[1].fault, str(self._failed[1]))
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fetch(fetch))
        # Shielded: a browser that goes away must not take the answer from the others.
        outcome = await asyncio.shield(self._flight)
        if isinstance(outcome, OidcError):
            raise OidcError(outcome.fault, str(outcome))
        return outcome

    async def _fetch(self, fetch: Callable[[], Awaitable[T]]) -> T | OidcError:
        try:
            found = await fetch()
        except OidcError as error:
            self._failed = (self._clock(), error)
            return error
        self._found = (self._clock(), found)
        return found

    def _is_old(self, read: datetime, age: timedelta) -> bool:
        return self._clock() - read >= age
