"""The Merkle tree over the log, leases by name, what was seen before, and the end of a payload.

Revision ID: 0003
"""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant, to_microseconds

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and to each transfer where it came from and how it ends."""
    _transfers()
    _fill()
    _tree()
    _seen()


def _transfers() -> None:
    for column in (
        sa.Column("credential", sa.Text, nullable=False, server_default=""),
        sa.Column("idempotency", sa.Text, nullable=False, server_default=""),
        sa.Column("legal_hold", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("staged", Instant),
        sa.Column("ended", Instant),
        sa.Column("purged", Instant),
    ):
        op.add_column("transfers", column)
    op.create_index("ix_transfers_idempotency", "transfers", ["idempotency"])


def _fill() -> None:
    """The new stamps of transfers that are there already, as the log has them."""
    link = op.get_bind()
    transfers = sa.table(
        "transfers", *map(sa.column, ("id", "state", "changed", "staged", "ended"))
    )
    events = sa.table("events", *map(sa.column, ("transfer", "body")))
    staged = sa.select(events.c.transfer, events.c.body).where(
        events.c.body.like('%"kind":"transfer.staged"%')
    )
    for transfer, body in link.execute(staged).all():
        moment = to_microseconds(datetime.fromisoformat(json.loads(body)["time"]))
        own = transfers.c.id == transfer
        link.execute(sa.update(transfers).where(own).values(staged=moment))
    over = transfers.c.state.in_(["refused", "collected", "abandoned"])
    link.execute(sa.update(transfers).where(over).values(ended=transfers.c.changed))


def _tree() -> None:
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_log_tiles"),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("signed", Instant, nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoints"),
    )
    op.create_table(
        "receipts",
        sa.Column("transfer", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("issued", Instant, nullable=False),
        sa.PrimaryKeyConstraint("transfer", name="pk_receipts"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def _seen() -> None:
    op.create_table(
        "seen",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("transfer", sa.String(32), nullable=False),
        sa.Column("created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("digest", "transfer", name="pk_seen"),
    )
    op.create_index("ix_seen_created", "seen", ["created"])
