"""Transactions: the one way the rest of the gateway reaches a database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gateway.ports import LedgerUnavailableError
from gateway.store import postgres, sqlite


class Database:
    """An open database. One per process, shared by its threads; a forked child opens its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing, self._reading = engine, engine
        # Threads of one process queue here and not in SQLite's lock, which sleeps and polls:
        # 820 events/s against 625 with 4 writers (bench/ledger.py). PostgreSQL has row locks.
        self._turn: AbstractContextManager[object] = nullcontext()
        if self.is_sqlite:
            self._writing = engine.execution_options(**{sqlite.WRITES: True})
            self._turn = _Turn()
        else:
            self._reading = postgres.reading(engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and changes nothing.

        Raises:
            LedgerUnavailableError: The database is locked, full, broken or gone.
        """
        with _explained(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits whole on leaving the block, or not at all.

        Raises:
            LedgerUnavailableError: As :meth:`read`; nothing was changed.
        """
        with self._turn, _explained(), self._writing.begin() as connection:
            yield connection

    def forget(self) -> None:
        """See that what was overwritten or deleted is gone from the write-ahead log too.

        SQLite overwrites freed content (``secure_delete``) in its file when the log is put back
        into it; until then the former page stands in the log. PostgreSQL has no such call: there
        VACUUM and the recycling of WAL segments do it.

        Raises:
            LedgerUnavailableError: The database is locked, broken or gone.
        """
        if self.is_sqlite:
            with _explained(), self.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")  # the pragma can't run in a transaction
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # somebody's mistake about ids, for the caller to name
    except DBAPIError as error:
        # The first line: PostgreSQL's further ones quote values.
        said = str(error.orig).partition("\n")[0]
        raise LedgerUnavailableError(f"the database refused: {said}") from error
    except PoolTimeoutError as error:
        raise LedgerUnavailableError("every database connection is busy; try again") from error


def open_database(url: str, *, create: bool = False) -> Database:
    """Open the database at ``url``: ``sqlite:////absolute/path``, or ``postgresql://…``.

    With ``create`` an empty one is made first; :func:`gateway.migrations.upgrade` gives it its
    tables. Without it a missing file is an error: a site whose database is gone must not go on
    with a new, empty log.

    Raises:
        ValueError: The URL isn't one this version opens.
        FileExistsError: ``create``, and there is one already.
        LedgerUnavailableError: There is none.
    """
    if postgres.is_postgres(url):
        return _open_postgres(url, create=create)
    path = sqlite_path(url)
    if create:
        sqlite.create_file(path)
    if not path.is_file():
        raise LedgerUnavailableError(
            "the database file is missing: restore it from a backup (lazaretto restore), or make "
            "a new site (lazaretto init)"
        )
    return Database(sqlite.make_engine(path))


def _open_postgres(url: str, *, create: bool) -> Database:
    database = Database(postgres.make_engine(url))
    try:
        with database.read() as connection:
            is_there = inspect(connection).has_table("log_head")
    except BaseException:
        database.close()
        raise
    if is_there == create:
        database.close()
        if create:
            raise FileExistsError("the PostgreSQL database holds a site already")
        raise LedgerUnavailableError(
            "the PostgreSQL database holds no site: make one there (lazaretto init "
            "--database-url), or put it back from a backup"
        )
    return database


class _Turn:
    """A lock that gives up in time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=sqlite.BUSY_SECONDS):
            raise LedgerUnavailableError("too many writers wait for the database; try again")

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


def sqlite_path(url: str) -> Path:
    """The file that a database URL names.

    Raises:
        ValueError: The URL isn't one this version opens.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = make_url("none://")
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        raise ValueError("the database URL must be sqlite:////path/to/file or postgresql://…")
    return Path(str(parsed.database))
