"""Edges tell each other by the database what accounts take, on each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.sharing import STALE, ShareBook, Sharing
from transports.shares import ShareExceededError, Shares, Use

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench

ONE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def rows(bench: Bench) -> int:
    with bench.database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM edge_shares").scalar_one())


def test_each_reads_the_sum_of_what_the_others_wrote(bench: Bench) -> None:
    one, two, three = (ShareBook(bench.database, name, bench.clock) for name in "123")
    assert one.exchange({"a": Use(3, 60), "b": Use(1, 1)}) == {}
    assert two.exchange({"a": Use(2, 40)}) == {"a": Use(3, 60), "b": Use(1, 1)}
    assert three.exchange({}) == {"a": Use(5, 100), "b": Use(1, 1)}
    assert one.exchange({"a": Use(1, 0)}) == {"a": Use(2, 40)}
    assert three.exchange({}) == {"a": Use(3, 40)}
    one.withdraw()
    assert three.exchange({}) == {"a": Use(2, 40)}
    assert bench.verify().ok, "it is no part of the log"


@ONE
def test_what_a_dead_edge_wrote_counts_no_more_and_goes_away(bench: Bench) -> None:
    dead, living = (ShareBook(bench.database, name, bench.clock) for name in ("dead", "living"))
    dead.exchange({"a": Use(64, 0)})
    bench.clock.move(STALE.total_seconds() + 1)
    assert living.exchange({"b": Use(1, 0)}) == {}
    bench.clock.move(6 * STALE.total_seconds())
    living.exchange({"b": Use(1, 0)})
    assert rows(bench) == 1


@ONE
async def test_an_account_has_its_sessions_over_all_edges_together(bench: Bench) -> None:
    edges = [Shares(sessions=2), Shares(sessions=2)]
    sharing = [
        Sharing(ShareBook(bench.database, str(number), bench.clock), shares)
        for number, shares in enumerate(edges)
    ]

    async def exchange() -> None:
        for each in sharing:
            await each.exchange()

    edges[0].enter("a")
    edges[0].enter("a")
    await exchange()
    with pytest.raises(ShareExceededError, match="2 sessions already"):
        edges[1].enter("a")
    edges[0].leave("a")
    await exchange()
    edges[1].enter("a")
    await sharing[0].withdraw()
    await sharing[1].withdraw()
    assert rows(bench) == 0


@ONE
async def test_without_a_database_each_edge_counts_for_itself(bench: Bench) -> None:
    shares = Shares(sessions=1)
    ShareBook(bench.database, "other", bench.clock).exchange({"a": Use(1, 0)})
    sharing = Sharing(ShareBook(bench.database, "own", bench.clock), shares)
    await sharing.exchange()
    with pytest.raises(ShareExceededError):
        shares.enter("a")
    bench.path.rename(bench.path.with_suffix(".away"))
    bench.database.close()
    await sharing.exchange()
    shares.enter("a")
