"""What one account may take of a process, so that it leaves room for the others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

SESSIONS: Final = 64
PER_MINUTE: Final = 6_000
_BURST_SECONDS: Final = 10.0
"""So much of the rate may be used at once: clients come in bursts."""
_RETRY_SECONDS: Final = 5.0


class ShareExceededError(Exception):
    """The account has all that it may have.

    Attributes:
        seconds: After which it is worth while to try again.
    """

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what)
        self.seconds = seconds


class Shares:
    """Sessions at a time and per minute, by account, over SFTP and HTTPS together.

    A session is an SFTP connection or an HTTPS request. Accounts are those that logged in, so that
    what is remembered is bounded by how many there are.
    """

    def __init__(
        self,
        sessions: int = SESSIONS,
        per_minute: int = PER_MINUTE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._rate = per_minute / 60
        self._burst = max(self._rate * _BURST_SECONDS, 1.0)
        self._clock = clock
        self._taken: Counter[str] = Counter()
        self._left: dict[str, tuple[float, float]] = {}

    def enter(self, account: str) -> None:
        """Take one session.

        Raises:
            ShareExceededError: It has too many, or began too many lately.
        """
        if self._taken[account] >= self._sessions:
            raise ShareExceededError(
                f"this account has {self._sessions} sessions already; end some", _RETRY_SECONDS
            )
        now = self._clock()
        left, since = self._left.get(account, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if left < 1:
            self._left[account] = (left, now)
            raise ShareExceededError(
                "this account begins too many sessions a minute; slow down", (1 - left) / self._rate
            )
        self._left[account] = (left - 1, now)
        self._taken[account] += 1

    def leave(self, account: str) -> None:
        """Give one back."""
        self._taken[account] -= 1
        if self._taken[account] <= 0:
            del self._taken[account]
