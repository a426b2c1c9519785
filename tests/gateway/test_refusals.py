"""Refused logins are on the log as a count, however many there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gateway.ledger.export import exported
from gateway.refusals import Refusals
from tests.support.staging_bench import StagingBench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path / "site")
    yield made
    made.close()


def events(bench: StagingBench) -> list[dict[str, object]]:
    return [json.loads(line)["event"] for line in exported(bench.database)]


def test_a_thousand_refusals_are_one_event(bench: StagingBench) -> None:
    refusals = Refusals(bench.ledger)
    for _ in range(1000):
        refusals.count("password", "clinic-bot")
    refusals.count("ssh-key", "")
    refusals.record()
    (event,) = events(bench)
    assert event["kind"] == "logins.refused"
    assert event["facts"] == {
        "methods": {"password": 1000, "ssh_key": 1},
        "accounts": [{"account": "clinic-bot", "count": 1000}],
    }


def test_a_minute_without_any_is_no_event(bench: StagingBench) -> None:
    Refusals(bench.ledger).record()
    assert events(bench) == []


def test_what_is_recorded_counts_once(bench: StagingBench) -> None:
    refusals = Refusals(bench.ledger)
    refusals.count("token", "")
    refusals.record()
    refusals.record()
    assert len(events(bench)) == 1


def test_a_ledger_that_is_gone_stops_nobody(bench: StagingBench) -> None:
    bench.ledger.gone = True
    refusals = Refusals(bench.ledger)
    refusals.count("token", "")
    refusals.record()
    assert events(bench) == []
