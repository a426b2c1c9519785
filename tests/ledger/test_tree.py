"""The tree in tiles against RFC 9162's own definition, and its proofs against its checks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger import tree
from gateway.ledger.verify_tree import Range, check_consistency, check_inclusion


def mth(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def grown(leaves: Sequence[bytes], batch: int = 7) -> tree.Growth:
    tiles: dict[tuple[int, int], bytes] = {}
    growth = tree.Growth(lambda level, number: tiles.get((level, number), b""), 0)
    for at in range(0, len(leaves), batch):
        growth = tree.Growth(growth.read, growth.size)
        growth.add([tree.leaf_hash(leaf) for leaf in leaves[at : at + batch]])
        tiles |= growth.changed
    return growth


def made(size: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(size)]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 7, 8, 255, 256, 257, 511, 600, 1025])
def test_the_root_is_that_of_the_rfc(size: int) -> None:
    growth = grown(made(size), 100)
    assert tree.root(growth.tile, size) == mth(made(size))


def test_a_tree_of_more_than_two_levels_has_the_root_of_the_rfc() -> None:
    leaves = made(66_000)
    growth = grown(leaves, 5_000)
    assert (2, 0) in growth.changed or growth.tile(2, 0)
    assert tree.root(growth.tile, len(leaves)) == mth(leaves)


GROWN = grown(made(700), 300)


@given(st.integers(1, 700).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_leaf_of_every_size_is_proven(place: tuple[int, int]) -> None:
    index, size = place
    proof = tree.inclusion(GROWN.tile, index, size)
    leaf = tree.leaf_hash(b"leaf %d" % index)
    check_inclusion(leaf, index, size, proof, tree.root(GROWN.tile, size))


@given(
    st.integers(1, 700).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))),
    st.integers(0, 20),
    st.integers(0, 255),
)
def test_an_altered_inclusion_proof_proves_nothing(
    place: tuple[int, int], where: int, flip: int
) -> None:
    index, size = place
    proof = tree.inclusion(GROWN.tile, index, size)
    leaf = tree.leaf_hash(b"leaf %d" % index)
    root = tree.root(GROWN.tile, size)
    if where < len(proof) and flip:
        proof[where] = bytes([proof[where][0] ^ flip]) + proof[where][1:]
    elif where % 2 and proof:
        proof.pop()
    else:
        proof.append(root)
    with pytest.raises(ValueError, match="proof"):
        check_inclusion(leaf, index, size, proof, root)


@given(st.integers(1, 700).flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size))))
def test_every_size_is_proven_to_begin_every_later_one(sizes: tuple[int, int]) -> None:
    old, size = sizes
    proof = tree.consistency(GROWN.tile, old, size)
    roots = tree.root(GROWN.tile, old), tree.root(GROWN.tile, size)
    check_consistency(old, roots[0], size, roots[1], proof)


@given(
    st.integers(2, 700).flatmap(lambda size: st.tuples(st.integers(1, size - 1), st.just(size))),
    st.integers(0, 20),
)
def test_an_altered_consistency_proof_proves_nothing(sizes: tuple[int, int], where: int) -> None:
    old, size = sizes
    proof = tree.consistency(GROWN.tile, old, size)
    roots = tree.root(GROWN.tile, old), tree.root(GROWN.tile, size)
    if where < len(proof):
        proof[where] = bytes(32)
    else:
        proof.append(bytes(32))
    with pytest.raises(ValueError, match="proof"):
        check_consistency(old, roots[0], size, roots[1], proof)


@given(st.integers(0, 700))
@settings(max_examples=40)
def test_the_verifiers_own_tree_has_the_same_root(size: int) -> None:
    own = Range()
    for leaf in made(size):
        own.add(tree.leaf_hash(leaf))
    assert own.root() == tree.root(GROWN.tile, size)


def test_what_a_larger_tree_left_behind_is_no_part_of_the_tree() -> None:
    growth = tree.Growth(GROWN.tile, 300)
    growth.add([tree.leaf_hash(b"another")])
    assert tree.root(growth.tile, 301) == mth([*made(300), b"another"])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_no_proof_is_made_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion(GROWN.tile, index, size)
