from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.lifecycle import EventKind, State
from gateway.ports import Event, Lease, LeaseLostError

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench


def claim(bench: Bench, owner: str = "worker:1", seconds: float = 30) -> Lease:
    lease = bench.queue.claim(owner, seconds)
    assert lease is not None
    return lease


def test_only_states_that_wait_for_a_worker_are_claimed(bench: Bench) -> None:
    bench.begin(1)
    bench.delivered(2)
    held = bench.staged(3)
    bench.step(held.id, EventKind.HELD)
    assert bench.queue.claim("worker:1", 30) is None


def test_the_oldest_comes_first_even_when_it_was_staged_last(bench: Bench) -> None:
    first = bench.begin(1)
    bench.clock.move(1)
    bench.staged(2)
    bench.step(first.id, EventKind.STAGED)
    assert claim(bench).transfer.id == first.id


def test_a_leased_transfer_is_nobody_elses(bench: Bench) -> None:
    bench.staged()
    claim(bench)
    assert bench.queue.claim("worker:2", 30) is None


def test_a_lease_that_ran_out_goes_to_another_and_counts_as_an_attempt(bench: Bench) -> None:
    bench.staged()
    claim(bench)
    bench.clock.move(30)
    assert claim(bench, "worker:2").transfer.attempts == 1


def test_a_step_under_a_lease_that_ran_out_is_refused(bench: Bench) -> None:
    transfer = bench.staged()
    lease = claim(bench)
    bench.clock.move(30)
    with pytest.raises(LeaseLostError):
        bench.step(transfer.id, EventKind.INSPECTED, lease)
    assert bench.transfers.get(transfer.id).state is State.STAGED


def test_a_worker_that_overslept_cannot_use_its_older_claim(bench: Bench) -> None:
    transfer = bench.staged()
    old = claim(bench)
    bench.clock.move(31)
    new = claim(bench)
    with pytest.raises(LeaseLostError):
        bench.step(transfer.id, EventKind.INSPECTED, old)
    assert bench.step(transfer.id, EventKind.INSPECTED, new).state is State.INSPECTED


def test_a_step_without_a_lease_is_refused_while_one_holds(bench: Bench) -> None:
    transfer = bench.staged()
    claim(bench)
    with pytest.raises(LeaseLostError, match="worker:1 is at work"):
        bench.step(transfer.id, EventKind.INSPECTED)


def test_a_lease_for_another_transfer_is_a_mistake(bench: Bench) -> None:
    bench.staged(1)
    other = bench.staged(2)
    with pytest.raises(ValueError, match="another transfer"):
        bench.ledger.advance(other.id, Event(EventKind.INSPECTED, "worker:1"), claim(bench))


def test_a_step_ends_the_lease_and_frees_the_next_one(bench: Bench) -> None:
    transfer = bench.staged()
    bench.step(transfer.id, EventKind.INSPECTED, claim(bench))
    assert claim(bench, "worker:2").transfer.state is State.INSPECTED


def test_a_step_sets_the_attempts_back(bench: Bench) -> None:
    transfer = bench.staged()
    bench.queue.give_back(claim(bench), failed=True)
    lease = claim(bench)
    assert lease.transfer.attempts == 1
    assert bench.step(transfer.id, EventKind.INSPECTED, lease).attempts == 0


def test_a_renewed_lease_holds_longer(bench: Bench) -> None:
    transfer = bench.staged()
    lease = claim(bench)
    bench.clock.move(29)
    bench.queue.renew(lease, 30)
    bench.clock.move(29)
    assert bench.step(transfer.id, EventKind.INSPECTED, lease).state is State.INSPECTED


def test_a_lease_that_ran_out_cannot_be_renewed(bench: Bench) -> None:
    bench.staged()
    lease = claim(bench)
    bench.clock.move(30)
    with pytest.raises(LeaseLostError):
        bench.queue.renew(lease, 30)


def test_what_is_given_back_waits_for_its_delay(bench: Bench) -> None:
    bench.staged()
    bench.queue.give_back(claim(bench), failed=True, delay=10)
    assert bench.queue.claim("worker:2", 30) is None
    bench.clock.move(10)
    assert claim(bench, "worker:2").transfer.attempts == 1


def test_a_graceful_return_counts_no_attempt(bench: Bench) -> None:
    bench.staged()
    bench.queue.give_back(claim(bench), failed=False)
    assert claim(bench, "worker:2").transfer.attempts == 0


def test_giving_back_a_lost_lease_leaves_the_new_owner_alone(bench: Bench) -> None:
    transfer = bench.staged()
    old = claim(bench)
    bench.clock.move(30)
    new = claim(bench, "worker:2")
    bench.queue.give_back(old, failed=True)
    assert bench.step(transfer.id, EventKind.INSPECTED, new).state is State.INSPECTED


@pytest.mark.parametrize("owner", ["", "x" * 129])
def test_a_lease_needs_an_owner(bench: Bench, owner: str) -> None:
    with pytest.raises(ValueError, match="owner"):
        bench.queue.claim(owner, 30)
