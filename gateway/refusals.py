"""Refused logins on the log: a count a minute, so that nobody who reaches the port can fill it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import structlog

from gateway.ports import Json, Ledger, LedgerUnavailableError

_PAUSE: Final = 60.0
_MOST_NAMED: Final = 20

log = structlog.get_logger()


class Refusals:
    """Counts refused logins, and records the count once a minute if there is any."""

    def __init__(self, ledger: Ledger, pause: float = _PAUSE) -> None:
        self._ledger = ledger
        self._pause = pause
        self._methods: Counter[str] = Counter()
        self._accounts: Counter[str] = Counter()

    def count(self, method: str, account: str) -> None:
        """One was refused; ``account`` is one that there is, or ""."""
        self._methods[method] += 1
        if account:
            self._accounts[account] += 1

    async def run(self) -> None:
        """Record until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            await asyncio.to_thread(self.record)

    def record(self) -> None:
        """Put what was counted since the last time on the log; blocks."""
        methods, self._methods = self._methods, Counter()
        accounts, self._accounts = self._accounts, Counter()
        if not methods:
            return
        named = dict(accounts.most_common(_MOST_NAMED))
        facts: dict[str, Json] = {
            "methods": {method.replace("-", "_"): count for method, count in methods.items()},
            "accounts": [{"account": account, "count": count} for account, count in named.items()],
        }
        try:
            self._ledger.record("logins.refused", "system", facts)
        except LedgerUnavailableError:
            log.warning("refused logins not recorded", count=methods.total())
