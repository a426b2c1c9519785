"""What an inspection may spend. Every parser works under it, so that no input can outgrow us."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from dlp.model import NotReadableError, Obstacle


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one inspection.

    Attributes:
        bytes: Bytes read in all, over the file and everything unpacked from it.
        depth: Containers inside containers; 0 forbids any.
        entries: Members over all containers.
        ratio: Unpacked bytes per packed byte, per member, once a member passes 1 MiB.
        seconds: Wall-clock time.
        text_bytes: Free text kept for the second look before a file is read twice instead.
        findings: Findings listed in detail (the counts go on).
    """

    bytes: int = 4 * 2**30
    depth: int = 5
    entries: int = 10_000
    ratio: int = 200
    seconds: float = 600.0
    text_bytes: int = 8 * 2**20
    findings: int = 1_000


@dataclass(slots=True)
class Meter:
    """What one inspection has spent so far.

    Raises:
        NotReadableError: From every method, once its limit is passed.
    """

    budget: Budget
    spent_bytes: int = 0
    spent_entries: int = 0
    started: float = field(default_factory=time.monotonic)

    def take(self, count: int) -> None:
        """Account for ``count`` bytes read, and for the time."""
        self.spent_bytes += count
        if self.spent_bytes > self.budget.bytes:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"more than {self.budget.bytes} bytes to inspect"
            )
        self.check_time()

    def enter(self, depth: int) -> None:
        """Account for one more member at ``depth`` containers down (the first level is 1)."""
        if depth > self.budget.depth:
            raise NotReadableError(
                Obstacle.TOO_DEEP, f"containers nested deeper than {self.budget.depth}"
            )
        self.spent_entries += 1
        if self.spent_entries > self.budget.entries:
            raise NotReadableError(
                Obstacle.TOO_MANY_ENTRIES, f"more than {self.budget.entries} members"
            )
        self.check_time()

    def check_ratio(self, packed: int, unpacked: int) -> None:
        """Refuse a member that unpacks to far more than it packs."""
        if unpacked > 2**20 and unpacked > self.budget.ratio * max(packed, 1):
            raise NotReadableError(
                Obstacle.BOMB, f"unpacks to more than {self.budget.ratio} times its size"
            )

    def check_time(self) -> None:
        """Stop an inspection that has run out of time."""
        if time.monotonic() - self.started > self.budget.seconds:
            raise NotReadableError(
                Obstacle.TIMEOUT, f"not inspected within {self.budget.seconds:g} seconds"
            )
