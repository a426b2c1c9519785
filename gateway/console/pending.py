"""What was begun and waits for its end: once, for a while, and no more of it than fits."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SECONDS: Final = 300.0
MOST: Final = 10_000
_KEY_BYTES: Final = 32


class Pending(Generic[T]):
    """Things by the key that their beginner was given.

    In memory, since there is one console process: a restart loses sign-ins under way and nothing
    else. Whoever floods it pushes out the oldest, and can't fill the memory.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        most: int = MOST,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def keep(self, thing: T, key: str = "") -> str:
        """Keep it under a fresh key of 256 random bits, or in the place of what ``key`` had."""
        key = key or secrets.token_urlsafe(_KEY_BYTES)
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + self._seconds, thing)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return key

    def take(self, key: str) -> T | None:
        """What is under ``key``, which is over with this; None if there is nothing (any more)."""
        until, thing = self._kept.pop(key, (0.0, None))
        return thing if self._clock() < until else None
