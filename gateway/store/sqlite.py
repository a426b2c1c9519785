"""Everything that is SQLite's alone: how its file is opened, made durable and locked."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from gateway.ports import LedgerUnavailableError

BUSY_SECONDS: Final = 10.0
"""How long a connection waits for another's lock before the work is refused."""

WRITES: Final = "lazaretto_writes"
"""Execution option of the engine whose transactions take the write lock from the start."""

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    "PRAGMA foreign_keys = ON",
    # A commit is on the disk when it returns; WAL's default (NORMAL) may lose the last ones.
    "PRAGMA synchronous = FULL",
    # A shredded data key must not live on in a freed page.
    "PRAGMA secure_delete = ON",
    # No sorting or temporary tables in files outside the site.
    "PRAGMA temp_store = MEMORY",
    # A schema that somebody edited must not call functions or virtual tables on us.
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)


def create_file(path: Path) -> None:
    """Make an empty database file that its owner alone may read (mode 0600).

    The WAL and its index inherit the mode.

    Raises:
        FileExistsError: A database is never made over another: the log has no reset.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def make_engine(path: Path) -> Engine:
    """An engine on an existing file. Safe for threads; a forked child must open its own."""
    # mode=rw: a file that went missing is an error, never silently a new, empty log.
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=24,
        pool_timeout=BUSY_SECONDS,
        # Statements in error messages must not carry their values.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LedgerUnavailableError(
            f"the database can't use a write-ahead log (mode {mode}): keep it on a local disk, "
            "since network file systems don't lock as SQLite needs"
        )


def _begin(connection: Connection) -> None:
    # BEGIN IMMEDIATE, since a transaction that reads first and then wants to write fails at once
    # with SQLITE_BUSY when another wrote in between; no timeout would help it.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
