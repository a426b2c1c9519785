"""Are the stored tiles those of the tree? Receipts to come are made of them. One pass.

Written from C2SP ``tlog-tiles``, and shares nothing with :mod:`gateway.ledger.tree`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from gateway.ledger.fault import FaultError

_WIDTH: Final = 256

Query = Callable[[str], Iterable[Mapping[str, Any]]]


class TileCheck:
    """Takes leaf hashes one by one and compares each tile once it is full.

    Args:
        query: Rows of the database.
        size: Leaves that the tree should have; those beyond are left out.
    """

    def __init__(self, query: Query, size: int) -> None:
        self._query = query
        self._left = size
        self._levels: list[_Level] = []

    def add(self, leaf: bytes) -> None:
        """The next leaf's hash.

        Raises:
            FaultError: It fills a tile that isn't the stored one.
        """
        if self._left:
            self._left -= 1
            self._push(0, leaf)

    def end(self) -> None:
        """Compare the tiles that aren't full.

        Raises:
            FaultError: One isn't the stored one, or there is one too many.
        """
        for level in self._levels:
            level.end()
        deepest = len(self._levels)
        beyond = f"SELECT number FROM log_tiles WHERE level >= {deepest}"  # noqa: S608 - a number
        for row in self._query(beyond):
            raise _wrong(deepest, int(row["number"]))

    def _push(self, number: int, value: bytes) -> None:
        if number == len(self._levels):
            self._levels.append(_Level(self._query, number))
        whole = self._levels[number].push(value)
        if whole:
            self._push(number + 1, _folded(whole))


class _Level:
    def __init__(self, query: Query, level: int) -> None:
        self._level = level
        own = f"SELECT number, hashes FROM log_tiles WHERE level = {level} ORDER BY number"  # noqa: S608 - a number
        self._rows = iter(query(own))
        self._hashes: list[bytes] = []
        self._number = 0

    def push(self, value: bytes) -> list[bytes]:
        """The hashes of the tile that this one fills, or none."""
        self._hashes.append(value)
        if len(self._hashes) < _WIDTH:
            return []
        whole, self._hashes = self._hashes, []
        self._compare(whole)
        return whole

    def end(self) -> None:
        if self._hashes:
            self._compare(self._hashes)
        for row in self._rows:
            raise _wrong(self._level, int(row["number"]))

    def _compare(self, hashes: list[bytes]) -> None:
        row = next(self._rows, None)
        stored = (int(row["number"]), bytes(row["hashes"])) if row else None
        if stored != (self._number, b"".join(hashes)):
            raise _wrong(self._level, self._number)
        self._number += 1


def _wrong(level: int, number: int) -> FaultError:
    return FaultError(
        f"the tree's tile {number} of level {level} isn't that of the events: tiles were edited, "
        "deleted or put in"
    )


def _folded(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        pairs: Iterator[int] = iter(range(0, len(hashes), 2))
        hashes = [hashlib.sha256(b"\x01" + hashes[at] + hashes[at + 1]).digest() for at in pairs]
    return hashes[0]
