"""When a partner's certificate was verified out of band, and when it was revoked.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of those that are there already, nobody recorded a comparison."""
    op.add_column("certificates", sa.Column("verified", Instant))
    op.add_column("certificates", sa.Column("revoked", Instant))
