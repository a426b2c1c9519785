"""The sequencer: takes new events into the tree, signs the result, and issues receipts.

An event is on the log once its transaction commits: in its place, linked to the one before. The
sequencer follows within about half a second, in batches, one process at a time by a lease. What it
signs can't be taken back: a batch, its checkpoint and its receipts are one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.ledger import named_leases, tree
from gateway.ledger.clock import Clock, utc_now
from gateway.ledger.note import proof_text
from gateway.ledger.receipts import KINDS, written
from gateway.store.database import Database
from gateway.store.tables import events, log_checkpoints, log_head, log_tiles, receipts

LEASE: Final = "sequencer"
LEASE_SECONDS: Final = 2.0
"""Short, so that the log doesn't fall behind for long when its holder is killed."""
BATCH: Final = 4096
_ENDS: Final = tuple(f'"kind":"{kind}"' for kind in sorted(KINDS))


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that was signed.

    Attributes:
        size: Events under it.
        note: The signed note.
        previous: Events under the one before.
    """

    size: int
    note: str
    previous: int


class Signs(Protocol):
    """Who signs checkpoints."""

    def sign(self, size: int, root: bytes) -> str:
        """The signed note."""
        ...


class Sequencer:
    """Integrates events. Safe for threads; blocks on the database.

    Args:
        database: Where the log is.
        signer: The log's name and key.
        owner: Who takes the lease.
        clock: The time.
        lease: Seconds that the lease is good for.
    """

    def __init__(
        self,
        database: Database,
        signer: Signs,
        owner: str,
        clock: Clock = utc_now,
        lease: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._signer = signer
        self._owner = owner
        self._clock = clock
        self._lease = lease

    def step(self) -> Signed | None:
        """Integrate what is new, up to a batch; None if nothing is, or another has the lease.

        Raises:
            LedgerUnavailableError: Nothing was changed.
        """
        with self._database.read() as connection:
            if _behind(connection) == 0:
                return None
        with self._database.write() as connection:
            now = self._clock()
            if not named_leases.take(connection, LEASE, self._owner, now, self._lease):
                return None
            return self._integrate(connection, now)

    def behind(self) -> int:
        """How many events are not in the tree yet."""
        with self._database.read() as connection:
            return _behind(connection)

    def _integrate(self, connection: Connection, now: datetime) -> Signed | None:
        size = signed_size(connection)
        fresh = connection.execute(
            select(events.c.seq, events.c.transfer, events.c.body)
            .where(events.c.seq > size)
            .order_by(events.c.seq)
            .limit(BATCH)
        ).all()
        if not fresh:
            return None
        growth = tree.Growth(reader(connection), size)
        growth.add([tree.leaf_hash(row.body.encode()) for row in fresh])
        _store(connection, growth)
        note = self._signer.sign(growth.size, tree.root(growth.tile, growth.size))
        row = {"size": growth.size, "note": note, "signed": now}
        connection.execute(insert(log_checkpoints), row)
        _issue(connection, growth, note, fresh, now)
        return Signed(growth.size, note, size)


class LogTree:
    """Questions to the tree, and what witnesses add to it. Safe for threads; blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the log of ``old`` events begins that of ``size``.

        Raises:
            ValueError: There are no such sizes.
            LedgerUnavailableError: The database is locked, broken or gone.
        """
        with self._database.read() as connection:
            return tree.consistency(reader(connection), old, size)

    def cosigned(self, size: int, note: str) -> None:
        """Keep a checkpoint with the lines that witnesses put under it.

        Raises:
            LedgerUnavailableError: Nothing was changed.
        """
        with self._database.write() as connection:
            own = log_checkpoints.c.size == size
            connection.execute(update(log_checkpoints).where(own).values(note=note))


def signed_at(database: Database) -> datetime | None:
    """When the newest checkpoint was signed, None before the first.

    Raises:
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    with database.read() as connection:
        return connection.execute(select(func.max(log_checkpoints.c.signed))).scalar()


def signed_size(connection: Connection) -> int:
    """Events under the newest checkpoint."""
    return connection.execute(select(func.max(log_checkpoints.c.size))).scalar() or 0


def reader(connection: Connection) -> tree.Read:
    """The tiles as this transaction sees them."""

    def read(level: int, number: int) -> bytes:
        own = (log_tiles.c.level == level) & (log_tiles.c.number == number)
        return connection.execute(select(log_tiles.c.hashes).where(own)).scalar() or b""

    return read


def _behind(connection: Connection) -> int:
    head = connection.execute(select(log_head.c.seq).where(log_head.c.id == 1)).scalar_one()
    return int(head) - signed_size(connection)


def _ends(body: str) -> bool:
    # Decoding every event would cost as much as all the rest.
    return any(word in body for word in _ENDS) and json.loads(body)["kind"] in KINDS


def _store(connection: Connection, growth: tree.Growth) -> None:
    for (level, number), hashes in growth.changed.items():
        own = (log_tiles.c.level == level) & (log_tiles.c.number == number)
        connection.execute(delete(log_tiles).where(own))
        connection.execute(insert(log_tiles), {"level": level, "number": number, "hashes": hashes})


def _issue(
    connection: Connection,
    growth: tree.Growth,
    note: str,
    fresh: Sequence[Any],
    now: datetime,
) -> None:
    for row in fresh:
        if not _ends(row.body):
            continue
        proof = tree.inclusion(growth.tile, row.seq - 1, growth.size)
        body = written(row.body, proof_text(row.seq - 1, proof, note))
        connection.execute(
            insert(receipts), {"transfer": row.transfer, "body": body, "issued": now}
        )
