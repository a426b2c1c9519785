"""A worker's manners: leases kept alive and given back, tries counted, a lost lease dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.ledger.work import SqlWorkQueue
from gateway.lifecycle import EventKind, State
from gateway.migrations import upgrade
from gateway.ports import Event, Lease, LedgerUnavailableError, Transfer
from gateway.store.database import Database, open_database
from gateway.store.disk import NoSpaceError
from gateway.worker import Worker, WorkerOptions
from tests.support.eventually import eventually

FAST = WorkerOptions(lanes=1, lease=0.6, idle=0.02, tries=3, backoff=0.01)


@dataclass
class Counter:
    finished: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def step_finished(self, step: str, seconds: float) -> None:
        self.finished.append(step)

    def step_failed(self, step: str) -> None:
        self.failed.append(step)


class Yard:
    """A real ledger, and workers whose step the test gives."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = SqlLedger(database)
        self.queue = SqlWorkQueue(database)
        self.transfers = SqlTransfers(database)
        self.counter = Counter()

    def staged(self, number: int = 1) -> str:
        transfer, now = f"t_{number:026}", datetime.now(UTC)
        row = Transfer(
            transfer, "claims", "clinic", "clinic-1", "payer", State.RECEIVING, now, now,
            b"key", b"name", f"digest{number}", transfer,
        )  # fmt: skip
        self.ledger.begin(row, Event(EventKind.BEGUN, "account:clinic-1"))
        self.ledger.advance(transfer, Event(EventKind.STAGED, "account:clinic-1"))
        return transfer

    def worker(
        self, step: Callable[[Lease], Awaitable[Transfer]], options: WorkerOptions = FAST
    ) -> Worker:
        worker = Worker("1", self.queue, self.ledger, step, self.counter, options)
        worker.start()
        return worker

    async def hold(self, lease: Lease) -> Transfer:
        """A step that ends the transfer's way, so that it is taken once."""
        event = Event(EventKind.HELD, f"worker:{lease.owner}")
        return await asyncio.to_thread(self.ledger.advance, lease.transfer.id, event, lease)

    async def until(self, transfer: str, state: State) -> None:
        await eventually(lambda: self.transfers.get(transfer).state is state)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}", create=True)
    upgrade(database)
    yield Yard(database)
    database.close()


async def test_it_takes_what_is_due(yard: Yard) -> None:
    transfers = [yard.staged(number) for number in range(1, 6)]
    worker = yard.worker(yard.hold)
    for transfer in transfers:
        await yard.until(transfer, State.HELD)
    await worker.stop(5)
    assert yard.counter.finished == ["inspect"] * 5


async def test_a_step_that_takes_longer_than_its_lease_keeps_it(yard: Yard) -> None:
    transfer = yard.staged()

    async def slow(lease: Lease) -> Transfer:
        await asyncio.sleep(1.5)
        return await yard.hold(lease)

    worker = yard.worker(slow)
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    assert yard.counter.finished == ["inspect"]


async def test_a_failing_step_is_tried_again(yard: Yard) -> None:
    transfer = yard.staged()
    tries = 0

    async def second_time_lucky(lease: Lease) -> Transfer:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("a bad moment")
        return await yard.hold(lease)

    worker = yard.worker(second_time_lucky)
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    assert (yard.counter.failed, yard.counter.finished) == (["inspect"], ["inspect"])


async def test_a_step_that_keeps_failing_ends_in_held_with_its_reason(yard: Yard) -> None:
    transfer = yard.staged()

    async def never(lease: Lease) -> Transfer:
        raise RuntimeError("SSN 536-22-8714")

    worker = yard.worker(never)
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    row = yard.transfers.get(transfer)
    assert row.reasons == ("the gateway could not inspect this file in 3 tries",)
    assert len(yard.counter.failed) == 3


async def test_a_file_that_kills_its_workers_is_held_without_another_try(yard: Yard) -> None:
    transfer = yard.staged()
    for _ in range(FAST.tries):
        assert yard.queue.claim("doomed", 0.0)  # and its worker dies: the lease runs out
    taken: list[Lease] = []

    async def fatal(lease: Lease) -> Transfer:
        taken.append(lease)
        return await yard.hold(lease)

    worker = yard.worker(fatal)
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    assert taken == []
    assert yard.transfers.get(transfer).reasons


async def test_a_full_disk_is_waited_for_and_is_no_failure_of_the_file(yard: Yard) -> None:
    transfer = yard.staged()
    tries = 0

    async def full_for_long(lease: Lease) -> Transfer:
        nonlocal tries
        tries += 1
        if tries <= 2 * FAST.tries:
            raise NoSpaceError("full")
        return await yard.hold(lease)

    worker = yard.worker(full_for_long, replace(FAST, no_space=0.01))
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    assert yard.transfers.get(transfer).reasons == ()
    assert yard.counter.failed == []


