"""The Merkle tree over the log, as RFC 9162 section 2.1 hashes it, kept in tiles. Pure.

A tile holds 256 hashes (C2SP tlog-tiles): tile *n* of level 0 the hashes of leaves 256 *n* and on,
tile *n* of level *l* + 1 the roots of the full tiles 256 *n* and on of level *l*. A tree of a
million leaves has about 4,000; adding to it reads and writes one or two, and a proof reads a
handful. ``verify`` has a tree of its own: one mistake can't be made twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

WIDTH: Final = 256
_HEIGHT: Final = 8
HASH: Final = 32
EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves (RFC 9162 section 2.1.1)."""

Read = Callable[[int, int], bytes]
"""Level and number of a tile to its hashes, one after the other; b"" for one that isn't there."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf; the prefix keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Growth:
    """A tree that grows: which tiles that changes.

    Attributes:
        read: The tiles as stored.
        size: Leaves so far.
        changed: (level, number) to the new content.
    """

    read: Read
    size: int
    changed: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def add(self, leaves: Sequence[bytes]) -> None:
        """Put leaf hashes at the end."""
        for leaf in leaves:
            self._push(0, self.size, leaf)
            self.size += 1

    def tile(self, level: int, number: int) -> bytes:
        """A tile as it is now."""
        return self.changed.get((level, number)) or self.read(level, number)

    def _push(self, level: int, index: int, value: bytes) -> None:
        number, place = divmod(index, WIDTH)
        # Cut to the place: what a larger tree left behind there is no part of this one.
        content = self.tile(level, number)[: place * HASH] + value
        self.changed[level, number] = content
        if place + 1 == WIDTH:
            self._push(level + 1, number, _folded(_split(content)))


def root(read: Read, size: int) -> bytes:
    """The root of the tree's first ``size`` leaves."""
    return _range(read, 0, size) if size else EMPTY


def inclusion(read: Read, index: int, size: int) -> list[bytes]:
    """The inclusion proof of leaf ``index`` in the tree of ``size`` (RFC 9162 section 2.1.3.1).

    Raises:
        ValueError: There is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return _path(read, index, 0, size)


def consistency(read: Read, old: int, size: int) -> list[bytes]:
    """The proof that the tree of ``old`` leaves begins that of ``size`` (section 2.1.4.1).

    Raises:
        ValueError: ``old`` isn't between 1 and ``size``.
    """
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} leaves didn't grow out of one of {old}")
    return _subproof(read, old, 0, size, whole=True)


def _path(read: Read, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split_point(end - start)
    if index < middle:
        return [*_path(read, index, start, middle), _range(read, middle, end)]
    return [*_path(read, index, middle, end), _range(read, start, middle)]


def _subproof(read: Read, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    """``old`` counts from the tree's first leaf, as ``start`` and ``end`` do."""
    if old == end:
        return [] if whole else [_range(read, start, end)]
    middle = start + _split_point(end - start)
    if old <= middle:
        left = _subproof(read, old, start, middle, whole=whole)
        return [*left, _range(read, middle, end)]
    right = _subproof(read, old, middle, end, whole=False)
    return [*right, _range(read, start, middle)]


def _range(read: Read, start: int, end: int) -> bytes:
    """The hash over leaves ``start`` to ``end``; ``start`` begins a complete subtree."""
    size = end - start
    if size & (size - 1):
        middle = start + _split_point(size)
        return node_hash(_range(read, start, middle), _range(read, middle, end))
    height = size.bit_length() - 1
    level, rest = divmod(height, _HEIGHT)
    first = start >> (level * _HEIGHT)
    number, place = divmod(first, WIDTH)
    hashes = read(level, number)[place * HASH : (place + (1 << rest)) * HASH]
    if len(hashes) != HASH << rest:
        raise LookupError(f"the tree lacks tile {number} of level {level}, or part of it")
    return _folded(_split(hashes))


def _split(content: bytes) -> list[bytes]:
    return [content[at : at + HASH] for at in range(0, len(content), HASH)]


def _folded(hashes: list[bytes]) -> bytes:
    """The root over a power of two of neighbours."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _split_point(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
