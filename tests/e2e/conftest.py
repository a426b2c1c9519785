"""A world of partners in a temporary directory, and a way to serve it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.world import World, make_world


@pytest.fixture
def world() -> Iterator[World]:
    # Short, since Unix sockets live beneath it.
    with tempfile.TemporaryDirectory(prefix="lz-") as root:
        yield make_world(Path(root))
