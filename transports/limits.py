"""Bounds that both listeners keep: how many connections, how long without a word."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable


class Slots:
    """A number of places; who gets none is turned away rather than queued."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @property
    def taken(self) -> int:
        """Places in use."""
        return self._taken

    def take(self) -> bool:
        """Take a place; False if all are taken."""
        if self._taken >= self._limit:
            return False
        self._taken += 1
        return True

    def release(self) -> None:
        """Give one back."""
        self._taken -= 1


class IdleTimer:
    """Calls ``expired`` once nothing was heard for ``seconds``.

    One timer per period, however often :meth:`touch` is called: touching is on the path of every
    packet.
    """

    def __init__(self, seconds: float, expired: Callable[[], None]) -> None:
        self._seconds = seconds
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._handle = self._loop.call_later(seconds, self._check)

    def touch(self) -> None:
        """Something was heard."""
        self._heard = self._loop.time()

    def stop(self) -> None:
        """No more waiting."""
        self._handle.cancel()

    def _check(self) -> None:
        remaining = self._heard + self._seconds - self._loop.time()
        if remaining <= 0:
            self._expired()
        else:
            self._handle = self._loop.call_later(remaining, self._check)


class InFlight:
    """Work that a graceful stop waits for."""

    def __init__(self) -> None:
        self.draining = False
        self._running = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def __enter__(self) -> None:
        """One more."""
        self._running += 1
        self._empty.clear()

    def __exit__(self, *_: object) -> None:
        """One less."""
        self._running -= 1
        if not self._running:
            self._empty.set()

    async def drain(self, seconds: float) -> None:
        """Take nothing new, and wait up to ``seconds`` for what runs."""
        self.draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()
