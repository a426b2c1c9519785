"""Gives up uploads that were broken off and never resumed, and removes what is left of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from gateway.claims import Claim
from gateway.lifecycle import EventKind, IllegalTransitionError, State
from gateway.partials import Partials
from gateway.ports import Event, Ledger, LedgerUnavailableError, Transfer, Transfers
from gateway.store.disk import Disk, StoreError

_PAUSE: Final = 600.0

log = structlog.get_logger()


class Reaper:
    """Looks for uploads that nobody resumed.

    Args:
        ledger: Where they are given up.
        transfers: The ledger's queries.
        disk: Where their bytes are.
        partials: What is on the disk of an unfinished upload.
        after: How long an upload can be resumed after its last byte.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        transfers: Transfers,
        disk: Disk,
        partials: Partials,
        after: timedelta,
    ) -> None:
        self._ledger = ledger
        self._transfers = transfers
        self._disk = disk
        self._partials = partials
        self._after = after

    async def run(self) -> None:
        """Sweep now and every ten minutes, until cancelled."""
        while True:
            try:
                count = await asyncio.to_thread(self.sweep, datetime.now(UTC))
            except (LedgerUnavailableError, StoreError):
                log.warning("uploads not swept; trying again later")
            else:
                if count:
                    log.info("interrupted uploads given up", count=count)
            await asyncio.sleep(_PAUSE)

    def sweep(self, now: datetime) -> int:
        """Give up what is older than the limit; returns how many. Blocks.

        Raises:
            LedgerUnavailableError: The rest stays for the next time.
            StoreError: Likewise.
        """
        found = self._transfers.in_state(State.RECEIVING)
        return sum(self._give_up(transfer) for transfer in found if self._is_old(transfer, now))

    def _is_old(self, transfer: Transfer, now: datetime) -> bool:
        touched = self._partials.touched(transfer.id)
        last = transfer.changed if touched is None else datetime.fromtimestamp(touched, UTC)
        return now - last > self._after

    def _give_up(self, transfer: Transfer) -> bool:
        try:
            claim = Claim.take(self._disk.claims, transfer.id)
        except OSError as error:
            raise StoreError(f"uploads can't be locked: {error.strerror}") from None
        if claim is None:
            return False  # somebody is sending it, however slowly
        with claim:
            event = Event(EventKind.ABANDONED, "system", {"cause": "never_resumed"})
            try:
                self._ledger.advance(transfer.id, event)
            except IllegalTransitionError:
                return False  # submitted in this very moment
            # Recorded first: bytes without a record are garbage, a record without bytes is a lie.
            self._partials.remove(transfer.id)
        return True
