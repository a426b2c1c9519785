"""Appends to the log inside a transaction that somebody else began.

Whoever changes something records it with :func:`append` on the same connection, so that the
change and its record stand or fall together.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, select, update

from gateway.ledger.chain import Entry, Head, link
from gateway.store.tables import events, log_head

_HEAD: Final = select(log_head.c.seq, log_head.c.hash).where(log_head.c.id == 1)
_LOCKED: Final = _HEAD.with_for_update()
_MOVE: Final = update(log_head).where(log_head.c.id == 1)
_INSERT: Final = insert(events)


def append(connection: Connection, entry: Entry) -> Head:
    """Write ``entry`` as the next event.

    Locks the head row till the transaction ends; that is what keeps ``seq`` free of gaps and
    forks on a database with several writers.

    Raises:
        ValueError: The entry is out of bounds; roll back.
    """
    present = read_head(connection, lock=True)
    head, body = link(present, entry)
    row = {"seq": head.seq, "transfer": entry.transfer, "body": body, "hash": head.hash}
    connection.execute(_INSERT, row)
    connection.execute(_MOVE, {"seq": head.seq, "hash": head.hash})
    return head


def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """The end of the log as this transaction sees it."""
    row = connection.execute(_LOCKED if lock else _HEAD).one()
    return Head(row.seq, row.hash)
