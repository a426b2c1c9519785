"""What the doctor says of payloads that are kept longer than their route's retention."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.doctor import Diagnosis, Level
from gateway.doctor_payloads import kept
from gateway.lifecycle import EventKind
from gateway.ports import Event
from gateway.store.tables import transfers
from tests.support.staging_bench import StagingBench, policy, route


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path / "site")
    yield made
    made.close()


def said(bench: StagingBench) -> list[Diagnosis]:
    return list(kept(bench.transfers, policy(claims=route(retention_days=7))))


def age(bench: StagingBench, transfer: str, days: int) -> None:
    with bench.database.write() as connection:
        connection.execute(
            update(transfers)
            .where(transfers.c.id == transfer)
            .values(created=datetime.now(UTC) - timedelta(days=days))
        )


async def test_what_is_young_is_well(bench: StagingBench) -> None:
    await bench.delivered()
    (found,) = said(bench)
    assert found.level is Level.OK


async def test_held_and_uncollected_files_past_their_retention_are_counted(
    bench: StagingBench,
) -> None:
    age(bench, await bench.held("why"), 8)
    age(bench, await bench.delivered(name="b.837"), 8)
    age(bench, await bench.delivered(name="c.837"), 6)
    (found,) = said(bench)
    assert found.level is Level.WARN
    assert "'claims': 2 are older" in found.detail


async def test_what_has_ended_is_the_purgers(bench: StagingBench) -> None:
    transfer = await bench.delivered()
    bench.ledger.advance(transfer, Event(EventKind.COLLECTED, "account:payer-bot"))
    age(bench, transfer, 8)
    (found,) = said(bench)
    assert found.level is Level.OK


async def test_legal_holds_are_counted(bench: StagingBench) -> None:
    event = Event(EventKind.LEGAL_HOLD, "person:counsel", {}, {"legal_hold": True})
    bench.ledger.remark(await bench.delivered(), event)
    (found,) = said(bench)
    assert found.detail.startswith("1 are on legal hold")
