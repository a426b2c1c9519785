"""All rows of one database into another, whatever each is: backups, and moves between servers."""

from __future__ import annotations

from typing import Final

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Integer, Table, delete, func, insert, select

from gateway.ports import LedgerUnavailableError
from gateway.store.database import Database
from gateway.store.tables import metadata

_ROWS: Final = 500
"""At a time: a report can take a megabyte."""


def copy_rows(source: Database, target: Database) -> None:
    """Fill ``target``, freshly made, with what ``source`` held at one moment.

    Raises:
        LedgerUnavailableError: Either is gone, or their schemas differ; ``target`` is as it was.
    """
    with source.read() as old, target.write() as new:
        if _revision(old) != _revision(new):
            raise LedgerUnavailableError(
                f"the database has schema {_revision(old)}, and this version {_revision(new)}: "
                "start the gateway once, which brings it up"
            )
        for table in reversed(metadata.sorted_tables):
            new.execute(delete(table))  # a new schema begins with a head of its log
        for table in metadata.sorted_tables:
            _copy(table, old, new)


def drop_all(database: Database) -> None:
    """Take a schema that was just made away again, so that the same can be tried once more."""
    with database.write() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _copy(table: Table, old: Connection, new: Connection) -> None:
    rows = old.execution_options(yield_per=_ROWS).execute(select(table)).mappings()
    for some in rows.partitions(_ROWS):
        new.execute(insert(table), [dict(row) for row in some])
    if new.dialect.name == "postgresql":
        _count_on(table, new)


def _count_on(table: Table, connection: Connection) -> None:
    """Have a sequence go on behind the rows that brought their own numbers."""
    column = table.autoincrement_column
    if column is None or not isinstance(column.type, Integer):
        return
    last = connection.execute(select(func.max(column))).scalar()
    if last is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(select(func.setval(sequence, last)).where(sequence.is_not(None)))
