"""How uploads end: at a limit, in a crash, by a rename that fails, without their client."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.policy import Route
from gateway.lifecycle import State
from keys.segments import SEGMENT
from tests.support.staging_bench import CLINIC, StagingBench, policy, route
from transports.ports import Problem, TransportError

BIG = bytes(range(256)) * 13_000  # 3.3 MB: three whole segments and a tail
LIMIT = 8 * 2**20


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path, max_bytes=LIMIT)
    yield made
    made.close()


async def put_part(bench: StagingBench, data: bytes, name: str = "a.part") -> str:
    upload = await bench.intake.open(CLINIC, "claims", name)
    await upload.write(data)
    await upload.suspend()
    return upload.transfer


async def refused(work: object) -> Problem:
    with pytest.raises(TransportError) as caught:
        await work  # type: ignore[misc]  # any coroutine of the way in
    return caught.value.problem


@pytest.mark.parametrize(
    ("taken", "limit"), [(route(max_bytes=100), 100), (route(), LIMIT)], ids=["route", "settings"]
)
async def test_a_file_over_the_limit_is_gone(bench: StagingBench, taken: Route, limit: int) -> None:
    bench.policy = policy(claims=taken)
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * limit)
    assert await refused(upload.write(b"x")) is Problem.TOO_LARGE
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED
    assert bench.files() == {}


async def test_no_nonce_is_used_twice_whatever_follows_a_crash(bench: StagingBench) -> None:
    """What lies past the durable prefix is never written again under the same key."""
    transfer = await put_part(bench, b"a" * 1000)
    first = await bench.intake.resume(CLINIC, "claims", "a.part")
    await first.write(b"b" * 2_000_000)
    await first._drained()
    exposed = bench.files()[transfer]  # a snapshot, a backup
    crash(first)
    second = await bench.new_intake().resume(CLINIC, "claims", "a.part")
    await second.write(b"c" * 2_000_000)
    await second.commit()
    staged = bench.files()[bench.transfers.get(transfer).blob]
    assert staged[:40] != exposed[:40], "salt and nonce prefix are fresh"


async def test_the_size_shown_is_the_size_resumed_from(bench: StagingBench) -> None:
    for data in (b"", b"short", BIG):
        await put_part(bench, data)
        (shown, *_) = await bench.intake.submissions(CLINIC, "claims")
        upload = await bench.intake.resume(CLINIC, "claims", "a.part")
        assert (shown.size, upload.size) == (len(data), len(data))
        await upload.discard()


async def test_the_size_shown_after_a_crash_is_the_size_resumed_from(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    await upload.write(BIG)
    await upload._drained()
    crash(upload)
    intake = bench.new_intake()
    (shown,) = await intake.submissions(CLINIC)
    again = await intake.resume(CLINIC, "claims", "a.part")
    assert shown.size == again.size == 3 * (SEGMENT - 16) - 40
    await again.write(BIG[again.size :])
    await again.commit()
    assert bench.plaintext(upload.transfer) == BIG


async def test_there_is_nothing_to_resume_of_a_submitted_file(bench: StagingBench) -> None:
    await bench.staged(name="a.part")
    assert await refused(bench.intake.resume(CLINIC, "claims", "a.part")) is Problem.NOT_FOUND


async def test_beginning_anew_beside_a_busy_one_leaves_it_alone(bench: StagingBench) -> None:
    busy = await bench.intake.open(CLINIC, "claims", "a.837")
    await busy.write(b"first")
    await bench.staged(b"second", "a.837")
    await busy.commit()
    assert bench.plaintext(busy.transfer) == b"first"


async def test_a_rename_that_died_before_its_record_can_be_sent_again(bench: StagingBench) -> None:
    transfer = await put_part(bench, BIG)
    for _ in range(2):
        bench.ledger.gone = True
        problem = await refused(bench.intake.submit(CLINIC, "claims", "a.part", "a.837"))
        assert problem is Problem.UNAVAILABLE
        bench.ledger.gone = False
    await bench.new_intake().submit(CLINIC, "claims", "a.part", "a.837")
    assert bench.plaintext(transfer) == BIG
    assert bench.events(transfer) == ["transfer.begun", "transfer.staged"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
async def test_a_rename_that_fails_at_any_call_loses_nothing_that_was_closed(
    bench: StagingBench, call: str
) -> None:
    transfer = await put_part(bench, BIG)
    bench.system.fail[call] = errno.EIO if call != "write" else errno.ENOSPC
    await refused(bench.intake.submit(CLINIC, "claims", "a.part", "a.837"))
    bench.system.heal()
    if bench.transfers.get(transfer).state is State.ABANDONED:
        assert call == "fsync", "only a flush that failed makes it a loss, and says so"
        return
    await bench.intake.submit(CLINIC, "claims", "a.part", "a.837")
    assert bench.plaintext(transfer) == BIG


async def test_a_client_that_vanishes_in_the_commit_does_not_stop_it(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(BIG)
    committing = asyncio.create_task(upload.commit())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    committing.cancel()
    await asyncio.wait({committing})
    assert bench.transfers.get(upload.transfer).state is State.STAGED


async def test_an_ended_upload_takes_nothing_more(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.suspend()
    assert await refused(upload.write(b"x")) is Problem.CONFLICT
    assert await refused(upload.commit()) is Problem.CONFLICT
    await upload.suspend()
    await upload.discard()
    assert bench.transfers.get(upload.transfer).state is State.RECEIVING


async def test_submissions_come_newest_first_and_by_route(bench: StagingBench) -> None:
    bench.policy = policy(claims=route(), totals=route())
    await bench.staged(name="one")
    await bench.staged(name="two")
    assert [it.name for it in await bench.intake.submissions(CLINIC)] == ["two", "one"]
    assert await bench.intake.submissions(CLINIC, "totals") == []


def crash(upload: object) -> None:
    """The process dies: locks and descriptors go, the disk stays as it is."""
    upload._file.close()  # type: ignore[attr-defined]  # an upload
    upload._claim.release()  # type: ignore[attr-defined]  # likewise
