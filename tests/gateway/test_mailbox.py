"""The one way out: whole readings collect, partial and failed ones don't, and once is once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.operations import Role
from gateway.lifecycle import State
from gateway.mailbox import Coverage
from tests.support.staging_bench import CLINIC, OTHER, PAYER, StagingBench
from transports.ports import Principal, Problem, TransportError

SEALED = bytes(range(256)) * 40


async def read_whole(bench: StagingBench, transfer: str, *, received: bool = True) -> bytes:
    reading = await bench.mailbox.open(PAYER, transfer)
    parts, offset = [], 0
    while piece := await reading.read(offset, 1_000):
        parts.append(piece)
        offset += len(piece)
    await reading.close(received=received)
    return b"".join(parts)


async def test_what_was_sealed_is_read_and_collected(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED)
    assert await read_whole(bench, transfer) == SEALED
    assert bench.transfers.get(transfer).state is State.COLLECTED


async def test_a_reading_that_the_client_did_not_get_collects_nothing(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED)
    await read_whole(bench, transfer, received=False)
    assert bench.transfers.get(transfer).state is State.DELIVERED


async def test_a_part_collects_nothing(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED)
    reading = await bench.mailbox.open(PAYER, transfer)
    await reading.read(0, len(SEALED) - 1)
    await reading.close()
    assert bench.transfers.get(transfer).state is State.DELIVERED


async def test_parts_in_any_order_make_a_whole(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED)
    reading = await bench.mailbox.open(PAYER, transfer)
    for offset in range(len(SEALED) - 1_000, -1, -500):
        await reading.read(offset, 1_000)
    await reading.read(0, 1_000)
    await reading.close()
    assert bench.transfers.get(transfer).state is State.COLLECTED


async def test_acknowledging_twice_is_once(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED)
    await bench.mailbox.acknowledge(PAYER, transfer)
    await bench.mailbox.acknowledge(PAYER, transfer)
    assert bench.events(transfer).count("transfer.collected") == 1


async def test_reading_and_acknowledging_at_once_is_once(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED)
    await asyncio.gather(
        read_whole(bench, transfer),
        *(bench.mailbox.acknowledge(PAYER, transfer) for _ in range(5)),
    )
    assert bench.events(transfer).count("transfer.collected") == 1


@pytest.mark.parametrize("who", [OTHER, CLINIC])
async def test_somebody_elses_file_is_not_there(bench: StagingBench, who: Principal) -> None:
    transfer = await bench.delivered(SEALED)
    for work in (bench.mailbox.open(who, transfer), bench.mailbox.acknowledge(who, transfer)):
        with pytest.raises(TransportError) as caught:
            await work
        assert caught.value.problem is Problem.NOT_FOUND


async def test_a_file_that_is_not_delivered_yet_is_not_there(bench: StagingBench) -> None:
    transfer = await bench.staged()
    with pytest.raises(TransportError):
        await bench.mailbox.open(PAYER, transfer)
    assert await bench.mailbox.parcels(PAYER) == []


async def test_an_account_without_the_scope_sees_an_empty_mailbox(bench: StagingBench) -> None:
    await bench.delivered(SEALED)
    who = Principal("payer-bot", "payer", frozenset({Role.SENDER}))
    assert await bench.mailbox.parcels(who) == []


async def test_the_listing_carries_no_name_unless_the_route_lists_it(bench: StagingBench) -> None:
    transfer = await bench.delivered(SEALED, name="secret.837")
    (parcel,) = await bench.mailbox.parcels(PAYER)
    assert parcel.listed_name == f"{transfer}.pgp"


async def test_two_files_listed_under_one_name_are_both_there(bench: StagingBench) -> None:
    for _ in range(2):
        await bench.delivered(SEALED, name="batch.837", listed="")
    names = [parcel.listed_name for parcel in await bench.mailbox.parcels(PAYER)]
    assert names[0] == "batch.837.pgp"
    assert len(set(names)) == 2


async def test_a_sealed_file_of_another_size_than_recorded_is_not_given_out(
    bench: StagingBench,
) -> None:
    transfer = await bench.delivered(SEALED)
    fd = bench.disk.replace(f"{transfer}.sealed")
    bench.disk.append(fd, SEALED[:-1])
    with pytest.raises(TransportError) as caught:
        await bench.mailbox.open(PAYER, transfer)
    assert caught.value.problem is Problem.UNAVAILABLE


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_coverage_is_whole_when_every_byte_was_read(
    size: int, spans: list[tuple[int, int]]
) -> None:
    coverage, seen = Coverage(size), set[int]()
    for start, end in spans:
        start, end = min(start, size), min(end, size)  # noqa: PLW2901 - as a reading clips
        coverage.add(start, end)
        seen |= set(range(start, end))
    assert coverage.whole is (seen >= set(range(size)))
