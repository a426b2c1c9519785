"""What several suites of the gateway share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.migrations import upgrade
from gateway.store.database import open_database
from gateway.store.disk import Disk
from keys.kek import LocalKek
from tests.support.staging_bench import StagingBench
from tests.support.works import Works, policy


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    (tmp_path / "blobs").mkdir()
    path = tmp_path / "ledger.db"
    database = open_database(f"sqlite:///{path}", create=True)
    upgrade(database)
    kek = LocalKek.generate(tmp_path / "kek.key")
    yield Works(database, path, Disk(tmp_path / "blobs"), kek, policy())
    database.close()
