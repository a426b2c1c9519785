"""What only a server can suffer: being stopped, another session's lock, no more connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from gateway.ledger.sequencer import Sequencer
from gateway.lifecycle import EventKind, State
from gateway.migrations import upgrade
from gateway.ports import LedgerUnavailableError
from gateway.store import postgres as postgres_module
from gateway.store.database import open_database

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench
    from tests.support.postgres_server import Server


@pytest.fixture
def backend() -> str:
    """A server."""
    return "postgresql"


def test_a_server_that_stops_refuses_work_and_goes_on_by_itself_once_it_is_back(
    bench: Bench, postgres: Server
) -> None:
    transfer = bench.begin()
    postgres.stop()
    try:
        with pytest.raises(LedgerUnavailableError):
            bench.step(transfer.id, EventKind.STAGED)
        with pytest.raises(LedgerUnavailableError):
            bench.queue.claim("w", 60)
    finally:
        postgres.start()
    assert bench.transfers.get(transfer.id).state is State.RECEIVING
    assert bench.step(transfer.id, EventKind.STAGED).state is State.STAGED
    assert bench.verify().ok


def test_another_sessions_lock_refuses_in_time_and_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = bench.begin()
    monkeypatch.setitem(postgres_module._SETTINGS, "lock_timeout", "200ms")
    hurried = open_database(bench.url)
    other = type(bench)(bench.url, hurried)
    try:
        with psycopg.connect(bench.url) as session:
            session.execute("SELECT * FROM log_head FOR UPDATE")
            with pytest.raises(LedgerUnavailableError, match="lock timeout"):
                other.step(transfer.id, EventKind.STAGED)
            session.rollback()
        assert other.step(transfer.id, EventKind.STAGED).state is State.STAGED
    finally:
        hurried.close()


def test_no_more_connections_refuses_politely(bench: Bench) -> None:
    bench.begin()
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    try:
        with pytest.raises(psycopg.OperationalError):
            held.extend(psycopg.connect(bench.url) for _ in range(300))
        with pytest.raises(LedgerUnavailableError):
            open_database(bench.url)
    finally:
        for connection in held:
            connection.close()
    assert bench.staged(2).state is State.STAGED


def test_no_error_shows_the_password() -> None:
    url = "postgresql://somebody:CANARY-7731@127.0.0.1:1/none"
    with pytest.raises(LedgerUnavailableError) as caught:
        open_database(url)
    assert "CANARY-7731" not in f"{caught.value!r} {caught.value.__cause__}"


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    url = "postgresql://a:b@c:port/d"
    with pytest.raises(ValueError, match="can't be read") as caught:
        open_database(url)
    assert url not in str(caught.value)


def test_a_server_without_a_site_is_not_taken_for_one(postgres: Server) -> None:
    with pytest.raises(LedgerUnavailableError, match="holds no site"):
        open_database(postgres.empty())


def test_a_site_is_never_made_over_another(bench: Bench) -> None:
    with pytest.raises(FileExistsError, match="holds a site already"):
        open_database(bench.url, create=True)


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(bench: Bench) -> None:
    bench.begin()
    assert upgrade(bench.database) == "0010"
    assert bench.verify().events == 1


def test_a_transaction_that_only_reads_cannot_write(bench: Bench) -> None:
    with (
        pytest.raises(LedgerUnavailableError, match="read-only"),
        bench.database.read() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM events")


def test_two_nodes_share_one_log(bench: Bench) -> None:
    node = open_database(bench.url)
    try:
        second = Sequencer(node, bench.signer, "another", bench.clock)
        bench.delivered(1)
        assert bench.sequencer.step()
        bench.begin(2)
        assert second.step() is None, "the first has the lease"
        bench.clock.move(60)
        signed = second.step()
        assert signed
        assert signed.size == 7
    finally:
        node.close()
    assert bench.verify().signed == 7
