from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.provider_process import ProviderProcess


@pytest.fixture(scope="session")
def provider_process() -> Iterator[ProviderProcess]:
    with ProviderProcess() as provider:
        yield provider


@pytest.fixture
def provider(provider_process: ProviderProcess) -> ProviderProcess:
    provider_process.behave()
    return provider_process
