"""How far the SHA-256 of unfinished uploads had come, so that going on needn't read them again.

A client that sends a file in pieces would else have it read as often as there are pieces. Only in
memory, and only of this process: whoever finds nothing here hashes the durable bytes. An entry is
never of other bytes: a blob only grows, and only orderly stops, which are never undone, are kept.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Final

_KEPT: Final = 1024


class RunningDigests:
    """The last 1,024 of them. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, hashlib._Hash]] = OrderedDict()

    def keep(self, blob: str, size: int, digest: hashlib._Hash) -> None:
        """Note the digest of the first ``size`` bytes of plaintext."""
        with self._lock:
            self._kept[blob] = (size, digest.copy())
            self._kept.move_to_end(blob)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def of(self, blob: str, size: int) -> hashlib._Hash | None:
        """That digest, to go on with, if it was kept for exactly so many bytes."""
        with self._lock:
            kept, digest = self._kept.get(blob, (-1, hashlib.sha256()))
            return digest.copy() if kept == size else None
