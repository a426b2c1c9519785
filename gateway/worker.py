"""A worker: claims transfers, keeps its leases alive, takes their steps, counts its failures."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from gateway.lifecycle import IllegalTransitionError
from gateway.outcomes import held
from gateway.ports import (
    Lease,
    LeaseLostError,
    Ledger,
    LedgerUnavailableError,
    Transfer,
    WorkQueue,
)
from gateway.store.disk import NoSpaceError

log = structlog.get_logger()

_STEPS: Final = {
    "staged": "inspect",
    "inspected": "decide",
    "cleared": "seal",
    "sealed": "deliver",
}


class Observer(Protocol):
    """Whoever counts steps."""

    def step_finished(self, step: str, seconds: float) -> None:
        """A step was taken and recorded."""
        ...

    def step_failed(self, step: str) -> None:
        """A step failed and will be tried again."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works.

    Attributes:
        lanes: Transfers under way at once, so that one is sealed while another is inspected.
        lease: Seconds a claim is good for without a sign of life, and so the pause after a crash.
        idle: Longest pause in seconds between looks for work.
        tries: Failed tries of one step before the transfer is held.
        backoff: Seconds before the second try; doubles with each, with jitter.
        no_space: Seconds before the next try when the disk is full, with jitter.
        patience: Hours that one step waits for a disk or a database before the transfer is held.
        waits: Claims below which it waits on, however long it has been.
    """

    lanes: int = 2
    lease: float = 15.0
    idle: float = 0.25
    tries: int = 5
    backoff: float = 1.0
    no_space: float = 15.0
    patience: float = 24.0
    waits: int = 500


class Worker:
    """Runs until :meth:`stop`.

    Args:
        name: The worker's number, for leases and the log.
        queue: Where transfers are claimed.
        ledger: Where a transfer that failed too often is held.
        step: Takes one step of a leased transfer (:meth:`gateway.pipeline.Pipeline.step`).
        observer: Told of every step.
        options: How to work.
    """

    def __init__(
        self,
        name: str,
        queue: WorkQueue,
        ledger: Ledger,
        step: Callable[[Lease], Awaitable[Transfer]],
        observer: Observer,
        options: WorkerOptions | None = None,
    ) -> None:
        self._name = name
        self._queue = queue
        self._ledger = ledger
        self._step = step
        self._observer = observer
        self._options = options or WorkerOptions()
        self._stopping = asyncio.Event()
        self._lanes: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to look for work."""
        for lane in range(self._options.lanes):
            self._lanes.add(asyncio.create_task(self._work(f"{self._name}.{lane}")))

    async def stop(self, grace: float) -> None:
        """Claim nothing more; steps under way have ``grace`` seconds, then their leases go back."""
        self._stopping.set()
        if self._lanes:
            _, late = await asyncio.wait(self._lanes, timeout=grace)
            for lane in late:
                lane.cancel()
            await asyncio.gather(*self._lanes, return_exceptions=True)
        self._lanes.clear()

    async def _work(self, owner: str) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            try:
                lease = await asyncio.to_thread(self._queue.claim, owner, self._options.lease)
            except LedgerUnavailableError:
                log.warning("ledger unavailable", worker=owner)
                lease, pause = None, self._options.idle
            if lease:
                pause = 0.0
                await self._take(lease)
            else:
                pause = min(self._options.idle, pause + 0.05)
                await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _take(self, lease: Lease) -> None:
        """One step, with the lease kept alive; never raises but for cancellation."""
        step = _STEPS.get(lease.transfer.state, "unknown")
        started = time.monotonic()
        if lease.transfer.attempts >= self._options.tries:
            # Each of them ended without a word: a file that kills its workers never gets further.
            await self._hold(lease, step)
            return
        try:
            moved = await self._kept_alive(lease)
        except (LeaseLostError, IllegalTransitionError):
            # Somebody else took the step; what this worker did was for nothing and does no harm.
            log.warning("lease lost", transfer=lease.transfer.id, step=step, worker=lease.owner)
        except LedgerUnavailableError:
            log.warning("ledger unavailable", transfer=lease.transfer.id, step=step)
            await self._wait(lease, step, self._options.backoff, "the database refused it")
        except NoSpaceError:
            # Not the file's doing, and a person could do nothing about the file.
            log.warning("no space", transfer=lease.transfer.id, step=step)
            await self._wait(lease, step, self._options.no_space, "the disk had no room for it")
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(lease, failed=False))
            raise
        except Exception:
            log.exception("step failed", transfer=lease.transfer.id, step=step, worker=lease.owner)
            self._observer.step_failed(step)
            await self._failed(lease, step)
        else:
            seconds = time.monotonic() - started
            self._observer.step_finished(step, seconds)
            log.info(
                "step taken",
                transfer=moved.id,
                route=moved.route,
                step=step,
                state=str(moved.state),
                seconds=round(seconds, 3),
            )

    async def _kept_alive(self, lease: Lease) -> Transfer:
        """Run the step and renew the lease meanwhile; losing it cancels the step."""
        step = asyncio.ensure_future(self._step(lease))
        heartbeat = asyncio.create_task(self._renew(lease))
        try:
            await asyncio.wait({step, heartbeat}, return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                step.cancel()
                await asyncio.gather(step, return_exceptions=True)
                await heartbeat
            return await step
        finally:
            heartbeat.cancel()
            if not step.done():
                step.cancel()
            await asyncio.gather(step, heartbeat, return_exceptions=True)

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._options.lease / 3)
            try:
                await asyncio.to_thread(self._queue.renew, lease, self._options.lease)
            except LedgerUnavailableError:
                log.warning("lease not renewed", transfer=lease.transfer.id)

    async def _failed(self, lease: Lease, step: str) -> None:
        if lease.transfer.attempts + 1 < self._options.tries:
            wait = self._options.backoff * 2**lease.transfer.attempts
            await self._give_back(lease, failed=True, delay=_jittered(wait))
        else:
            await self._hold(lease, step)

    async def _wait(self, lease: Lease, step: str, delay: float, cause: str) -> None:
        """Nothing is wrong with the file, it seems: no try is counted, but nor is there no end.

        A file whose sealed form is larger than the disk, or that one statement always fails for,
        would wait for ever. Hours alone would hold everything after a weekend that the gateway was
        switched off, and claims alone a file that a person has just released again: it takes both.
        """
        waited = datetime.now(UTC) - lease.transfer.changed
        patience = timedelta(hours=self._options.patience)
        if waited < patience or lease.claim < self._options.waits:
            await self._give_back(lease, failed=False, delay=_jittered(delay))
        else:
            hours = f"{self._options.patience:g} hours"
            await self._hold(
                lease, step, f"the gateway could not {step} this file: {cause} in {hours}"
            )

    async def _hold(self, lease: Lease, step: str, reason: str = "") -> None:
        tries = f"the gateway could not {step} this file in {self._options.tries} tries"
        reason = reason or tries
        event = held(f"worker:{lease.owner}", (reason,))
        try:
            await asyncio.to_thread(self._ledger.advance, lease.transfer.id, event, lease)
        except (LedgerUnavailableError, LeaseLostError, IllegalTransitionError):
            log.warning("not held", transfer=lease.transfer.id, step=step)

    async def _give_back(self, lease: Lease, *, failed: bool, delay: float = 0.0) -> None:
        try:
            await asyncio.to_thread(self._queue.give_back, lease, failed=failed, delay=delay)
        except (LedgerUnavailableError, LeaseLostError):
            # It runs out by itself, and then anybody may take it.
            log.warning("lease not given back", transfer=lease.transfer.id)


def _jittered(seconds: float) -> float:
    """Jitter keeps many transfers that failed together from trying together again."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
