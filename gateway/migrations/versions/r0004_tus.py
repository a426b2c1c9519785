"""What a tus upload declared when it was created.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of transfers that are there already, none declared anything."""
    op.add_column("transfers", sa.Column("declared", sa.LargeBinary))
