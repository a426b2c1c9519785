"""The only function that changes a transfer's state, and the log entry in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.ledger import leases, receipts
from gateway.ledger.chain import Entry
from gateway.ledger.clock import Clock, utc_now
from gateway.ledger.log import append, read_head
from gateway.ledger.seen import sight
from gateway.ledger.vocabulary import check_kind
from gateway.lifecycle import (
    REMARKS,
    TERMINAL,
    WORK,
    EventKind,
    IllegalTransitionError,
    State,
    after,
)
from gateway.ports import Event, Json, Lease, Transfer
from gateway.store.database import Database
from gateway.store.rows import COLUMNS, changed_values, to_transfer, to_values
from gateway.store.tables import transfers

ATTESTED: Final = frozenset({
    "route", "sender", "account", "recipient", "size", "sha256", "format", "verdict", "policy",
    "sealed_size", "sealed_sha256", "recipient_key", "opened_size", "opened_sha256", "credential",
    "legal_hold", "name_digest",
})  # fmt: skip
"""Columns whose values the log repeats, so that editing them in the table shows."""

# Built once: SQLAlchemy takes longer to build these than SQLite to run them.
_BY_ID: Final = select(*COLUMNS).where(transfers.c.id == bindparam("sought"))
_INSERT: Final = insert(transfers)

_STAMPS: Final = {
    EventKind.STAGED: "staged",
    EventKind.DELIVERED: "delivered",
    EventKind.COLLECTED: "collected",
    EventKind.PURGED: "purged",
}


class SqlLedger:
    """Implements :class:`gateway.ports.Ledger`. Safe for threads; blocks on the disk."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def begin(self, transfer: Transfer, event: Event) -> Transfer:
        """Record a new transfer in ``receiving``.

        Raises:
            IllegalTransitionError: ``event`` isn't ``transfer.begun``.
            ValueError: The id is taken, or the facts or changes are out of bounds.
            LedgerUnavailableError: Nothing was changed.
        """
        now = self._clock()
        new = replace(transfer, state=after(None, event.kind), changed=now)
        values = to_values(new) | changed_values(event.changes)
        with self._database.write() as connection:
            try:
                connection.execute(_INSERT, values)
            except IntegrityError:
                raise ValueError(f"there is a transfer {transfer.id} already") from None
            append(connection, _entry(transfer.id, event, now, values))
            return _select(connection, transfer.id)

    def advance(self, transfer: str, event: Event, lease: Lease | None = None) -> Transfer:
        """Apply ``event`` by the transition table and append it to the log.

        With ``lease`` the step is taken only while that lease holds, and ends it. Without one it
        is refused while any lease holds.

        Raises:
            IllegalTransitionError: The table has no such step.
            LeaseLostError: The lease no longer holds, or another's does.
            UnknownTransferError: No such transfer.
            ValueError: The facts or changes are out of bounds.
            LedgerUnavailableError: Nothing was changed.
        """
        with self._database.write() as connection:
            now = self._clock()
            state = leases.check(connection, transfer, lease, now)
            reached = after(state, event.kind)
            if event.sighting:
                read_head(connection, lock=True)  # one after the other, or two could be first
                first = sight(connection, transfer, event.sighting, now)
                event = event.sighting.flag(event, first) if first else event
            changes = changed_values(event.changes)
            if event.kind is EventKind.PURGED:
                _check_not_held(connection, transfer, state)
            connection.execute(
                update(transfers)
                .where(transfers.c.id == transfer)
                .values(changes | _step(reached, event.kind, now))
            )
            moved = _select(connection, transfer)
            told = replace(event, facts={**event.facts, **receipts.facts(moved, reached)})
            append(connection, _entry(transfer, told, now, changes))
            return moved

    def remark(self, transfer: str, event: Event) -> Transfer:
        """Append an event that leaves the state, and whoever is at work, as they are.

        Raises:
            IllegalTransitionError: The table has no such event in the present state.
            UnknownTransferError: No such transfer.
            ValueError: It is an event that moves a transfer, or is out of bounds.
            LedgerUnavailableError: Nothing was changed.
        """
        if event.kind not in REMARKS:
            raise ValueError(f"{event.kind} moves a transfer: use advance")
        changes = changed_values(event.changes)
        with self._database.write() as connection:
            now = self._clock()
            after(leases.state(connection, transfer), event.kind)
            connection.execute(
                update(transfers)
                .where(transfers.c.id == transfer)
                .values(changes | {"changed": now})
            )
            append(connection, _entry(transfer, event, now, changes))
            return _select(connection, transfer)

    def record(self, kind: str, actor: str, facts: Mapping[str, Json]) -> None:
        """Log something that isn't about one transfer.

        Raises:
            ValueError: ``kind`` isn't in :class:`gateway.ledger.vocabulary.RecordKind`, or the
                facts are out of bounds.
            LedgerUnavailableError: Nothing was changed.
        """
        entry = Entry(check_kind(kind), actor, self._clock(), facts=facts)
        with self._database.write() as connection:
            append(connection, entry)


def _check_not_held(connection: Connection, transfer: str, state: State) -> None:
    """Asked under the row's lock, so that no legal hold comes between."""
    held = select(transfers.c.legal_hold).where(transfers.c.id == transfer)
    if connection.execute(held).scalar_one():
        raise IllegalTransitionError(state, EventKind.PURGED)


def _entry(transfer: str, event: Event, now: datetime, values: Mapping[str, object]) -> Entry:
    attested = {key: cast(Json, values[key]) for key in ATTESTED & values.keys()}
    if event.kind is EventKind.BEGUN:
        # What a new row leaves empty is empty by definition; saying so costs space in each event.
        attested = {key: value for key, value in attested.items() if value not in {"", 0}}
    return Entry(event.kind, event.actor, now, transfer, event.facts, attested)


def _step(reached: State, kind: EventKind, now: datetime) -> dict[str, object]:
    """The columns that every step sets; the lease ends with it."""
    stamp = {_STAMPS[kind]: now} if kind in _STAMPS else {}
    if reached in TERMINAL - {State.PURGED}:
        stamp["ended"] = now
    due = now if reached in WORK else None
    free = {"due": due, "lease_owner": "", "attempts": 0}
    return {"state": str(reached), "changed": now, **free, **stamp}


def _select(connection: Connection, transfer: str) -> Transfer:
    return to_transfer(connection.execute(_BY_ID, {"sought": transfer}).one())
