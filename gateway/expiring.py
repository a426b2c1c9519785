"""Partners' OpenPGP certificates that run out: when people are told, on the log and to a scrape."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from gateway.directory_types import Certificate
from gateway.ports import LedgerUnavailableError

STEPS: Final = (7, 30, 60)
"""Days before the end of a certificate at which people are warned."""

_DAY: Final = 86_400.0

log = structlog.get_logger()

Stored = Callable[[], Sequence[Certificate]]
"""All certificates of all partners, newest first; may raise :class:`LedgerUnavailableError`."""


def in_use(every: Iterable[Certificate]) -> Mapping[str, Certificate]:
    """Each partner's newest certificate that isn't retired; partners in order."""
    newest: dict[str, Certificate] = {}
    for found in every:
        if found.retired is None:
            newest.setdefault(found.partner, found)
    return dict(sorted(newest.items()))


def days_left(expires: datetime | None, now: datetime) -> int | None:
    """The step of :data:`STEPS` that has begun; 0 once it has expired, None if neither."""
    if expires is None:
        return None
    left = expires - now
    if left <= timedelta():
        return 0
    return next((days for days in STEPS if left <= timedelta(days=days)), None)


class Expiries:
    """What a scrape and the log say of ends that come nearer."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def ends(self) -> Mapping[str, float]:
        """Partner to the end of its certificate, seconds since 1970; {} without the database."""
        try:
            found = in_use(self._stored())
        except LedgerUnavailableError:
            return {}
        return {name: one.expires.timestamp() for name, one in found.items() if one.expires}

    def warn(self, now: datetime) -> None:
        """Log a line for each certificate that has a step behind it."""
        for partner, end in self.ends().items():
            expires = datetime.fromtimestamp(end, UTC)
            step = days_left(expires, now)
            if step is not None:
                event = "certificate.expires" if step else "certificate.expired"
                log.warning(event, partner=partner, limit=step, detail=f"{expires:%Y-%m-%d}")

    async def run(self) -> None:
        """Warn now and once a day."""
        while True:
            await asyncio.to_thread(self.warn, datetime.now(UTC))
            await asyncio.sleep(_DAY)
