"""Was it sent before? Asked and noted in the transaction that records an inspection.

Two copies that are inspected at the same moment can't both be the first: whichever transaction
comes second sees the other's note (the log's head is locked till a transaction ends).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, insert, not_, select

from gateway.lifecycle import State
from gateway.ports import First, Sighting
from gateway.store.tables import seen, transfers


def sight(connection: Connection, transfer: str, sighting: Sighting, now: datetime) -> First | None:
    """Note what was seen of a transfer; the first that had any of it within the window, or None.

    What was refused or abandoned doesn't count: sending it again is what its sender should do.
    """
    never = and_(transfers.c.state == State.PURGED, transfers.c.delivered.is_(None))
    counts = not_(transfers.c.state.in_([State.REFUSED, State.ABANDONED]) | never)
    earlier = (
        select(transfers.c.id, transfers.c.sender, transfers.c.created, transfers.c.sha256)
        .join(seen, seen.c.transfer == transfers.c.id)
        .where(
            seen.c.digest.in_(sighting.digests),
            seen.c.created >= sighting.since,
            transfers.c.id != transfer,
            counts,
        )
        .order_by(seen.c.created, transfers.c.id)
        .limit(1)
    )
    row = connection.execute(earlier).first()
    noted = set(
        connection.execute(select(seen.c.digest).where(seen.c.transfer == transfer)).scalars()
    )
    fresh = [
        {"digest": digest, "transfer": transfer, "created": now}
        for digest in sighting.digests
        if digest not in noted
    ]
    if fresh:
        connection.execute(insert(seen), fresh)
    return First(row.id, row.sender, row.created, row.sha256) if row else None
