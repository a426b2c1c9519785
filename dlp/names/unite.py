"""One address, one name: what several detectors each found a part of, put together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from dlp.model import Category, Match

_PARTS: Final = frozenset({"name-model", "name-pattern", "address-model", "address", "po-box"})
_LEAST, _DECIDES = 0.35, 0.5
_ADDRESS_GAP: Final = re.compile(r"[\s,]{0,4}")


def united(matches: Iterable[Match], text: str) -> list[Match]:
    """Guesses of one category that overlap become one; so do neighbouring parts of an address.

    The best one would win otherwise and leave the rest of the address standing. Matches of other
    detectors stay as they are. O(n log n).

    Args:
        matches: In any order.
        text: Where they were found.
    """
    parts: list[Match] = []
    rest: list[Match] = []
    for match in matches:
        joins = match.detector in _PARTS and match.confidence >= _LEAST
        (parts if joins else rest).append(match)
    parts.sort(key=lambda m: (m.category, m.start, m.end))
    out: list[Match] = []
    for match in parts:
        if out and _one(out[-1], match, text):
            out[-1] = _both(out[-1], match)
        else:
            out.append(match)
    return [*_without_towns(out), *rest]


def _without_towns(parts: list[Match]) -> list[Match]:
    """Names inside of addresses go: Dayton in "12 Oak St, Dayton, OH" is no person."""
    whole = [m for m in parts if m.category is Category.ADDRESS and m.confidence >= _DECIDES]
    starts = [m.start for m in whole]

    def inside(match: Match) -> bool:
        place = bisect_right(starts, match.start) - 1
        return place >= 0 and match.end <= whole[place].end

    return [m for m in parts if m.category is not Category.NAME or not inside(m)]


def _one(left: Match, right: Match, text: str) -> bool:
    if left.category is not right.category:
        return False
    if right.start < left.end:
        return True
    if left.category is not Category.ADDRESS:
        return False
    gap = text[left.end : min(right.start, left.end + 5)]
    return right.start <= left.end + len(gap) and _ADDRESS_GAP.fullmatch(gap) is not None


def _both(left: Match, right: Match) -> Match:
    best = left if left.confidence >= right.confidence else right
    return best._replace(start=min(left.start, right.start), end=max(left.end, right.end))
