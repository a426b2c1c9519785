"""Edges tell each other what accounts take of them, so that a share is one over all of them.

Once a second each writes what it has into the database, if there is anything, and reads what the
others have. A count in the database with each request would be exact, and cost a write with each.
What an edge that died has written counts for ten seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, delete, func, insert, select

from gateway.ledger.clock import Clock, utc_now
from gateway.ports import LedgerUnavailableError
from gateway.store.database import Database
from gateway.store.tables import edge_shares
from transports.shares import Shares, Use

PAUSE: Final = 1.0
"""Seconds between two exchanges."""

STALE: Final = timedelta(seconds=10)
"""What was written longer ago is of an edge that is gone, or that can't write."""


class ShareBook:
    """One process's page of what accounts take, and the others'. Blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, full or gone.
    ``process`` is a name that no other process has, and none has had.
    """

    def __init__(self, database: Database, process: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._process = process
        self._clock = clock
        self._blank = True

    def exchange(self, own: Mapping[str, Use]) -> dict[str, Use]:
        """Write what is taken here; what is taken elsewhere."""
        if own or not self._blank:
            self._write(own)
        return self._others()

    def withdraw(self) -> None:
        """Take nothing any more."""
        self.exchange({})

    def _write(self, own: Mapping[str, Use]) -> None:
        now = self._clock()
        rows = [
            {"process": self._process, "account": account, "told": now, **use._asdict()}
            for account, use in sorted(own.items())
        ]
        with self._database.write() as connection:
            self._forget(connection)
            if rows:
                connection.execute(insert(edge_shares), rows)
        self._blank = not rows

    def _forget(self, connection: Connection) -> None:
        mine = edge_shares.c.process == self._process
        connection.execute(delete(edge_shares).where(mine))
        # Of those that are gone, what another doesn't delete just now: two would wait for each
        # other's rows.
        key = edge_shares.c.process
        gone = select(key).where(edge_shares.c.told < self._clock() - 6 * STALE)
        free = connection.execute(gone.with_for_update(skip_locked=True)).scalars().all()
        if free:
            connection.execute(delete(edge_shares).where(key.in_(free)))

    def _others(self) -> dict[str, Use]:
        t = edge_shares.c
        sums = (
            select(t.account, func.sum(t.sessions), func.sum(t.per_minute))
            .where(t.process != self._process, t.told >= self._clock() - STALE)
            .group_by(t.account)
        )
        with self._database.read() as connection:
            return {row[0]: Use(int(row[1]), int(row[2])) for row in connection.execute(sums)}


class Sharing:
    """Exchanges for the listeners of this process. On the event loop, like they."""

    def __init__(self, book: ShareBook, shares: Shares, pause: float = PAUSE) -> None:
        self._book = book
        self._shares = shares
        self._pause = pause
        self._log = structlog.get_logger("gateway.sharing")
        self._failed = False

    async def run(self) -> None:
        """Exchange until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            await self.exchange()

    async def exchange(self) -> None:
        """Once; without a database each process counts for itself."""
        try:
            found = await asyncio.to_thread(self._book.exchange, self._shares.use())
        except Exception as error:  # noqa: BLE001 - what was taken elsewhere would count for ever
            found = {}
            if not self._failed:  # and not again every second
                self._log.warning("shares not exchanged", error=type(error).__name__)
            self._failed = True
        else:
            self._failed = False
        self._shares.take_elsewhere(found)

    async def withdraw(self) -> None:
        """Take nothing any more; what can't be written goes stale."""
        with suppress(LedgerUnavailableError):
            await asyncio.to_thread(self._book.withdraw)
