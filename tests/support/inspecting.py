"""How tests ask for an inspection."""

from __future__ import annotations

from typing import Protocol

from config.contracts import Contract
from dlp.budget import Budget
from dlp.model import Report
from dlp.verdict import Verdict


class Inspected(Protocol):
    """Inspect bytes under a shipped contract."""

    def __call__(
        self,
        data: bytes,
        contract: str | Contract = ...,
        name: str = ...,
        budget: Budget | None = ...,
    ) -> tuple[Report, Verdict]: ...
