"""Database and payloads after a crash: garbage goes where it is proven, everything else stays."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.claims import Claim
from gateway.reconcile import Findings, account_for, reconcile
from gateway.transfer_ids import made_at, new_transfer_id
from tests.support.staging_bench import StagingBench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD = "t_01hzzzzzzz" + "0" * 16
"""Of 2024."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path / "site")
    yield made
    made.close()


def put(bench: StagingBench, name: str) -> None:
    bench.disk.put(name, b"bytes")


def run(bench: StagingBench, signed: datetime | None = None) -> Findings:
    return reconcile(bench.transfers, bench.disk, signed)


async def test_what_fits_is_left_alone(bench: StagingBench) -> None:
    await bench.staged()
    await bench.delivered(name="b.837")
    before = bench.files()
    assert run(bench, datetime.now(UTC)) == Findings(transfers=2)
    assert bench.files() == before


async def test_a_blob_that_was_never_recorded_goes_once_the_log_proves_it(
    bench: StagingBench,
) -> None:
    put(bench, OLD)
    assert run(bench, datetime.now(UTC)).removed == 1
    assert bench.files() == {}


@pytest.mark.parametrize(
    "signed", [None, datetime(2023, 1, 1, tzinfo=UTC)], ids=["no checkpoint", "an old one"]
)
async def test_a_blob_that_the_ledger_may_have_lost_is_reported_and_kept(
    bench: StagingBench, signed: datetime | None
) -> None:
    put(bench, OLD)
    found = run(bench, signed)
    assert (found.removed, found.unknown, found.named) == (0, 1, (OLD,))
    assert OLD in bench.files()


async def test_a_blob_that_somebody_works_on_is_kept(bench: StagingBench) -> None:
    put(bench, OLD)
    claim = Claim.take(bench.disk.claims, OLD)
    assert claim
    with claim:
        assert run(bench, datetime.now(UTC)).unknown == 1
    assert OLD in bench.files()


async def test_a_blob_of_a_moment_ago_is_kept(bench: StagingBench) -> None:
    put(bench, new_transfer_id())
    assert run(bench, datetime.now(UTC)).unknown == 1


async def test_a_file_with_a_name_of_another_kind_is_kept(bench: StagingBench) -> None:
    put(bench, "somebodys.backup")
    found = run(bench, datetime.now(UTC))
    assert (found.removed, found.unknown) == (0, 1)


async def test_the_try_of_a_worker_that_died_goes_once_a_later_one_was_sealed(
    bench: StagingBench,
) -> None:
    transfer = await bench.delivered()
    put(bench, f"{transfer}.c1.sealed")
    assert run(bench).removed == 1
    assert f"{transfer}.sealed" in bench.files()


async def test_a_try_that_may_still_be_at_work_is_kept(bench: StagingBench) -> None:
    transfer = await bench.staged()
    put(bench, f"{transfer}.c1.opened")
    assert run(bench).removed == 0


async def test_a_payload_that_is_gone_is_named_and_nothing_changes(bench: StagingBench) -> None:
    transfer = await bench.staged()
    bench.disk.remove(transfer)
    found = run(bench)
    assert (found.missing, found.named) == (1, (transfer,))
    assert bench.events(transfer) == ["transfer.begun", "transfer.staged"]


async def test_a_staged_file_that_was_cut_off_is_named(bench: StagingBench) -> None:
    transfer = await bench.staged(b"x" * 3_000_000)
    path = next(path for path in bench.blobs.rglob("*") if path.name == transfer)
    os.truncate(path, 2**20)
    found = run(bench)
    assert (found.missing, found.named) == (1, (transfer,))


async def test_garbage_on_a_disk_gone_read_only_is_counted_and_stops_nothing(
    bench: StagingBench,
) -> None:
    put(bench, OLD)
    bench.system.fail["unlink"] = errno.EROFS
    found = run(bench, datetime.now(UTC))
    assert (found.removed, found.stuck) == (0, 1)
    assert OLD in bench.files()


async def test_a_sealed_file_that_was_cut_off_is_named(bench: StagingBench) -> None:
    transfer = await bench.delivered()
    bench.disk.put(f"{transfer}.sealed", b"short")
    assert run(bench).missing == 1


async def test_more_than_a_page_is_gone_through(bench: StagingBench) -> None:
    for number in range(1, 620):
        put(bench, f"t_01hzzzzzzz{number:016}")
    assert run(bench, datetime.now(UTC)).removed == 619


async def test_what_was_found_is_on_the_log(bench: StagingBench) -> None:
    account_for(Findings(removed=2, unknown=1, named=(OLD,)), bench.ledger)
    account_for(Findings(transfers=9), bench.ledger)
    from gateway.ledger.export import exported  # noqa: PLC0415 - here alone

    lines = [line for line in exported(bench.database) if "site.reconciled" in line]
    assert len(lines) == 1
    assert f'"named":["{OLD}"]' in lines[0]


def test_an_id_tells_when_it_was_made() -> None:
    made = made_at(new_transfer_id())
    assert made
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["", "t_", "t_" + "u" * 26, "x" * 28, "t_" + "z" * 26])
def test_what_is_no_id_tells_nothing(text: str) -> None:
    assert made_at(text) is None
