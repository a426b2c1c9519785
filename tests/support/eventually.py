"""Waiting for what another task will do, without guessing how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return once ``condition`` holds; TimeoutError if it doesn't within ``seconds``."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it observes state that has no event
            await asyncio.sleep(0.01)
