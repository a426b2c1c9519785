"""A ledger on a real SQLite file, a clock one can turn, and transfers to put through it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.export import newest_checkpoint
from gateway.ledger.note import Signer
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.ledger.sequencer import Sequencer
from gateway.ledger.verify import Held, Verification, verify_database
from gateway.ledger.verify_note import Key
from gateway.ledger.verify_server import verify_server
from gateway.ledger.work import SqlWorkQueue
from gateway.lifecycle import EventKind, State
from gateway.migrations import upgrade
from gateway.ports import Changes, Event, Lease, Transfer
from gateway.store.database import Database, open_database, sqlite_path
from gateway.store.postgres import is_postgres
from tests.support.postgres_server import postgres

__all__ = ["postgres"]

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still till it is told to move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Bench:
    """A ledger with all that belongs to it."""

    url: str
    database: Database
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.ledger = SqlLedger(self.database, self.clock)
        self.queue = SqlWorkQueue(self.database, self.clock)
        self.transfers = SqlTransfers(self.database)
        self.signer = Signer("log.example/test", KEY)
        self.sequencer = Sequencer(self.database, self.signer, "test", self.clock)

    def begin(self, number: int = 1, **columns: object) -> Transfer:
        given: dict[str, object] = {
            "id": f"t_{number:026}", "route": "claims", "sender": "clinic", "account": "clinic-1",
            "recipient": "payer", "state": State.RECEIVING, "created": self.clock(),
            "changed": self.clock(), "data_key": b"wrapped", "name": b"sealed",
            "name_digest": f"digest-{number}", "blob": f"blob-{number}",
        }  # fmt: skip
        transfer = Transfer(**(given | columns))  # type: ignore[arg-type]  # columns by name
        return self.ledger.begin(transfer, Event(EventKind.BEGUN, "account:clinic-1"))

    def step(
        self,
        transfer: str,
        kind: EventKind,
        lease: Lease | None = None,
        changes: Changes | None = None,
        **facts: str,
    ) -> Transfer:
        event = Event(kind, "worker:1", facts, changes or Changes())
        return self.ledger.advance(transfer, event, lease)

    def staged(self, number: int = 1) -> Transfer:
        transfer = self.begin(number)
        return self.step(transfer.id, EventKind.STAGED, changes={"size": 7, "sha256": "ab" * 32})

    def delivered(self, number: int = 1) -> Transfer:
        transfer = self.staged(number)
        for kind in (EventKind.INSPECTED, EventKind.CLEARED, EventKind.SEALED, EventKind.DELIVERED):
            self.clock.move(1)
            transfer = self.step(transfer.id, kind)
        return transfer

    def sign(self) -> str:
        """Integrate everything; the newest checkpoint."""
        while self.sequencer.step():
            pass
        return newest_checkpoint(self.database)

    @property
    def key(self) -> Key:
        return Key.parse(self.signer.verifier_key)

    @property
    def path(self) -> Path:
        return sqlite_path(self.url)

    def verify(self, held: Held | None = None) -> Verification:
        if is_postgres(self.url):
            return verify_server(self.url, held)
        return verify_database(self.path, held)

    def tamper(self, *statements: str) -> None:
        """What somebody with the database file in an editor does."""
        with closing(sqlite3.connect(self.path)) as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, "the attack missed"
            connection.commit()


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Every contract of the ledger holds on each; a suite that is about one file says so."""
    return str(request.param)


@pytest.fixture
def make_bench(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Bench]]:
    made: list[Database] = []

    def make() -> Bench:
        if backend == "postgresql":
            url = request.getfixturevalue("postgres").fresh()
            database = open_database(url)
        else:
            url = f"sqlite:///{tmp_path / f'ledger{len(made)}.db'}"
            database = open_database(url, create=True)
            upgrade(database)
        made.append(database)
        return Bench(url, database)

    yield make
    for database in made:
        database.close()


@pytest.fixture
def bench(make_bench: Callable[[], Bench]) -> Bench:
    return make_bench()
