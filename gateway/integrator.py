"""Runs the sequencer beside a worker, and sees that checkpoints leave the house."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from gateway.ledger.sequencer import BATCH, Signed
from gateway.ports import LedgerUnavailableError

_PAUSE: Final = 0.4
"""Seconds between looks for new events: with the work itself, well under a second behind."""

log = structlog.get_logger()


class Steps(Protocol):
    """Whoever integrates events."""

    def step(self) -> Signed | None:
        """Integrate a batch; None if nothing is new or it is another's turn."""
        ...


class Integrator:
    """Integrates until cancelled.

    Args:
        sequencer: Does the work, on a thread.
        publish: Sends a checkpoint out; never raises.
    """

    def __init__(self, sequencer: Steps, publish: Callable[[Signed], Awaitable[None]]) -> None:
        self._sequencer = sequencer
        self._publish = publish

    async def run(self) -> None:
        """Integrate new events as they come."""
        while True:
            signed = await self.once()
            if signed is None or signed.size - signed.previous < BATCH:
                await asyncio.sleep(_PAUSE)

    async def once(self) -> Signed | None:
        """Integrate what is new, and publish it."""
        try:
            signed = await asyncio.to_thread(self._sequencer.step)
        except LedgerUnavailableError:
            log.warning("ledger unavailable; the log's tree waits")
            return None
        if signed:
            await self._publish(signed)
        return signed
