"""Whether a lease holds, asked inside the transaction that depends on the answer.

A lease is named by its owner and the number of the claim. The number is a fencing token: a
worker that slept through its lease can't pass for itself after it claimed the transfer anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from gateway.lifecycle import State
from gateway.ports import Lease, LeaseLostError, UnknownTransferError
from gateway.store.tables import transfers

_LOCKED: Final = (
    select(transfers.c.state, transfers.c.due, transfers.c.lease_owner, transfers.c.claims)
    .where(transfers.c.id == bindparam("sought"))
    .with_for_update()
)


def state(connection: Connection, transfer: str) -> State:
    """Lock the transfer's row, whoever has a lease on it, and say its state.

    Raises:
        UnknownTransferError: No such transfer.
    """
    row = connection.execute(_LOCKED, {"sought": transfer}).one_or_none()
    if row is None:
        raise UnknownTransferError(f"there is no transfer {transfer}")
    return State(row.state)


def check(connection: Connection, transfer: str, lease: Lease | None, now: datetime) -> State:
    """Lock the transfer's row and judge the lease.

    Returns:
        The present state.

    Raises:
        UnknownTransferError: No such transfer.
        LeaseLostError: ``lease`` doesn't hold at ``now``; or there is none and another's does.
    """
    row = connection.execute(_LOCKED, {"sought": transfer}).one_or_none()
    if row is None:
        raise UnknownTransferError(f"there is no transfer {transfer}")
    live = row.lease_owner != "" and row.due is not None and row.due > now
    if lease is None:
        if live:
            raise LeaseLostError(f"{row.lease_owner} is at work on {transfer}")
        return State(row.state)
    if lease.transfer.id != transfer:
        raise ValueError("the lease is for another transfer")
    if not live or (row.lease_owner, row.claims) != (lease.owner, lease.claim):
        raise LeaseLostError(f"the lease of {lease.owner} on {transfer} ran out")
    return State(row.state)
