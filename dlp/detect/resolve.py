"""Overlapping matches: one reading of each stretch of text, the best one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from dlp.model import Category, Match

# A checksum, a label or the file's own identity outweighs what speaks against a guess.
_CERTAIN = 0.9
_SAME = "same-file-identity"
_TIES = {Category.OTHER_DATE: 1, Category.OTHER_ID: 1}


def resolve(matches: Iterable[Match], against: Iterable[tuple[int, int]] = ()) -> list[Match]:
    """Drop what evidence speaks against, then keep the best of overlapping matches.

    Best is: higher confidence, then longer, then earlier. The result doesn't overlap and is in
    order of place. O(n log n).
    """
    banned = _Spans(against)
    ranked = sorted(
        (m for m in matches if m.end > m.start),
        key=lambda m: (-m.confidence, _TIES.get(m.category, 0), m.start - m.end, m.start),
    )
    kept = _Spans(())
    result = []
    for match in ranked:
        sure = match.confidence >= _CERTAIN or match.detector == _SAME
        if not sure and banned.overlaps(match.start, match.end):
            continue
        if not kept.overlaps(match.start, match.end):
            kept.add(match.start, match.end)
            result.append(match)
    return sorted(result, key=lambda m: m.start)


class _Spans:
    """Disjoint intervals with a logarithmic overlap test."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any interval shares a character with this one."""
        place = bisect_right(self._ends, start)
        return place < len(self._starts) and self._starts[place] < end

    def add(self, start: int, end: int) -> None:
        """Add an interval that overlaps none."""
        place = bisect_left(self._starts, start)
        self._starts.insert(place, start)
        self._ends.insert(place, end)
