"""OpenSSH certificates that are revoked.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ssh_revocations",
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("word", sa.String(320), nullable=False),
        sa.Column("added", Instant, nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_ssh_revocations_partner"),
        sa.PrimaryKeyConstraint("partner", "word", name="pk_ssh_revocations"),
    )
