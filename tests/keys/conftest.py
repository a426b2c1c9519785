"""Data keys, and files in the segment cipher's format made whole."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from keys.segments import SegmentWriter

AAD = b"t_0123456789"


def encrypt(key: bytes, plaintext: bytes, aad: bytes = AAD) -> bytes:
    writer = SegmentWriter(key, aad)
    return writer.header() + writer.update(plaintext) + writer.finish()


@pytest.fixture
def key() -> bytes:
    return bytes(range(32))


@pytest.fixture
def aad() -> bytes:
    return AAD


@pytest.fixture
def encrypted(key: bytes) -> Callable[[bytes], bytes]:
    return lambda plaintext: encrypt(key, plaintext)


@pytest.fixture(scope="session")
def noise() -> Callable[[int], bytes]:
    """The same incompressible bytes for the same size in every run."""
    return lambda size: random.Random(size).randbytes(size)
