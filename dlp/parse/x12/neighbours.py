"""Open elements that stand side by side, read as one text.

Whoever has more to say than an element holds goes on in the next one, or in the next segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dlp.content import Item
from dlp.model import Carrier, Passage
from dlp.parse.lines import Lines, LinesPlace, after

_NEAR: Final = 48
"""Bytes between two of them: a segment's end, its name, and the codes and amounts in front."""


def side_by_side(items: Iterable[Item]) -> Iterator[Item]:
    """Items with their open elements put together where they are neighbours.

    An element at fault comes alone as well, since what it lacks is said of it alone.
    """
    lines, end = Lines(), -_NEAR
    for item in items:
        if not isinstance(item, Passage) or not _is_open(item) or item.offset is None:
            yield item
            continue
        if not 0 <= item.offset - end <= _NEAR:
            yield from _given(lines.end())
        yield from _given(lines.add(item))
        end = after(item)
    yield from _given(lines.end())


def _is_open(passage: Passage) -> bool:
    return bool(passage.fault) or (
        passage.carrier is Carrier.FREE_TEXT and passage.category is None
    )


def _given(texts: Iterator[Passage]) -> Iterator[Passage]:
    for text in texts:
        if isinstance(text.where, LinesPlace):
            yield from (line for line in text.where.lines if line.fault)
        yield text
