"""Alembic's entry point: runs the revisions on the transaction that ``upgrade`` holds."""

from __future__ import annotations

from alembic import context

from gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite's DDL is transactional once BEGIN is ours; Alembic assumes it isn't.
    transactional_ddl=True,
)
context.run_migrations()
