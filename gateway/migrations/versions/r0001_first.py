"""The first schema.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, and the log's head at nothing."""
    _transfers()
    _log()
    _directory()


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("route", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", Instant, nullable=False),
        sa.Column("changed", Instant, nullable=False),
        sa.Column("data_key", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        *(_text(name) for name in ("name_digest", "blob")),
        sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
        *(_text(name) for name in ("sha256", "format", "verdict")),
        sa.Column("reasons", sa.JSON(none_as_null=True)),
        sa.Column("report", sa.JSON(none_as_null=True)),
        *(_text(name) for name in ("policy", "sealed_blob")),
        sa.Column("sealed_size", sa.BigInteger, nullable=False, server_default="0"),
        *(_text(name) for name in ("sealed_sha256", "recipient_key")),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        _text("listed_name"),
        sa.Column("delivered", Instant),
        sa.Column("collected", Instant),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due", Instant),
        sa.Column("lease_owner", sa.String(128), nullable=False, server_default=""),
        sa.Column("claims", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_transfers"),
    )
    for name, columns in {
        "ix_transfers_state_created": ["state", "created"],
        "ix_transfers_sender_created": ["sender", "created"],
        "ix_transfers_recipient_delivered": ["recipient", "delivered"],
        "ix_transfers_name_digest": ["name_digest"],
    }.items():
        op.create_index(name, "transfers", columns)
    due = sa.text("due IS NOT NULL")
    op.create_index(
        "ix_transfers_queue",
        "transfers",
        ["created", "id"],
        sqlite_where=due,
        postgresql_where=due,
    )


def _log() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("transfer", sa.String(32)),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_transfer", "events", ["transfer"])
    head = op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def _directory() -> None:
    op.create_table(
        "partners",
        sa.Column("id", sa.String(64), nullable=False),
        _text("name"),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("added", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("may_send", sa.Boolean, nullable=False),
        sa.Column("may_receive", sa.Boolean, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("added", Instant, nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_accounts_partner"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_index("ix_accounts_partner", "accounts", ["partner"])
    op.create_table(
        "credentials",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        _text("comment"),
        sa.Column("added", Instant, nullable=False),
        sa.Column("expires", Instant),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_credentials_account"),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("account", "kind", "fingerprint", name="uq_credentials_account"),
    )
    op.create_index("ix_credentials_kind_secret", "credentials", ["kind", "secret"])
    op.create_table(
        "certificates",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("added", Instant, nullable=False),
        sa.Column("expires", Instant),
        sa.Column("retired", Instant),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_certificates_partner"),
        sa.PrimaryKeyConstraint("fingerprint", "partner", name="pk_certificates"),
    )
    op.create_index("ix_certificates_partner_added", "certificates", ["partner", "added"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")
