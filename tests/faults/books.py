"""After the last life: is every promise kept?"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.ledger.export import story
from gateway.ledger.note import Signer
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.verify import Held, verify_database
from gateway.ledger.verify_note import Key
from gateway.lifecycle import State
from gateway.reconcile import reconcile
from gateway.store.database import open_database
from gateway.store.disk import Disk
from tests.faults.life import FILES, KEY, LATER, ORIGIN

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Told:
    """What clients were told over all lives: file to transfer, and transfers read."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    got: Counter[str] = field(default_factory=Counter)

    def hear(self, line: str) -> None:
        """One thing that was said."""
        word, *rest = line.split()
        if word == "ack":
            self.acknowledged[rest[0]] = rest[1]
        elif word == "got":
            self.got[rest[0]] += 1


def faults(root: Path, told: Told) -> list[str]:
    """What is wrong, in words; nothing if every promise is kept."""
    database = open_database(f"sqlite:///{root / 'ledger.db'}")
    try:
        transfers = SqlTransfers(database)
        disk = Disk(root / "blobs")
        found = reconcile(transfers, disk, datetime.now(UTC) + LATER)
        rows = {transfer.id: transfer for transfer in transfers.page(limit=1000)}
        wrong = [f"never acknowledged: {name}" for name in FILES.keys() - told.acknowledged.keys()]
        for name, transfer in told.acknowledged.items():
            events = Counter(event["kind"] for event in story(database, transfer))
            if transfer not in rows or rows[transfer].state is not State.PURGED:
                wrong.append(f"lost: {name}")
            if events["transfer.delivered"] != 1 or events["transfer.collected"] != 1:
                wrong.append(f"lost or doubled: {name}")
        wrong += [f"stuck in {row.state}" for row in rows.values() if row.state is not State.PURGED]
        if found.missing or found.unknown:
            wrong.append(f"payloads don't fit: {found}")
    finally:
        database.close()
    left = [path.name for path in (root / "blobs").rglob("*") if path.is_file()]
    wrong += [f"orphan blob {name}" for name in left if name != ".claims"]
    with closing(sqlite3.connect(root / "ledger.db")) as connection:
        leased = "SELECT count(*) FROM transfers WHERE lease_owner <> '' OR due IS NOT NULL"
        if connection.execute(leased).fetchone() != (0,):
            wrong.append("a lease is held by the dead")
    verified = verify_database(
        root / "ledger.db", Held(Key.parse(Signer(ORIGIN, KEY).verifier_key))
    )
    if not verified.ok or verified.signed != verified.events:
        wrong.append(f"the log: {verified.first_fault or 'not signed to its end'}")
    return wrong
