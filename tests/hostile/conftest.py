"""One edge a module, and what must hold after every attempt on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.target import GROWTH_MIB, Target


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("edge"))
    yield target
    target.close()
    assert target.errors() == ""


@pytest.fixture
def target(edge: Target) -> Iterator[Target]:
    """The edge; afterwards its other client goes on, and its memory is within the bound."""
    yield edge
    edge.bystander.works()
    assert edge.process.poll() is None
    assert edge.growth_mib() < GROWTH_MIB
    edge.state("forget")
