"""Ends payloads: once a route's retention is over, the data key is destroyed, then the bytes.

Only what has ended is purged: a file that is held, or that waits for its recipient, stays however
old it is, since nothing may be lost before its terminal state. The record and its proofs stay for
good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from config.policy import Policy
from gateway.lifecycle import EventKind, IllegalTransitionError
from gateway.ports import (
    Changes,
    Event,
    LeaseLostError,
    Ledger,
    LedgerUnavailableError,
    Transfer,
)
from gateway.store.disk import Disk, StoreError

_PAUSE: Final = 600.0
_PAGE: Final = 500
_UNKNOWN_ROUTE_DAYS: Final = 30
_SHREDDED: Final = Changes(data_key=b"", name=b"", sealed_name=b"")

log = structlog.get_logger()


class Ended(Protocol):
    """Whoever knows what has ended."""

    def purgeable(self, before: datetime, after: str = "", limit: int = 500) -> Sequence[Transfer]:
        """Ended before that moment and not on legal hold, with an id above ``after``, by id."""
        ...


class Purger:
    """Purges what is past its retention.

    Args:
        ledger: Where it is recorded, and the key destroyed in the same transaction.
        ended: The ledger's queries.
        disk: Where the bytes are.
        policy: The policy in force.
        forget: Has the database drop what it still holds of destroyed keys.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        ended: Ended,
        disk: Disk,
        policy: Callable[[], Policy],
        forget: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._ended = ended
        self._disk = disk
        self._policy = policy
        self._forget = forget

    async def run(self) -> None:
        """Sweep now and every ten minutes, until cancelled."""
        while True:
            try:
                count = await asyncio.to_thread(self.sweep, datetime.now(UTC))
            except (LedgerUnavailableError, StoreError):
                log.warning("payloads not purged; trying again later")
            else:
                if count:
                    log.info("payloads purged", count=count)
            await asyncio.sleep(_PAUSE)

    def sweep(self, now: datetime) -> int:
        """Purge all that is due; returns how many. Blocks.

        Raises:
            LedgerUnavailableError: The rest stays for the next time.
            StoreError: Likewise.
        """
        policy = self._policy()
        purged = sum(self._purge(transfer) for transfer in self._due(policy, now))
        if purged:
            self._forget()
        return purged

    def _due(self, policy: Policy, now: datetime) -> Iterator[Transfer]:
        days = [route.retention_days for route in policy.routes.values()]
        soonest = now - timedelta(days=min([*days, _UNKNOWN_ROUTE_DAYS]))
        last = ""
        while page := self._ended.purgeable(soonest, last, _PAGE):
            last = page[-1].id
            for transfer in page:
                if transfer.ended and now - transfer.ended >= retention(policy, transfer.route):
                    yield transfer

    def _purge(self, transfer: Transfer) -> bool:
        event = Event(EventKind.PURGED, "system", {"cause": "retention"}, _SHREDDED)
        try:
            self._ledger.advance(transfer.id, event)
        except (IllegalTransitionError, LeaseLostError):
            return False  # put on legal hold, or purged by another worker, in this very moment
        # Recorded first: without its key a blob is noise, and reconciling removes it if we die.
        self._disk.remove(*self._disk.names(transfer.id))
        return True


def retention(policy: Policy, route: str) -> timedelta:
    """How long a payload is kept after its transfer ended.

    A route that the policy has no more keeps as long as the longest that it has: what was agreed
    with its partners isn't known any more.
    """
    found = policy.routes.get(route)
    if found:
        return timedelta(days=found.retention_days)
    days = [other.retention_days for other in policy.routes.values()]
    return timedelta(days=max([*days, _UNKNOWN_ROUTE_DAYS]))
