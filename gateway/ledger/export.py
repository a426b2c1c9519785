"""Reads the log back: as lines for an auditor to take along, or one transfer's story."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from gateway.ports import UnknownTransferError
from gateway.store.database import Database
from gateway.store.tables import events, log_checkpoints

_PAGE: Final = 1000


def exported(database: Database) -> Iterator[str]:
    """The log as lines of JSON, oldest first: ``{"event": …, "hash": …}``, and after the event
    that it covers last each signed ``{"checkpoint": …}``.

    Reads page by page: neither is ever changed, so that no long transaction is needed.

    Raises:
        LedgerUnavailableError: The database is locked, broken or gone.
    """  # noqa: D205 - one sentence
    seq = 0
    while True:
        page, notes = _page(database, seq)
        for row in page:
            yield f'{{"event":{row.body},"hash":"{row.hash}"}}'
            if row.seq in notes:
                yield json.dumps({"checkpoint": notes[row.seq]}, ensure_ascii=False)
        if len(page) < _PAGE:
            return
        seq = page[-1].seq


def newest_checkpoint(database: Database) -> str:
    """The newest signed checkpoint, or "" before there is one.

    Raises:
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    newest = select(log_checkpoints.c.note).order_by(log_checkpoints.c.size.desc()).limit(1)
    with database.read() as connection:
        return connection.execute(newest).scalar() or ""


def _page(database: Database, seq: int) -> tuple[Sequence[Any], Mapping[int, str]]:
    """Events after ``seq``, and the checkpoints among them."""
    after = select(events.c.seq, events.c.body, events.c.hash).where(events.c.seq > seq)
    with database.read() as connection:
        page = connection.execute(after.order_by(events.c.seq).limit(_PAGE)).all()
        last = page[-1].seq if page else seq
        among = (log_checkpoints.c.size > seq) & (log_checkpoints.c.size <= last)
        notes = select(log_checkpoints.c.size, log_checkpoints.c.note).where(among)
        return page, {row.size: row.note for row in connection.execute(notes)}


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
