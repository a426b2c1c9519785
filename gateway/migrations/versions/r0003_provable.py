"""The Merkle tree over the log, leases by name, what was seen before, and the end of a payload.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and to each transfer where it came from and how it ends."""
    _transfers()
    _tree()
    _seen()


def _transfers() -> None:
    for column in (
        sa.Column("credential", sa.Text, nullable=False, server_default=""),
        sa.Column("idempotency", sa.Text, nullable=False, server_default=""),
        sa.Column("legal_hold", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("ended", Instant),
        sa.Column("purged", Instant),
    ):
        op.add_column("transfers", column)
    op.create_index("ix_transfers_idempotency", "transfers", ["idempotency"])


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
