"""Everything that is PostgreSQL's alone: how it is reached, what it promises, how long it may take.

Row locks do what SQLite's one writer does: the log's head is locked till a transaction ends, and
workers skip rows that others hold. READ COMMITTED is enough for writers, since whatever one decides
on it has locked first; readers see one moment (REPEATABLE READ, READ ONLY).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.ports import LedgerUnavailableError

NAMES: Final = frozenset({"postgresql", "postgres"})
CONNECT_SECONDS: Final = 5
LOCK_SECONDS: Final = 10
"""How long a statement waits for another's lock before the work is refused, as on SQLite."""

UPGRADE_LOCK: Final = 0x6C617A61
"""The advisory lock of whoever brings the schema up."""

_SETTINGS: Final[dict[str, str]] = {
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": "60s",
    # A process that hangs in a transaction must not hold the log's head for ever.
    "idle_in_transaction_session_timeout": "60s",
    # A commit is on the disk when it returns, whatever the server's default is.
    "synchronous_commit": "on",
    "timezone": "UTC",
    "application_name": "lazaretto",
}


def is_postgres(url: str) -> bool:
    """Whether a database URL names a PostgreSQL server."""
    return url.partition(":")[0].partition("+")[0] in NAMES


def make_engine(url: str) -> Engine:
    """An engine on a database. Safe for threads; a forked child must open its own.

    Raises:
        ValueError: The URL can't be read; the message doesn't repeat it, since it may hold a
            password.
    """
    options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    engine = create_engine(
        _driver(url),
        pool_size=8,
        max_overflow=24,
        pool_timeout=LOCK_SECONDS,
        # A server that was restarted costs one look and no failed transaction.
        pool_pre_ping=True,
        # Statements in error messages must not carry their values.
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": options},
    )
    event.listen(engine, "connect", _check)
    return engine


def reading(engine: Engine) -> Engine:
    """The same, for transactions that see one moment and change nothing."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def lock_upgrade(connection: Connection) -> None:
    """Wait till nobody else changes the schema; for the rest of the transaction."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")


def _driver(url: str) -> URL:
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except Exception:  # noqa: BLE001 - whatever is wrong, the text may hold a password
        raise ValueError("the database URL can't be read as postgresql://host/database") from None


def _check(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a DBAPI's
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('fsync'), current_setting('full_page_writes')")
        durable = cursor.fetchone()
    connection.rollback()
    if durable != ("on", "on"):
        raise LedgerUnavailableError(
            "the PostgreSQL server runs without fsync or full_page_writes: what it acknowledges it "
            "may lose; turn both on"
        )
