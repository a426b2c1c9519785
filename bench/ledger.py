"""How fast the ledger writes and the verifier reads: ``python -m bench.ledger [TRANSFERS] [URL]``.

``URL`` names an empty PostgreSQL database to measure beside SQLite in the same run.

One event is one durable transaction (WAL, synchronous=FULL), so the disk's flush is the floor; the
first line measures that floor in the same run, and the others are given as a ratio to it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from gateway.ledger.record import SqlLedger
from gateway.ledger.verify import Verification, verify_database
from gateway.ledger.verify_server import verify_server
from gateway.ledger.work import SqlWorkQueue
from gateway.lifecycle import EventKind, State
from gateway.migrations import upgrade
from gateway.ports import Event, Transfer
from gateway.store.database import open_database

P = TypeVar("P", str, Path)

FORWARD = {
    State.STAGED: EventKind.INSPECTED,
    State.INSPECTED: EventKind.CLEARED,
    State.CLEARED: EventKind.SEALED,
    State.SEALED: EventKind.DELIVERED,
}
EVENTS_EACH = 6


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as folder:
        floor = flushes(Path(folder))
        print(f"{'flushes (write 4 KiB, fdatasync)':42} {floor:9,.0f} /s")
        path = Path(folder) / "bench.db"
        measure(f"sqlite:///{path}", count, floor, verify_database, path)
        size = path.stat().st_size
        events = 2 * count * EVENTS_EACH
        print(f"{'database: bytes per event':42} {size / events:9,.0f}")
    if len(sys.argv) > 2:
        print("PostgreSQL")
        measure(sys.argv[2], count, floor, verify_server, sys.argv[2])


def measure(
    url: str, count: int, floor: float, verify: Callable[[P], Verification], place: P
) -> None:
    database = open_database(url, create=True)
    upgrade(database)
    ledger, queue = SqlLedger(database), SqlWorkQueue(database)
    for threads in (1, 4):
        rate = timed(partial(intake, ledger, count, threads), 2 * count)
        show(f"begin and stage, {threads} threads: events", rate, floor)
        rate = timed(partial(work, ledger, queue, threads), 4 * count)
        show(f"claim and advance, {threads} threads: steps", rate, floor)
    events = 2 * count * EVENTS_EACH
    rate = timed(lambda: verified(verify(place), events), events)
    print(f"{'verify: events':42} {rate:9,.0f} /s")
    database.close()


def flushes(folder: Path) -> float:
    with (folder / "floor").open("wb", buffering=0) as file:

        def flush() -> None:
            for _ in range(300):
                file.write(bytes(4096))
                os.fdatasync(file.fileno())

        return timed(flush, 300)


def intake(ledger: SqlLedger, count: int, threads: int) -> None:
    def one(number: int) -> None:
        now = datetime.now(UTC)
        transfer = Transfer(
            f"t_{threads}{number:025}", "claims", "clinic", "c1", "payer", State.RECEIVING,
            now, now, bytes(60), bytes(60), f"digest-{number}", f"blob-{number}",
        )  # fmt: skip
        ledger.begin(transfer, Event(EventKind.BEGUN, "account:c1"))
        done = Event(EventKind.STAGED, "account:c1", {}, {"size": 9, "sha256": "ab" * 32})
        ledger.advance(transfer.id, done)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count)))


def work(ledger: SqlLedger, queue: SqlWorkQueue, threads: int) -> None:
    def one(owner: int) -> None:
        while lease := queue.claim(f"worker:{owner}", 60):
            kind = FORWARD[lease.transfer.state]
            ledger.advance(lease.transfer.id, Event(kind, f"worker:{owner}"), lease)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(threads)))


def verified(found: Verification, events: int) -> None:
    assert found.ok, found.first_fault
    assert found.events == events


def timed(action: Callable[[], None], units: int) -> float:
    started = time.perf_counter()
    action()
    return units / (time.perf_counter() - started)


def show(what: str, rate: float, floor: float) -> None:
    print(f"{what:42} {rate:9,.0f} /s   {rate / floor:5.2f} of the flushes")


if __name__ == "__main__":
    main()
