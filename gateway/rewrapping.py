"""Wraps data keys anew after the key-encryption key was rotated, without touching a payload.

Data keys stand in the transfers table, and beside interrupted uploads that were encrypted anew. A
row is changed only if it is still what was read, so that a key which retention destroys meanwhile
stays destroyed. Killed at any point, it goes on where it was: what is done no longer needs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, update

from gateway import payload_keys
from gateway.ledger.queries import SqlTransfers
from gateway.lifecycle import State
from gateway.partials import Partials
from gateway.ports import Transfer
from gateway.store.database import Database
from gateway.store.disk import Disk, MissingBlobError
from gateway.store.tables import transfers
from keys.envelope import KeyWrapper
from keys.kek import KekError, wrapping_key_id

BATCH: Final = 200
"""Rows a transaction: the gateway's own writers wait for no longer than that takes."""
SETTLE: Final = timedelta(seconds=60)
"""After a rotation, till nobody can be about to record a key that the former one wrapped."""

Progress = Callable[[int], None]


class Rewrapper:
    """Goes over all that is wrapped. Blocks; raises LedgerUnavailableError and StoreError.

    Args:
        database: The transfers.
        disk: Interrupted uploads.
        keys: The key-encryption keys.
        key_file: Where they are.
    """

    def __init__(self, database: Database, disk: Disk, keys: KeyWrapper, key_file: Path) -> None:
        self._database = database
        self._disk = disk
        self._keys = keys
        self._path = key_file
        self._transfers = SqlTransfers(database)
        self._partials = Partials(disk, keys)

    def run(self, progress: Progress = lambda _n: None) -> int:
        """Wrap everything by the key in use; how many keys were wrapped anew.

        Raises:
            EnvelopeError: One can't be opened; those before it are done.
        """
        done, last = 0, ""
        while page := self._page(last):
            last = page[-1][0]
            done += self._batch(page)
            progress(done)
        done += self._on_disk()
        if done:
            self._database.forget()
        return done

    def users(self) -> Mapping[str, int]:
        """Key id to how many data keys it wraps."""
        count: Counter[str] = Counter()
        last = ""
        while page := self._page(last):
            last = page[-1][0]
            count.update(wrapping_key_id(wrapped) for _, wrapped in page)
        for transfer in self._transfers.in_state(State.RECEIVING, 1_000_000):
            for name in self._disk.names(transfer.id):
                if not name.endswith(".key"):
                    continue
                with suppress(MissingBlobError):  # submitted or abandoned in this very moment
                    count[wrapping_key_id(self._disk.get(name))] += 1
        return count

    def check_unused(self, key_id: str, now: datetime | None = None) -> None:
        """See that nothing needs an old key any more.

        Raises:
            KekError: Something does, or a process may be about to record something that does.
        """
        if used := self.users().get(key_id, 0):
            raise KekError(
                f"{used} data keys are wrapped by {key_id}: run 'lazaretto key kek rewrap'"
            )
        changed = datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        if (now or datetime.now(UTC)) - changed < SETTLE:
            raise KekError(
                f"the key file changed less than {SETTLE.seconds} seconds ago: processes may still "
                "be recording what the former key wrapped; try again then"
            )

    def _page(self, last: str) -> list[tuple[str, bytes]]:
        statement = (
            select(transfers.c.id, transfers.c.data_key)
            .where(transfers.c.id > last, func.length(transfers.c.data_key) > 0)
            .order_by(transfers.c.id)
            .limit(BATCH)
        )
        with self._database.read() as connection:
            return [(row.id, row.data_key) for row in connection.execute(statement)]

    def _batch(self, page: list[tuple[str, bytes]]) -> int:
        current = self._keys.key_id
        old = [(name, wrapped) for name, wrapped in page if wrapping_key_id(wrapped) != current]
        if not old:
            return 0
        fresh = [(name, wrapped, self._anew(name, wrapped)) for name, wrapped in old]
        with self._database.write() as connection:
            return sum(
                connection.execute(
                    update(transfers)
                    .where(transfers.c.id == name, transfers.c.data_key == former)
                    .values(data_key=wrapped)
                ).rowcount
                for name, former, wrapped in fresh
            )

    def _anew(self, transfer: str, wrapped: bytes) -> bytes:
        context = payload_keys.context(transfer)
        return self._keys.wrap(self._keys.unwrap(wrapped, context), context)

    def _on_disk(self) -> int:
        unfinished = self._transfers.in_state(State.RECEIVING, 1_000_000)
        return sum(self._beside(transfer) for transfer in unfinished)

    def _beside(self, transfer: Transfer) -> int:
        """Wrap the keys that lie beside an upload, which may end meanwhile.

        Whoever ends it records that and then removes them. So if it isn't recorded once ours are
        written, they will be removed; and if it is, we may have put one back.
        """
        done = 0
        with suppress(MissingBlobError):  # removed in this very moment
            done = self._partials.rewrap(transfer)
        if self._transfers.get(transfer.id).state is not State.RECEIVING:
            self._partials.remove_keys(transfer.id)
        return done
