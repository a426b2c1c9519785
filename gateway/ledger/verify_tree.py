"""The verifier's own tree: roots and proofs of RFC 9162 section 2.1, checked. Pure.

Written from the RFC, and shares nothing with :mod:`gateway.ledger.tree`, which makes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

_sha256 = hashlib.sha256


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 9162 section 2.1.1."""
    return _sha256(b"\x00" + leaf).digest()


class Range:
    """The roots of the complete subtrees so far, largest first: all that a growing tree needs.

    Attributes:
        size: Leaves so far.
    """

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Put a leaf's hash at the end."""
        roots, size = self._roots, self.size
        # Each trailing one bit of the size is a subtree that this leaf completes.
        while size & 1:
            leaf = _sha256(b"\x01" + roots.pop() + leaf).digest()
            size >>= 1
        roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves."""
        if not self._roots:
            return _sha256(b"").digest()
        value = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            value = _sha256(b"\x01" + left + value).digest()
        return value


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf with this hash is at ``index`` (RFC 9162 section 2.1.3.2).

    Raises:
        ValueError: The proof doesn't show it.
    """
    if not 0 <= index < size:
        raise ValueError("the proof is of a leaf beyond the end of the tree")
    value = leaf
    for is_left, step in _climb(index, size - 1, proof):
        value = _node(step, value) if is_left else _node(value, step)
    if value != root:
        raise ValueError("the proof leads to another root")


def check_consistency(
    old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of ``old`` leaves begins that of ``size`` (RFC 9162 section 2.1.4.2).

    Raises:
        ValueError: The proof doesn't show it.
    """
    if not 0 < old <= size:
        raise ValueError("the proof is of a tree that shrank")
    if old == size:
        if proof or old_root != root:
            raise ValueError("the proof is of two different trees of one size")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise ValueError("the proof is too short")
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for is_left, step in _climb(node, last, path[1:]):
        if is_left:
            first = _node(step, first)
        second = _node(step, second) if is_left else _node(second, step)
    if first != old_root or second != root:
        raise ValueError("the proof leads to other roots")


def _climb(node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Each hash of the proof, and whether it stands on the left of what was climbed so far."""
    for step in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        is_left = bool(node & 1) or node == last
        yield is_left, step
        while is_left and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ValueError("the proof is too short")


def _node(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\x01" + left + right).digest()
