"""What one account may take of the gateway, so that it leaves room for the others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

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


class Use(NamedTuple):
    """What an account takes.

    Attributes:
        sessions: It has so many.
        per_minute: It begins so many a minute.
    """

    sessions: int
    per_minute: int


_NONE: Final = Use(0, 0)


class Shares:
    """Sessions at a time and per minute, by account, over SFTP and HTTPS together.

    A session is an SFTP connection or an HTTPS request. Accounts are those that logged in, so that
    what is remembered is bounded by how many there are. It counts those of this process; what
    others take counts as well once :meth:`take_elsewhere` is told of it.
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
        self._begun: Counter[str] = Counter()
        self._asked = clock()
        self._elsewhere: Mapping[str, Use] = {}

    def enter(self, account: str) -> None:
        """Take one session.

        Raises:
            ShareExceededError: It has too many, or began too many lately.
        """
        elsewhere = self._elsewhere.get(account, _NONE)
        if self._taken[account] + elsewhere.sessions >= self._sessions:
            raise ShareExceededError(
                f"this account has {self._sessions} sessions already; end some", _RETRY_SECONDS
            )
        now = self._clock()
        left = self._refilled(account, now)
        if left < 1:
            self._left[account] = (left, now)
            raise ShareExceededError(
                "this account begins too many sessions a minute; slow down", (1 - left) / self._rate
            )
        self._left[account] = (left - 1, now)
        self._taken[account] += 1
        self._begun[account] += 1

    def leave(self, account: str) -> None:
        """Give one back."""
        self._taken[account] -= 1
        if self._taken[account] <= 0:
            del self._taken[account]

    def use(self) -> dict[str, Use]:
        """What each account takes here; the rate is that since it was last asked."""
        now = self._clock()
        minutes = max(now - self._asked, 0.001) / 60
        begun, self._begun, self._asked = self._begun, Counter(), now
        accounts = {*self._taken, *begun}
        return {each: Use(self._taken[each], round(begun[each] / minutes)) for each in accounts}

    def take_elsewhere(self, uses: Mapping[str, Use]) -> None:
        """Count what accounts take in other processes, till told again."""
        now = self._clock()
        for account in {*self._elsewhere, *uses} & self._left.keys():
            # What was left till now came by the rates that were known till now.
            self._left[account] = (self._refilled(account, now), now)
        self._elsewhere = uses

    def _refilled(self, account: str, now: float) -> float:
        """How many it may begin at once; less than none if all processes together began too many.

        Of that debt no more is kept than of what was saved.
        """
        left, since = self._left.get(account, (self._burst, now))
        others = self._elsewhere.get(account, _NONE).per_minute / 60
        return min(self._burst, max(-self._burst, left + (now - since) * (self._rate - others)))
