"""How fast the log is integrated, signed and verified: ``python -m bench.log [EVENTS]``.

Writes an export of transfers that went the whole way, verifies it as an auditor does in a process
of its own, and prints seconds and peak memory for two sizes: memory must not grow with the log.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger import tree
from gateway.ledger.chain import Entry, Head, link
from gateway.ledger.note import Signer
from gateway.ledger.record import SqlLedger
from gateway.ledger.sequencer import Sequencer
from gateway.ledger.verify import Held, verify_export
from gateway.ledger.verify_note import Key
from gateway.migrations import upgrade
from gateway.store.database import open_database

SIGNER = Signer("log.example/bench", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = (
    "transfer.begun", "transfer.staged", "transfer.inspected", "transfer.cleared",
    "transfer.sealed", "transfer.delivered", "transfer.collected",
)  # fmt: skip
BATCH = 256
"""Events under one checkpoint: half a second of a busy gateway."""


def main() -> None:
    if sys.argv[1:2] == ["--verify"]:
        verify(Path(sys.argv[2]))
        return
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        for count in (most // 10, most):
            path = Path(folder) / "log.jsonl"
            write(path, count)
            done = subprocess.run(
                [sys.executable, "-m", "bench.log", "--verify", str(path)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            print(
                f"{count:9,} events: {path.stat().st_size / 2**20:7.1f} MiB, {done.stdout.strip()}"
            )
        integrate(Path(folder), 20_000)


def write(path: Path, count: int) -> None:
    """An export whose every hash and signature fits."""
    tiles: dict[tuple[int, int], bytes] = {}
    growth = tree.Growth(lambda level, number: tiles.get((level, number), b""), 0)
    head = Head()
    with path.open("w") as lines:
        for number, entry in zip(range(count), entries(), strict=False):
            head, body = link(head, entry)
            lines.write(f'{{"event":{body},"hash":"{head.hash}"}}\n')
            growth.add([tree.leaf_hash(body.encode())])
            if number % BATCH == BATCH - 1 or number == count - 1:
                note = SIGNER.sign(growth.size, tree.root(growth.tile, growth.size))
                text = note.replace("\n", "\\n")
                lines.write(f'{{"checkpoint":"{text}"}}\n')
                tiles |= growth.changed
                growth.changed.clear()


def entries() -> Iterator[Entry]:
    """Transfers without end, a hundred under way at a time."""
    number = 0
    while True:
        for step in STEPS:
            for place in range(100):
                transfer = f"t_{number + place:026}"
                digest = hashlib.sha256(transfer.encode()).hexdigest()
                moment = START + timedelta(milliseconds=number)
                facts = {"contract": "claims", "policy": digest}
                yield Entry(step, "worker:1.0", moment, transfer, facts, {"sha256": digest})
        number += 100


def verify(path: Path) -> None:
    """In a process of its own: seconds of one core, from its start, and peak memory."""
    with path.open() as lines:
        found = verify_export(lines, Held(Key.parse(SIGNER.verifier_key)))
    seconds = time.process_time()
    assert found.ok, found.first_fault
    # Not ru_maxrss, which a child inherits from whoever started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"verified in {seconds:.1f} s ({found.events / seconds:,.0f}/s), peak {peak:.0f} MiB")


def integrate(folder: Path, count: int) -> None:
    """The sequencer on a real database: events into the tree, signed."""
    database = open_database(f"sqlite:///{folder / 'bench.db'}", create=True)
    upgrade(database)
    ledger = SqlLedger(database)
    for _ in range(count // 100):
        ledger.record("policy.loaded", "system", {"digest": "ab" * 32})
    with database.write() as connection:  # the rest by copying: writing is bench/ledger.py's
        connection.exec_driver_sql(
            "INSERT INTO events WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            f"WHERE i < {count - count // 100}) SELECT i + {count // 100}, NULL, body, hash "
            "FROM n, (SELECT body, hash FROM events WHERE seq = 1)"
        )
        connection.exec_driver_sql(f"UPDATE log_head SET seq = {count}")
    sequencer = Sequencer(database, SIGNER, "bench")
    started = time.monotonic()
    batches = 0
    while sequencer.step():
        batches += 1
    seconds = time.monotonic() - started
    print(f"integrated and signed: {count / seconds:,.0f} events/s, in {batches} batches")
    database.close()


if __name__ == "__main__":
    main()
