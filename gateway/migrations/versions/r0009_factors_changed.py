"""When an account's factors last changed: sessions from before that end.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing is known of earlier changes, and what was open then has ended."""
    op.add_column("accounts", sa.Column("factors_changed", Instant))
