from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.console_bench import ConsoleBench, make_books, plain_settings
from tests.support.provider_process import ProviderProcess


@pytest.fixture(scope="session")
def provider_process() -> Iterator[ProviderProcess]:
    with ProviderProcess() as provider:
        yield provider


@pytest.fixture
def provider(provider_process: ProviderProcess) -> ProviderProcess:
    provider_process.behave()
    return provider_process


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_books(tmp_path_factory.mktemp("books"))


@pytest.fixture
async def bench(tmp_path: Path, books: Path) -> AsyncIterator[ConsoleBench]:
    """A console without an identity provider."""
    shutil.copy(books, tmp_path)
    console = ConsoleBench(tmp_path, plain_settings())
    await console.start()
    yield console
    await console.close()
