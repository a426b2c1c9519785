"""What accounts take of each edge, so that their shares are over all edges.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "edge_shares",
        sa.Column("process", sa.String(128), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("per_minute", sa.BigInteger, nullable=False),
        sa.Column("told", Instant, nullable=False),
        sa.PrimaryKeyConstraint("process", "account", name="pk_edge_shares"),
    )
