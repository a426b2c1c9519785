"""What time it is, as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""The present moment, with its zone."""


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)
