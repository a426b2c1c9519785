"""The first findings of a file, however many there are and in whatever order they come."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from typing import NamedTuple

from dlp.model import Finding


class Place(NamedTuple):
    """A finding's rank in the order of the file.

    Attributes:
        member: The member's ordinal, as met.
        offset: First byte in the member, -1 where its format has no byte places.
        order: The passage's ordinal.
        start: First character in the passage.
        tie: The category, so that two findings at one place always list alike.
    """

    member: int
    offset: int
    order: int
    start: int
    tie: str


class Listing:
    """The ``limit`` findings that stand first in the file.

    Bulk readers tell of fields by the block and the open text is looked at last, so findings come
    out of order; which of them are listed must not depend on that.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._first: list[tuple[Place, Finding]] = []

    def __len__(self) -> int:
        return len(self._first)

    def has_room(self, place: Place) -> bool:
        """Whether a finding at a place would be among the first so far."""
        full = len(self._first) >= self._limit
        return not full or (bool(self._first) and place < self._first[-1][0])

    def add(self, place: Place, make: Callable[[], Finding]) -> bool:
        """Take a finding in if it is among the first; ``make`` is called only then."""
        if not self.has_room(place):
            return False
        insort(self._first, (place, make()), key=_place)
        del self._first[self._limit :]
        return True

    def first(self, limit: int) -> list[tuple[Place, Finding]]:
        """At most ``limit`` of them, in the order of the file."""
        return self._first[: max(limit, 0)]


def _place(entry: tuple[Place, Finding]) -> Place:
    return entry[0]
