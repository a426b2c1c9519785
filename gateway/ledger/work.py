"""The work queue: leases on rows of the transfers table. There is no second queue (decision 0021).

``due`` is the moment from which anybody may take the row: now for fresh work, later after a
failure, and the end of the lease while somebody has it. A dead worker's rows so come back by
themselves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from gateway.ledger import leases
from gateway.ledger.clock import Clock, utc_now
from gateway.ports import Lease, LeaseLostError
from gateway.store.database import Database
from gateway.store.rows import COLUMNS, to_transfer
from gateway.store.tables import transfers

MAX_OWNER: Final = 128

_DUE: Final = transfers.c.due <= bindparam("now")
_ANY_DUE: Final = select(transfers.c.id).where(_DUE).limit(1)
# The oldest by birth, so that a file in the works overtakes new arrivals.
_OLDEST: Final = (
    select(*COLUMNS, transfers.c.claims, transfers.c.lease_owner)
    .where(_DUE)
    .order_by(transfers.c.created, transfers.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


class SqlWorkQueue:
    """Implements :class:`gateway.ports.WorkQueue`. Safe for threads; blocks on the disk."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def claim(self, owner: str, seconds: float) -> Lease | None:
        """Lease the oldest due transfer, or None.

        A lease that ran out counts as a failed attempt: its worker died or hung, and a file that
        kills workers must not be tried for ever.

        Raises:
            ValueError: No owner, or an owner of over 128 characters.
            LedgerUnavailableError: Nothing was changed.
        """
        if not 0 < len(owner) <= MAX_OWNER:
            raise ValueError(f"a lease needs an owner of 1 to {MAX_OWNER} characters")
        # A look without the write lock first: idle workers poll and must not hold up the busy.
        with self._database.read() as connection:
            if connection.execute(_ANY_DUE, {"now": self._clock()}).first() is None:
                return None
        with self._database.write() as connection:
            now = self._clock()
            row = connection.execute(_OLDEST, {"now": now}).first()
            return None if row is None else _take(connection, row, owner, now, seconds)

    def renew(self, lease: Lease, seconds: float) -> None:
        """Prolong the lease to ``seconds`` from now.

        Raises:
            LeaseLostError: Too late.
            LedgerUnavailableError: Nothing was changed.
        """
        with self._database.write() as connection:
            now = self._clock()
            leases.check(connection, lease.transfer.id, lease, now)
            connection.execute(
                update(transfers)
                .where(transfers.c.id == lease.transfer.id)
                .values(due=now + timedelta(seconds=seconds))
            )

    def give_back(self, lease: Lease, *, failed: bool, delay: float = 0.0) -> None:
        """Return it, for anybody to take after ``delay`` seconds; ``failed`` counts an attempt.

        A lease that was lost meanwhile is left to whoever has it now.

        Raises:
            LedgerUnavailableError: Nothing was changed; the lease will run out by itself.
        """
        with self._database.write() as connection:
            now = self._clock()
            try:
                leases.check(connection, lease.transfer.id, lease, now)
            except LeaseLostError:
                return
            connection.execute(
                update(transfers)
                .where(transfers.c.id == lease.transfer.id)
                .values(
                    due=now + timedelta(seconds=delay),
                    lease_owner="",
                    attempts=transfers.c.attempts + int(failed),
                )
            )


def _take(
    connection: Connection, row: Row[*tuple[Any, ...]], owner: str, now: datetime, seconds: float
) -> Lease:
    abandoned = row.lease_owner != ""
    attempts, claim = row.attempts + int(abandoned), row.claims + 1
    until = now + timedelta(seconds=seconds)
    connection.execute(
        update(transfers)
        .where(transfers.c.id == row.id)
        .values(due=until, lease_owner=owner, claims=claim, attempts=attempts)
    )
    return Lease(replace(to_transfer(row), attempts=attempts), owner, claim)
