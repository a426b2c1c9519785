"""Many threads and many processes on one ledger: nothing lost, nothing twice, nothing illegal."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.lifecycle import EventKind, IllegalTransitionError, State, after
from gateway.ports import Lease, LeaseLostError

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench

REPOSITORY = Path(__file__).parents[2]
STEPS = st.tuples(st.integers(1, 3), st.sampled_from(sorted(set(EventKind) - {EventKind.BEGUN})))


def stored_states(bench: Bench) -> dict[str, State]:
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, state FROM transfers")
        return {name: State(word) for name, word in rows}


def replayed_states(bench: Bench) -> dict[str, State]:
    states: dict[str, State] = {}
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT seq, body FROM events ORDER BY seq").all()
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    for event in map(json.loads, (body for _, body in rows)):
        before = states.get(event["transfer"])
        states[event["transfer"]] = after(before, EventKind(event["kind"]))
    return states


@given(st.lists(st.lists(STEPS, max_size=12), min_size=2, max_size=4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_threads_try_the_table_equals_the_replay_of_the_log(
    make_bench: Callable[[], Bench], plans: list[list[tuple[int, EventKind]]]
) -> None:
    bench = make_bench()
    ids = {number: bench.begin(number).id for number in (1, 2, 3)}
    start = threading.Barrier(len(plans))

    def follow(plan: list[tuple[int, EventKind]]) -> int:
        start.wait()
        done = 0
        for number, kind in plan:
            try:
                bench.step(ids[number], kind)
                done += 1
            except IllegalTransitionError:
                pass
        return done

    with ThreadPoolExecutor(len(plans)) as pool:
        done = sum(pool.map(follow, plans))

    assert stored_states(bench) == replayed_states(bench)
    found = bench.verify()
    assert (found.ok, found.events) == (True, 3 + done)


FORWARD = {
    State.STAGED: EventKind.INSPECTED,
    State.INSPECTED: EventKind.CLEARED,
    State.CLEARED: EventKind.SEALED,
    State.SEALED: EventKind.DELIVERED,
}


def use(bench: Bench, leases: list[Lease], move: str) -> None:
    """Do something with the newest lease; for a step, all who ever claimed the same try it."""
    last = leases[-1]
    if move == "step":
        rivals = [one for one in leases if one.transfer.id == last.transfer.id]
        stepped = [can_step(bench, rival, FORWARD[last.transfer.state]) for rival in rivals]
        assert sum(stepped) <= 1
    elif move == "renew":
        with suppress(LeaseLostError):
            bench.queue.renew(last, 10)
    else:
        bench.queue.give_back(leases.pop(), failed=move == "fail")


def can_step(bench: Bench, lease: Lease, kind: EventKind) -> bool:
    try:
        bench.step(lease.transfer.id, kind, lease)
    except (LeaseLostError, IllegalTransitionError):
        return False
    return True


@given(
    st.lists(
        st.sampled_from(["claim", "step", "renew", "fail", "return", "wait", "new"]), max_size=40
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_however_leases_come_and_go_one_worker_at_most_can_step(
    make_bench: Callable[[], Bench], moves: list[str]
) -> None:
    bench = make_bench()
    leases: list[Lease] = []
    for number, move in enumerate(moves, 1):
        if move == "new":
            bench.staged(number)
        elif move == "wait":
            bench.clock.move(6)
        elif move == "claim":
            lease = bench.queue.claim(f"worker:{number}", 10)
            leases += [lease] if lease else []
        elif leases:
            use(bench, leases, move)
    assert stored_states(bench) == replayed_states(bench)
    assert bench.verify().ok


WORKER = """
import sys
from gateway.ledger.record import SqlLedger
from gateway.ledger.work import SqlWorkQueue
from gateway.lifecycle import EventKind
from gateway.ports import Event
from gateway.store.database import open_database

database = open_database(sys.argv[1])
ledger, queue = SqlLedger(database), SqlWorkQueue(database)
print("ready", flush=True)
sys.stdin.readline()
while lease := queue.claim(sys.argv[2], 60):
    print(lease.transfer.id, flush=True)
    ledger.advance(lease.transfer.id, Event(EventKind.HELD, sys.argv[2]), lease)
database.close()
"""


def test_processes_claim_each_transfer_exactly_once(bench: Bench) -> None:
    wanted = {bench.staged(number).id for number in range(40)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, bench.url, f"worker:{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for number in range(4)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    claimed = [worker.communicate("go\n", timeout=60)[0].split() for worker in workers]

    assert [worker.returncode for worker in workers] == [0] * len(workers)
    assert Counter(name for names in claimed for name in names) == Counter(wanted)
    assert bench.verify().ok


def test_threads_claim_each_transfer_exactly_once(bench: Bench) -> None:
    wanted = {bench.staged(number).id for number in range(40)}

    def work(owner: int) -> list[str]:
        claimed = []
        while lease := bench.queue.claim(f"worker:{owner}", 60):
            claimed.append(lease.transfer.id)
            bench.step(lease.transfer.id, EventKind.HELD, lease)
        return claimed

    with ThreadPoolExecutor(6) as pool:
        claimed = [name for names in pool.map(work, range(6)) for name in names]
    assert Counter(claimed) == Counter(wanted)


KILLED = """
import sys
from datetime import UTC, datetime
from gateway.ledger.record import SqlLedger
from gateway.lifecycle import EventKind, State
from gateway.ports import Event, Transfer
from gateway.store.database import open_database

ledger = SqlLedger(open_database(sys.argv[1]))
number = int(sys.argv[2])
while True:
    now, number = datetime.now(UTC), number + 1
    row = Transfer(f"t_{number}", "r", "s", "a", "p", State.RECEIVING, now, now, b"", b"", "", "")
    ledger.begin(row, Event(EventKind.BEGUN, "account:a"))
    ledger.advance(row.id, Event(EventKind.STAGED, "account:a"))
    print(row.id, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(bench: Bench) -> None:
    acknowledged: list[str] = []
    for life in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, bench.url, str(life * 1_000_000)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        assert child.stdout is not None
        acknowledged += [child.stdout.readline().strip() for _ in range(5 + life)]
        child.kill()
        acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
        child.stdout.close()
        child.wait(timeout=60)

        assert bench.verify().ok
    states = stored_states(bench)
    assert {states.get(name) for name in acknowledged} == {State.STAGED}
    assert states == replayed_states(bench)
