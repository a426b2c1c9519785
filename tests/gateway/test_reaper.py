"""Uploads that nobody resumed are given up, and only those."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.lifecycle import State
from gateway.reaper import Reaper
from gateway.upload import StagedUpload
from tests.support.staging_bench import CLINIC, StagingBench

LIMIT = timedelta(hours=72)


@pytest.fixture
def reaper(bench: StagingBench) -> Reaper:
    return Reaper(
        ledger=bench.ledger, transfers=bench.transfers, disk=bench.disk,
        partials=bench.partials, after=LIMIT,
    )  # fmt: skip


async def begun(bench: StagingBench, name: str = "a.837") -> StagedUpload:
    upload = await bench.intake.open(CLINIC, "claims", name)
    await upload.write(b"x" * 10)
    return upload


async def test_an_old_one_is_given_up_and_its_bytes_are_gone(
    bench: StagingBench, reaper: Reaper
) -> None:
    upload = await begun(bench)
    await upload.suspend()
    assert reaper.sweep(datetime.now(UTC) + LIMIT + timedelta(minutes=1)) == 1
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED
    assert bench.files() == {}


async def test_a_younger_one_can_still_be_resumed(bench: StagingBench, reaper: Reaper) -> None:
    upload = await begun(bench)
    await upload.suspend()
    assert reaper.sweep(datetime.now(UTC) + LIMIT - timedelta(minutes=1)) == 0
    again = await bench.intake.resume(CLINIC, "claims", "a.837")
    assert again.size == 10
    await again.discard()


async def test_one_under_way_is_left_alone(bench: StagingBench, reaper: Reaper) -> None:
    upload = await begun(bench)
    assert reaper.sweep(datetime.now(UTC) + 2 * LIMIT) == 0
    assert (await upload.commit()).state == State.STAGED


async def test_what_was_submitted_is_left_alone(bench: StagingBench, reaper: Reaper) -> None:
    transfer = await bench.staged(b"content")
    assert reaper.sweep(datetime.now(UTC) + 2 * LIMIT) == 0
    assert bench.plaintext(transfer) == b"content"
