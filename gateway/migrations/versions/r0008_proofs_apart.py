"""No two proofs of an account share a fingerprint, and no pin leads to two accounts.

Names in SSH certificates had fingerprints that were the bare name, which may be "password" or look
like a key's: they get a prefix, and the column room for it.

A pin that two accounts have lets nobody in, so no login is lost by refusing to go on; which of the
two it was meant for, only people know.

Revision ID: 0008
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from gateway.directory_types import DirectoryError

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PINS: Final = "kind IN ('client-cert', 'client-key', 'oidc')"


def upgrade() -> None:
    """Rename, widen, and have the database refuse both from now on.

    Raises:
        DirectoryError: A pin stands for several accounts; nothing was changed.
    """
    _refuse_doubles()
    with op.batch_alter_table("credentials") as batch:
        batch.alter_column("fingerprint", type_=sa.String(128), existing_nullable=False)
    op.execute(
        "UPDATE credentials SET fingerprint = 'principal:' || fingerprint "
        "WHERE kind = 'ssh-principal'"
    )
    op.create_index(
        "uq_credentials_fingerprint", "credentials", ["account", "fingerprint"], unique=True
    )
    op.create_index(
        "uq_credentials_pin", "credentials", ["kind", "secret"], unique=True,
        sqlite_where=sa.text(_PINS), postgresql_where=sa.text(_PINS),
    )  # fmt: skip


def _refuse_doubles() -> None:
    found = op.get_bind().execute(
        sa.text(
            "SELECT MIN(account) AS one, MAX(account) AS other, MIN(fingerprint) AS fingerprint "  # noqa: S608 - no input
            f"FROM credentials WHERE {_PINS} GROUP BY kind, secret HAVING COUNT(*) > 1"
        )
    )
    for row in found:
        raise DirectoryError(
            f"{row.fingerprint} is pinned to the accounts {row.one} and {row.other}, and so lets "
            f"neither in: take it from one (lazaretto account credential {row.one} --remove "
            f"{row.fingerprint}), then go on"
        )
