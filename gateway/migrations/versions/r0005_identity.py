"""Roles, accounts of the site, second factors, throttling, sessions, SSH CAs and passkeys.

SQLite can't make a column nullable, nor drop a table that others refer to without emptying them: so
accounts and credentials are read whole (a site has thousands, not millions), dropped and made anew.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ACCOUNT: Final = ("id", "partner", "may_send", "may_receive", "enabled", "added")
_CREDENTIAL: Final = ("account", "kind", "secret", "fingerprint", "comment", "added", "expires")


def upgrade() -> None:
    """Turn what accounts may do into roles, and make the new tables."""
    accounts, credentials = _rows("accounts", _ACCOUNT), _rows("credentials", _CREDENTIAL)
    op.drop_table("credentials")
    op.drop_table("accounts")
    _make_accounts([_with_roles(row) for row in accounts])
    _make_credentials(credentials)
    op.add_column("partners", sa.Column("networks", sa.Text, nullable=False, server_default=""))
    _state()
    _factors()
    _attempts()
    _sessions()
    _ssh_authorities()
    _passkeys()


def _rows(table: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    chosen = sa.table(table, sa.column("id"), *map(sa.column, columns))
    statement = sa.select(*(chosen.c[name] for name in columns)).order_by(chosen.c.id)
    return [dict(row) for row in op.get_bind().execute(statement).mappings()]


def _with_roles(row: dict[str, Any]) -> dict[str, Any]:
    held = (("receiver", row.pop("may_receive")), ("sender", row.pop("may_send")))
    return {**row, "enabled": bool(row["enabled"])} | {
        "roles": " ".join(role for role, may in held if may)
    }


def _make_accounts(rows: list[dict[str, Any]]) -> None:
    table = op.create_table(
        "accounts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("partner", sa.String(64)),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        # An integer, as rows were read: Instant would take datetimes.
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("networks", sa.Text, nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_accounts_partner"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_index("ix_accounts_partner", "accounts", ["partner"])
    op.bulk_insert(table, rows)


def _make_credentials(rows: list[dict[str, Any]]) -> None:
    table = op.create_table(
        "credentials",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("roles", sa.Text, nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_credentials_account"),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("account", "kind", "fingerprint", name="uq_credentials_account"),
    )
    op.create_index("ix_credentials_kind_secret", "credentials", ["kind", "secret"])
    # Ids, which order them, are given anew in the same order: the sequence starts over as well.
    op.bulk_insert(table, rows)


def _state() -> None:
    table = op.create_table(
        "directory_state",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_directory_state_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_directory_state"),
    )
    op.bulk_insert(table, [{"id": 1, "revision": 0}])


def _factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("added", Instant, nullable=False),
        sa.Column("confirmed", Instant),
        sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_second_factors_account"),
        sa.PrimaryKeyConstraint("account", name="pk_second_factors"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used", Instant),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_recovery_codes_account"),
        sa.PrimaryKeyConstraint("account", "digest", name="pk_recovery_codes"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last", Instant, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.Column("locked", Instant),
        sa.PrimaryKeyConstraint("subject", name="pk_attempts"),
    )
    op.create_index("ix_attempts_last", "attempts", ["last"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("created", Instant, nullable=False),
        sa.Column("seen", Instant, nullable=False),
        sa.Column("expires", Instant, nullable=False),
        sa.Column("factored", Instant),
        sa.Column("facts", sa.JSON(none_as_null=True)),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_sessions_account"),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])


def _ssh_authorities() -> None:
    op.create_table(
        "ssh_authorities",
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("added", Instant, nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_ssh_authorities_partner"),
        sa.PrimaryKeyConstraint("partner", "fingerprint", name="pk_ssh_authorities"),
    )


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(1400), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("added", Instant, nullable=False),
        sa.Column("used", Instant),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_passkeys_account"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
    )
    op.create_index("ix_passkeys_account", "passkeys", ["account"])
