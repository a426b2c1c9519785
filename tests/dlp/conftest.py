from __future__ import annotations

import io
from pathlib import Path

import pytest

from config.contracts import Contract, Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Report
from dlp.verdict import Verdict, decide
from tests.support.inspecting import Inspected


@pytest.fixture(scope="session")
def detectors() -> Detectors:
    return Detectors(Rules())


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    return dict(shipped_policy().contracts)


@pytest.fixture(scope="session")
def inspected(detectors: Detectors, contracts: dict[str, Contract]) -> Inspected:
    def run(
        data: bytes,
        contract: str | Contract = "no-phi",
        name: str = "file",
        budget: Budget | None = None,
    ) -> tuple[Report, Verdict]:
        chosen = contracts[contract] if isinstance(contract, str) else contract
        rules = Rules(digest_key=b"k" * 32)
        report = inspect(
            io.BytesIO(data), name, chosen, rules, budget or Budget(), detectors=detectors
        )
        return report, decide(report, chosen)

    return run


@pytest.fixture(scope="session")
def corpus() -> Path:
    found = Path(__file__).parents[2].parent / "shared" / "corpus"
    if not found.is_dir():
        pytest.skip("the sample corpus is not beside the repository")
    return found
