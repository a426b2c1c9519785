"""The same request again, under an Idempotency-Key, makes no second transfer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from gateway.lifecycle import State
from gateway.upload import StagedUpload
from tests.support.staging_bench import CLINIC, OTHER, StagingBench, policy, route
from transports.ports import Problem, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transports.ports import Principal, Submission

KEY = "4ce2b4d0-batch-17"
DATA = b"some bytes"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path / "site")
    made.policy = policy(
        claims=route(**{"from": ["clinic", "other"]}), totals=route(**{"from": ["clinic"]})
    )
    yield made
    made.close()


async def put(
    bench: StagingBench,
    data: bytes = DATA,
    *,
    where: str = "claims",
    name: str = "a.837",
    key: str = KEY,
    who: Principal = CLINIC,
) -> Submission:
    upload = await bench.intake.open(who, where, name, key)
    await upload.write(data)
    return await upload.commit()


def transfers(bench: StagingBench) -> int:
    return len(bench.transfers.newest(limit=100))


async def test_again_gets_the_first_answer_and_makes_no_second_transfer(
    bench: StagingBench,
) -> None:
    first = await put(bench)
    again = await put(bench)
    assert (again.transfer, again.sha256) == (first.transfer, first.sha256)
    assert transfers(bench) == 1
    assert len(bench.files()) == 1


async def test_it_holds_after_a_restart(bench: StagingBench) -> None:
    first = await put(bench)
    bench.intake.close()
    bench.intake = bench.new_intake()
    assert (await put(bench)).transfer == first.transfer


@pytest.mark.parametrize(
    "change",
    [{"name": "b.837"}, {"where": "totals"}, {"data": b"other bytes"}],
    ids=["another name", "another route", "other bytes"],
)
async def test_another_request_under_the_key_is_refused(
    bench: StagingBench, change: dict[str, object]
) -> None:
    await put(bench)
    with pytest.raises(TransportError) as refused:
        await put(bench, **change)  # type: ignore[arg-type]  # by name
    assert refused.value.problem is Problem.KEY_REUSED
    assert transfers(bench) == 1


async def test_another_key_is_another_transfer(bench: StagingBench) -> None:
    await put(bench)
    await put(bench, key="another")
    assert transfers(bench) == 2


async def test_a_key_is_the_accounts_own(bench: StagingBench) -> None:
    first = await put(bench)
    assert (await put(bench, who=OTHER)).transfer != first.transfer


async def test_while_the_first_is_under_way_the_second_is_told_so(bench: StagingBench) -> None:
    first = await bench.intake.open(CLINIC, "claims", "a.837", KEY)
    with pytest.raises(TransportError) as refused:
        await put(bench)
    assert refused.value.problem is Problem.BUSY
    await first.write(DATA)
    submitted = await first.commit()
    assert (await put(bench)).transfer == submitted.transfer


async def test_a_first_that_broke_off_gives_way(bench: StagingBench) -> None:
    first = await bench.intake.open(CLINIC, "claims", "a.837", KEY)
    await first.write(DATA[:4])
    await first.suspend()
    second = await put(bench)
    assert second.transfer != first.transfer
    assert bench.transfers.get(first.transfer).state is State.ABANDONED
    assert (await put(bench)).transfer == second.transfer


async def test_a_first_that_was_discarded_does_not_count(bench: StagingBench) -> None:
    first = await bench.intake.open(CLINIC, "claims", "a.837", KEY)
    await first.discard()
    assert (await put(bench)).transfer != first.transfer


async def test_of_requests_at_the_same_moment_at_most_one_makes_a_transfer(
    bench: StagingBench,
) -> None:
    found = await asyncio.gather(*(put(bench) for _ in range(6)), return_exceptions=True)
    refused = [it for it in found if isinstance(it, TransportError)]
    assert all(error.problem is Problem.BUSY for error in refused)
    submitted = {it.transfer for it in found if not isinstance(it, BaseException)}
    assert len(submitted) <= 1
    await put(bench)
    done = [t for t in bench.transfers.newest(limit=100) if t.state is State.STAGED]
    assert len(done) == 1


async def test_a_month_later_the_key_is_free(bench: StagingBench) -> None:
    first = await put(bench)
    with bench.database.write() as connection:
        connection.exec_driver_sql("UPDATE transfers SET created = created - 31 * 86400000000")
    assert (await put(bench)).transfer != first.transfer


async def test_nothing_on_the_disk_holds_the_key(bench: StagingBench) -> None:
    await put(bench)
    bench.database.forget()
    assert KEY.encode() not in (bench.root / "ledger.db").read_bytes()


async def test_without_a_key_each_request_is_its_own(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    assert isinstance(upload, StagedUpload)
    await upload.write(DATA)
    await upload.commit()
    await bench.staged()
    assert transfers(bench) == 2
