"""Takes up files that were replaced, so that a key can be changed without a restart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import asyncssh
import structlog

from gateway.staged_keys import Watch

PAUSE: Final = 0.5
"""Seconds between looks."""

log = structlog.get_logger()


class Follower:
    """Watches some files until cancelled.

    Args:
        what: They are, for the log.
        paths: The files in use; the next and the old ones beside them are watched, too.
        take: Takes them up. What can't be read leaves the former in use, and is tried again.
    """

    def __init__(
        self, what: str, paths: Sequence[Path], take: Callable[[], Awaitable[None]]
    ) -> None:
        self._what = what
        self._watch = Watch(paths)
        self._take = take

    async def run(self) -> None:
        """Look every half second."""
        pending = False
        while True:
            await asyncio.sleep(PAUSE)
            changed = self._watch.changed()
            if changed or pending:
                pending = not await self._taken(first=changed)

    async def _taken(self, *, first: bool) -> bool:
        try:
            await self._take()
        except (OSError, ssl.SSLError, asyncssh.KeyImportError, ValueError) as error:
            if first:  # and not again every half second
                log.warning(
                    "changed files can't be taken up; the former stay in use",
                    detail=self._what, problem=type(error).__name__,
                )  # fmt: skip
            return False
        log.info("changed files taken up", detail=self._what)
        return True
