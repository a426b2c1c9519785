"""Questions to the transfers table. Lists leave the report out; :meth:`SqlTransfers.get` has it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select

from gateway.lifecycle import TERMINAL, State
from gateway.ports import Transfer, UnknownTransferError
from gateway.store.database import Database
from gateway.store.rows import COLUMNS, LISTED, to_transfer
from gateway.store.tables import transfers

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""Clients ask for ids; one of another form never reaches the database, which may choke on it."""


class SqlTransfers:
    """Implements :class:`gateway.ports.Transfers`. Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, broken or gone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, transfer: str) -> Transfer:
        """One transfer, report included.

        Raises:
            UnknownTransferError: No such transfer.
        """
        row = None
        if _ID.fullmatch(transfer):
            with self._database.read() as connection:
                row = connection.execute(
                    select(*COLUMNS).where(transfers.c.id == transfer)
                ).one_or_none()
            if row is None:
                raise UnknownTransferError(f"there is no transfer {transfer}")
        if row is None:
            raise UnknownTransferError("there is no transfer of such an id")
        return to_transfer(row)

    def sent_by(self, partner: str, route: str = "", limit: int = 1000) -> Sequence[Transfer]:
        """A sender's transfers, newest first; unfinished ones included, abandoned ones not."""
        statement = (
            select(*LISTED)
            .where(transfers.c.sender == partner, transfers.c.state != State.ABANDONED)
            .order_by(transfers.c.created.desc(), transfers.c.id.desc())
        )
        if route:
            statement = statement.where(transfers.c.route == route)
        return self._list(statement, limit)

    def mailbox_of(self, partner: str, limit: int = 10_000) -> Sequence[Transfer]:
        """Delivered and collected transfers of a recipient, oldest first."""
        present = transfers.c.state.in_([State.DELIVERED, State.COLLECTED])
        return self._list(
            select(*LISTED)
            .where(transfers.c.recipient == partner, present)
            .order_by(transfers.c.delivered, transfers.c.id),
            limit,
        )

    def unfinished(self, name_digest: str) -> Transfer | None:
        """The newest transfer in ``receiving`` under that digest."""
        found = self._list(
            select(*LISTED)
            .where(transfers.c.name_digest == name_digest, transfers.c.state == State.RECEIVING)
            .order_by(transfers.c.created.desc(), transfers.c.id.desc()),
            1,
        )
        return found[0] if found else None

    def with_key(self, idempotency: str, since: datetime) -> Sequence[Transfer]:
        """Transfers begun with that key since then, but for abandoned ones, newest first."""
        return self._list(
            select(*LISTED)
            .where(
                transfers.c.idempotency == idempotency,
                transfers.c.created >= since,
                transfers.c.state != State.ABANDONED,
            )
            .order_by(transfers.c.created.desc(), transfers.c.id.desc()),
            10,
        )

    def in_state(self, state: State, limit: int = 1000) -> Sequence[Transfer]:
        """Transfers in one state, oldest first."""
        return self._list(
            select(*LISTED)
            .where(transfers.c.state == state)
            .order_by(transfers.c.created, transfers.c.id),
            limit,
        )

    def newest(self, states: Collection[State] = (), limit: int = 50) -> Sequence[Transfer]:
        """The newest transfers, newest first; of these states, or of any."""
        statement = select(*LISTED).order_by(transfers.c.created.desc(), transfers.c.id.desc())
        if states:
            statement = statement.where(transfers.c.state.in_(list(states)))
        return self._list(statement, limit)

    def purgeable(self, before: datetime, after: str = "", limit: int = 500) -> Sequence[Transfer]:
        """Ended before that moment and not on legal hold, with an id above ``after``, by id."""
        return self._list(
            select(*LISTED)
            .where(
                transfers.c.state.in_([State.REFUSED, State.COLLECTED, State.ABANDONED]),
                transfers.c.ended <= before,
                transfers.c.legal_hold.is_(False),
                transfers.c.id > after,
            )
            .order_by(transfers.c.id),
            limit,
        )

    def known(self, ids: Sequence[str]) -> Mapping[str, Transfer]:
        """Those of them that there are."""
        found = self._list(select(*LISTED).where(transfers.c.id.in_(list(ids))), len(ids))
        return {transfer.id: transfer for transfer in found}

    def page(self, after: str = "", limit: int = 500) -> Sequence[Transfer]:
        """Transfers with an id above ``after``, by id."""
        above = transfers.c.id > after
        return self._list(select(*LISTED).where(above).order_by(transfers.c.id), limit)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """(route, state) to the number of transfers."""
        route, state = transfers.c.route, transfers.c.state
        with self._database.read() as connection:
            rows = connection.execute(
                select(route, state, func.count()).group_by(route, state)
            ).all()
        return {(name, word): number for name, word, number in rows}

    def unended(self, route: str, before: datetime) -> int:
        """How many of a route's transfers began before that moment and have not ended."""
        return self._count(
            transfers.c.route == route,
            transfers.c.created <= before,
            transfers.c.state.not_in(sorted(TERMINAL)),
        )

    def on_legal_hold(self) -> int:
        """How many transfers are on legal hold."""
        return self._count(transfers.c.legal_hold.is_(True))

    def _count(self, *conditions: ColumnElement[bool]) -> int:
        with self._database.read() as connection:
            statement = select(func.count()).select_from(transfers).where(*conditions)
            return int(connection.execute(statement).scalar_one())

    def _list(self, statement: Select[Any], limit: int) -> Sequence[Transfer]:
        with self._database.read() as connection:
            rows = connection.execute(statement.limit(limit)).all()
        return tuple(to_transfer(row) for row in rows)
