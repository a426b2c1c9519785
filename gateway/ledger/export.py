"""Reads the log back: as lines for an auditor to take along, or one transfer's story."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from gateway.ports import UnknownTransferError
from gateway.store.database import Database
from gateway.store.tables import events

_PAGE: Final = 1000


def exported(database: Database) -> Iterator[str]:
    """Every event as one line of JSON: ``{"event": …, "hash": …}``, oldest first.

    Reads page by page: events are never changed, so that no long transaction is needed.

    Raises:
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    seq = 0
    while True:
        statement = select(events.c.seq, events.c.body, events.c.hash)
        with database.read() as connection:
            page = connection.execute(
                statement.where(events.c.seq > seq).order_by(events.c.seq).limit(_PAGE)
            ).all()
        for row in page:
            yield f'{{"event":{row.body},"hash":"{row.hash}"}}'
        if len(page) < _PAGE:
            return
        seq = page[-1].seq


def story(database: Database, transfer: str) -> Sequence[Mapping[str, Any]]:
    """The events of one transfer, oldest first.

    Raises:
        UnknownTransferError: The log doesn't tell of it.
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    with database.read() as connection:
        bodies = connection.execute(
            select(events.c.body).where(events.c.transfer == transfer).order_by(events.c.seq)
        ).scalars()
        found = tuple(json.loads(body) for body in bodies)
    if not found:
        raise UnknownTransferError("the log tells of no such transfer")
    return found
