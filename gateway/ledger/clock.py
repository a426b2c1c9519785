"""What time it is, as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""The present moment, with its zone."""


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """How the log writes a moment: RFC 3339 in UTC with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
