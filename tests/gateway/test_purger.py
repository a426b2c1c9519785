"""Retention: the key goes, then the bytes; the record stays; a legal hold stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.decisions import DecisionError, Decisions
from gateway.ledger.verify import verify_database
from gateway.lifecycle import EventKind, State
from gateway.ports import Event
from gateway.purger import Purger
from tests.support.staging_bench import CLINIC, PAYER, StagingBench, policy, route

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "KESSELRING_MARCH.837"
LATER = timedelta(days=31)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path / "site")
    yield made
    made.close()


def purger(bench: StagingBench) -> Purger:
    return Purger(
        ledger=bench.ledger,
        ended=bench.transfers,
        disk=bench.disk,
        policy=lambda: bench.policy or policy(),
        forget=bench.database.forget,
    )


def sweep(bench: StagingBench, after: timedelta = LATER) -> int:
    return purger(bench).sweep(datetime.now(UTC) + after)


async def collected(bench: StagingBench) -> str:
    transfer = await bench.delivered(name=NAME)
    await bench.mailbox.acknowledge(PAYER, transfer)
    return transfer


def decisions(bench: StagingBench) -> Decisions:
    return Decisions(bench.ledger, bench.transfers, lambda _text: None)


async def test_after_its_retention_the_key_and_the_bytes_are_gone_and_the_record_stays(
    bench: StagingBench,
) -> None:
    transfer = await collected(bench)
    before = bench.transfers.get(transfer)
    assert sweep(bench) == 1
    after = bench.transfers.get(transfer)
    assert (after.state, after.data_key, after.name, after.sealed_name) == (
        State.PURGED, b"", b"", b"",
    )  # fmt: skip
    assert after.purged is not None
    assert (after.sha256, after.sealed_sha256) == (before.sha256, before.sealed_sha256)
    assert bench.files() == {}
    assert bench.events(transfer)[-1] == "transfer.purged"
    assert verify_database(bench.root / "ledger.db").ok


async def test_no_file_of_the_database_holds_the_destroyed_key(bench: StagingBench) -> None:
    transfer = await collected(bench)
    found = bench.transfers.get(transfer)
    assert sweep(bench) == 1
    for path in bench.root.glob("ledger.db*"):
        content = path.read_bytes()
        assert found.data_key not in content
        assert found.name not in content


async def test_a_day_before_nothing_is_touched(bench: StagingBench) -> None:
    transfer = await collected(bench)
    assert sweep(bench, timedelta(days=29)) == 0
    assert bench.transfers.get(transfer).state is State.COLLECTED


async def test_each_route_has_its_own_retention(bench: StagingBench) -> None:
    bench.policy = policy(claims=route(retention_days=90), other=route(retention_days=1))
    await collected(bench)
    assert sweep(bench, timedelta(days=89)) == 0
    assert sweep(bench, timedelta(days=91)) == 1


async def test_a_route_that_is_gone_keeps_as_long_as_the_longest(bench: StagingBench) -> None:
    await collected(bench)
    bench.policy = policy(other=route(retention_days=90))
    assert sweep(bench, timedelta(days=89)) == 0
    assert sweep(bench, timedelta(days=91)) == 1


@pytest.mark.parametrize("kind", ["held", "delivered", "staged"])
async def test_what_has_not_ended_stays_however_old_it_is(bench: StagingBench, kind: str) -> None:
    if kind == "held":
        transfer = await bench.held()
    else:
        transfer = await (bench.delivered() if kind == "delivered" else bench.staged())
    assert sweep(bench, timedelta(days=36_500)) == 0
    assert transfer in bench.files()


async def test_a_refused_file_ends_too(bench: StagingBench) -> None:
    transfer = await bench.held("reason")
    decisions(bench).refuse(transfer, "an analyst", "not for us")
    assert sweep(bench) == 1
    assert bench.files() == {}


async def test_an_abandoned_upload_ends_too(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", NAME)
    await upload.discard()
    assert sweep(bench) == 1
    assert bench.transfers.get(upload.transfer).data_key == b""


async def test_a_legal_hold_stops_it_till_it_is_lifted(bench: StagingBench) -> None:
    transfer = await collected(bench)
    decisions(bench).legal_hold(transfer, "counsel", "a claim is disputed", held=True)
    assert sweep(bench) == 0
    assert bench.transfers.get(transfer).state is State.COLLECTED
    decisions(bench).legal_hold(transfer, "counsel", "it is settled", held=False)
    assert sweep(bench) == 1
    assert bench.events(transfer)[-3:] == [
        "legal_hold.set", "legal_hold.lifted", "transfer.purged",
    ]  # fmt: skip
    assert verify_database(bench.root / "ledger.db").ok


async def test_a_legal_hold_set_between_look_and_purge_wins(bench: StagingBench) -> None:
    transfer = await collected(bench)
    ended = bench.transfers.purgeable(datetime.now(UTC))
    decisions(bench).legal_hold(transfer, "counsel", "a claim is disputed", held=True)
    assert [t.id for t in ended] == [transfer]
    assert purger(bench)._purge(ended[0]) is False
    assert transfer in bench.files()


async def test_a_legal_hold_leaves_a_worker_at_its_work(bench: StagingBench) -> None:
    transfer = await bench.staged()
    lease = bench.queue.claim("w", 60)
    assert lease
    decisions(bench).legal_hold(transfer, "counsel", "a claim is disputed", held=True)
    bench.ledger.advance(transfer, Event(EventKind.INSPECTED, "worker:w"), lease)
    assert bench.transfers.get(transfer).legal_hold


async def test_a_second_legal_hold_is_said_to_be_one(bench: StagingBench) -> None:
    transfer = await bench.staged()
    decisions(bench).legal_hold(transfer, "counsel", "a claim is disputed", held=True)
    with pytest.raises(DecisionError, match="on legal hold already"):
        decisions(bench).legal_hold(transfer, "counsel", "again", held=True)


async def test_a_purged_transfer_has_nothing_to_hold(bench: StagingBench) -> None:
    transfer = await collected(bench)
    sweep(bench)
    with pytest.raises(DecisionError, match="is purged"):
        decisions(bench).legal_hold(transfer, "counsel", "too late", held=True)


async def test_a_purge_that_died_behind_its_record_leaves_noise_for_the_next_start(
    bench: StagingBench,
) -> None:
    await collected(bench)
    bench.system.fail_after("unlink", 0, 5)
    with pytest.raises(Exception, match="payload store"):
        sweep(bench)
    bench.system.heal()
    assert bench.files()
    from gateway.reconcile import reconcile  # noqa: PLC0415 - here alone

    found = reconcile(bench.transfers, bench.disk, None)
    assert (found.removed, found.unknown, found.missing) == (2, 0, 0)
    assert bench.files() == {}
