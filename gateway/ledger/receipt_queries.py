"""Receipts as the sequencer stored them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from gateway.store.database import Database
from gateway.store.tables import receipts, transfers


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt without its text.

    Attributes:
        transfer: Id.
        size: Bytes of the file.
        issued: UTC.
    """

    transfer: str
    size: int
    issued: datetime


class SqlReceipts:
    """Answers what receipts there are. Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, broken or gone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_sender(self, partner: str, limit: int = 1000) -> Sequence[ReceiptRow]:
        """The receipts of what a partner sent, newest first."""
        size = func.length(receipts.c.body)  # characters, and all of them are ASCII
        statement = (
            select(receipts.c.transfer, size, receipts.c.issued)
            .join(transfers, transfers.c.id == receipts.c.transfer)
            .where(transfers.c.sender == partner)
            .order_by(receipts.c.issued.desc(), receipts.c.transfer)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [ReceiptRow(*row) for row in connection.execute(statement)]

    def get(self, transfer: str) -> str | None:
        """The text of one; None before it is issued."""
        statement = select(receipts.c.body).where(receipts.c.transfer == transfer)
        with self._database.read() as connection:
            return connection.execute(statement).scalar()
