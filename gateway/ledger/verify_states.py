"""What the verifier remembers of each transfer, in memory that doesn't grow with the log.

Only transfers that it met lately are held; the others wait in a temporary SQLite database, which
holds ids, states and hashes, as the log does, and goes with the process.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

_KEPT: Final = 5_000


class States:
    """Transfer to its state and to what a receipt may repeat. Not safe for threads."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._near: dict[str, tuple[str, dict[str, Any]]] = {}
        self._far: sqlite3.Connection | None = None
        self._count = 0

    def __len__(self) -> int:
        """How many transfers there are."""
        return self._count

    def get(self, transfer: str) -> tuple[str, dict[str, Any]]:
        """State ("" for one not met before) and what is known of it."""
        near = self._near.get(transfer)
        if near is not None:
            return near
        if self._far is None:
            return "", {}
        row = self._far.execute("SELECT state, known FROM far WHERE id = ?", (transfer,)).fetchone()
        return (row[0], json.loads(row[1])) if row else ("", {})

    def put(self, transfer: str, state: str, known: dict[str, Any]) -> None:
        """Remember."""
        if state == "receiving" and transfer not in self._near:
            self._count += 1  # the one state that only a first event leads to
        self._near[transfer] = (state, known)
        if len(self._near) > self._kept:
            self._flush()

    def _flush(self) -> None:
        if self._far is None:
            # An empty name: on the disk once it outgrows its cache, and never found by a name.
            self._far = sqlite3.connect("", isolation_level=None)
            self._far.execute("CREATE TABLE far (id TEXT PRIMARY KEY, state, known) WITHOUT ROWID")
        rows = ((key, state, json.dumps(known)) for key, (state, known) in self._near.items())
        self._far.execute("BEGIN")
        self._far.executemany("INSERT OR REPLACE INTO far VALUES (?, ?, ?)", rows)
        self._far.execute("COMMIT")
        self._near.clear()

    def close(self) -> None:
        """Forget everything."""
        if self._far:
            self._far.close()
            self._far = None
        self._near.clear()
