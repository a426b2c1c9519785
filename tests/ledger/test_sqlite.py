"""What only a file can suffer: another's lock, a full disk, being gone."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from gateway.lifecycle import EventKind, State
from gateway.ports import LedgerUnavailableError

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench


@pytest.fixture
def backend() -> str:
    """A file."""
    return "sqlite"


def test_a_database_somebody_else_keeps_locked_refuses_and_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = bench.begin()
    monkeypatch.setattr("gateway.store.sqlite._PRAGMAS", ("PRAGMA busy_timeout = 20",))
    bench.database.engine.dispose()
    other = sqlite3.connect(bench.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailableError, match="locked"):
            bench.step(transfer.id, EventKind.STAGED)
        assert bench.transfers.get(transfer.id).state is State.RECEIVING
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert bench.step(transfer.id, EventKind.STAGED).state is State.STAGED


def test_a_full_disk_refuses_and_loses_nothing(bench: Bench) -> None:
    transfer = bench.begin()
    with bench.database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    bench.database.engine.dispose()

    def small(connection: object, _entry: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]  # a sqlite3 connection

    event.listen(bench.database.engine, "connect", small)
    with pytest.raises(LedgerUnavailableError, match="full"):
        bench.step(transfer.id, EventKind.STAGED, changes={"report": {"findings": "x" * 100_000}})
    event.remove(bench.database.engine, "connect", small)
    bench.database.engine.dispose()

    assert bench.transfers.get(transfer.id).state is State.RECEIVING
    assert bench.verify().ok


def test_a_database_that_is_gone_refuses(bench: Bench) -> None:
    transfer = bench.begin()
    bench.database.engine.dispose()
    for file in bench.path.parent.iterdir():
        file.unlink()
    with pytest.raises(LedgerUnavailableError, match="unable to open"):
        bench.step(transfer.id, EventKind.STAGED)
    assert not bench.path.exists(), "a lost log must never be replaced by an empty one"