class _Waited(SqlWorkQueue):
    """Remembers how long each transfer is to wait."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.delays: list[float] = []

    def give_back(self, lease: Lease, *, failed: bool, delay: float = 0.0) -> None:
        self.delays.append(delay)
        super().give_back(lease, failed=failed)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (NoSpaceError("full"), "the disk had no room for it"),
        (LedgerUnavailableError("it refuses this row"), "the database refused it"),
    ],
)
async def test_a_wait_that_never_ends_is_held_with_its_reason(
    yard: Yard, error: Exception, cause: str
) -> None:
    transfer = yard.staged()

    async def never(lease: Lease) -> Transfer:
        raise error

    worker = yard.worker(never, replace(FAST, no_space=0.01, patience=0, waits=4))
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    reason = f"the gateway could not inspect this file: {cause} in 0 hours"
    assert yard.transfers.get(transfer).reasons == (reason,)
    assert yard.queue.claim("another", 1.0) is None


@pytest.mark.parametrize(("patience", "waits"), [(1.0, 1), (0.0, 10**6)])
async def test_neither_hours_nor_tries_alone_end_a_wait(
    yard: Yard, patience: float, waits: int
) -> None:
    yard.staged()
    yard.queue = queue = _Waited(yard.database)

    async def full(lease: Lease) -> Transfer:
        raise NoSpaceError("full")

    worker = yard.worker(full, replace(FAST, no_space=0.01, patience=patience, waits=waits))
    await eventually(lambda: len(queue.delays) > 10)
    await worker.stop(5)
    assert yard.transfers.in_state(State.STAGED)


async def test_each_try_waits_longer_than_the_last_and_none_as_long_as_another(
    yard: Yard,
) -> None:
    transfer = yard.staged()
    yard.queue = queue = _Waited(yard.database)

    async def never(lease: Lease) -> Transfer:
        raise RuntimeError("a bad moment")

    worker = yard.worker(never, replace(FAST, backoff=1.0, tries=6))
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    assert len(queue.delays) == 5
    ratios = [delay / 2**number for number, delay in enumerate(queue.delays)]
    assert all(0.5 <= ratio <= 1.5 for ratio in ratios)
    assert len(set(ratios)) == 5


async def test_what_a_failure_says_is_not_logged(
    yard: Yard, capsys: pytest.CaptureFixture[str]
) -> None:
    transfer = yard.staged()

    async def never(lease: Lease) -> Transfer:
        raise RuntimeError("SSN 536-22-8714")

    worker = yard.worker(never)
    await yard.until(transfer, State.HELD)
    await worker.stop(5)
    with yard.database.read() as connection:
        stored = str(connection.exec_driver_sql("SELECT body FROM events").all())
    assert "536-22-8714" not in stored


async def test_stopping_lets_a_step_end(yard: Yard) -> None:
    transfer = yard.staged()
    begun = asyncio.Event()

    async def slow(lease: Lease) -> Transfer:
        begun.set()
        await asyncio.sleep(0.2)
        return await yard.hold(lease)

    worker = yard.worker(slow)
    await begun.wait()
    await worker.stop(5)
    assert yard.transfers.get(transfer).state is State.HELD


async def test_stopping_gives_back_the_lease_of_a_step_that_takes_too_long(yard: Yard) -> None:
    transfer = yard.staged()
    begun = asyncio.Event()

    async def endless(lease: Lease) -> Transfer:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    worker = yard.worker(endless, WorkerOptions(lanes=1, lease=60, idle=0.02))
    await begun.wait()
    await worker.stop(0.05)
    lease = yard.queue.claim("another", 60)
    assert lease
    assert lease.transfer.id == transfer
    assert lease.transfer.attempts == 0


async def test_a_lost_lease_cancels_the_step(yard: Yard) -> None:
    yard.staged()
    cancelled = asyncio.Event()

    async def robbed(lease: Lease) -> Transfer:
        yard.queue.give_back(lease, failed=False, delay=60)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    worker = yard.worker(robbed)
    async with asyncio.timeout(10):
        await cancelled.wait()
    await worker.stop(5)
    assert yard.counter.finished == []


async def test_a_ledger_that_is_gone_for_a_while_is_waited_for(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, refusals = yard.queue.claim, 3

    def sometimes(owner: str, seconds: float) -> Lease | None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise LedgerUnavailableError("locked")
        return claim(owner, seconds)

    monkeypatch.setattr(yard.queue, "claim", sometimes)
    transfer = yard.staged()
    worker = yard.worker(yard.hold)
    await yard.until(transfer, State.HELD)
    await worker.stop(5)


async def test_two_lanes_work_side_by_side(yard: Yard) -> None:
    transfers = [yard.staged(1), yard.staged(2)]
    both = asyncio.Barrier(2)

    async def together(lease: Lease) -> Transfer:
        await both.wait()
        return await yard.hold(lease)

    worker = yard.worker(together, WorkerOptions(lanes=2, lease=60, idle=0.02))
    for transfer in transfers:
        await yard.until(transfer, State.HELD)
    await worker.stop(5)
