"""Leases by name: what only one process may do at a time, over every node that shares a log."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.store.tables import leases


def take(connection: Connection, name: str, owner: str, now: datetime, seconds: float) -> bool:
    """Take or prolong the lease for ``seconds``; False while somebody else has it.

    On a connection that writes; the lease stands with the transaction.
    """
    found = connection.execute(
        select(leases.c.owner, leases.c.until).where(leases.c.name == name).with_for_update()
    ).one_or_none()
    until = now + timedelta(seconds=seconds)
    if found is None:
        return _first(connection, name, owner, until)
    if found.owner != owner and found.until > now:
        return False
    connection.execute(update(leases).where(leases.c.name == name).values(owner=owner, until=until))
    return True


def _first(connection: Connection, name: str, owner: str, until: datetime) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(leases).values(name=name, owner=owner, until=until))
    except IntegrityError:
        return False  # another node was quicker
    return True
