"""What was in an OpenPGP message that was opened before it was inspected.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add its place, size and digest to each transfer."""
    for column in (
        sa.Column("opened_blob", sa.Text, nullable=False, server_default=""),
        sa.Column("opened_size", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("opened_sha256", sa.Text, nullable=False, server_default=""),
    ):
        op.add_column("transfers", column)
