"""Where in a file the bulk path is worth its price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from dlp.parse.x12.bulk import grammar
from dlp.parse.x12.bulk.layout import NUMBER, Layout
from dlp.parse.x12.walk import Walk

CLAIMS: Final = grammar.NUMBER_OF_SET
MOST_ODD: Final = 0.25
"""Share of segments for the walker beyond which it takes the others too: each that is picked out
costs some ten times one that it meets on its way."""
SMALLEST: Final = 8 * 2**10
"""Bytes of a block below which arrays cost more than they save."""
SHORTEST: Final = 200
"""The same in segments, for a stretch."""
_LEAST: Final = 3
"""Elements that tell what an NM1 or HL is about."""


def is_worthwhile(walk: Walk, data: bytes) -> bool:
    """Whether there may be claims in a block, enough of them, under separators we know."""
    if len(data) < SMALLEST or not grammar.is_safe(walk.delimiters):
        return False
    return walk.set == CLAIMS or b"ST" + walk.delimiters.element + b"837" in data


def plain_runs(layout: Layout) -> Iterator[tuple[int, int]]:
    """Ranges of segments without any whose effect on the state only the walker knows."""
    about = (layout.ids == NUMBER[b"NM1"]) | (layout.ids == NUMBER[b"HL"])
    hard = np.flatnonzero((layout.ids == 0) | (about & (layout.sizes < _LEAST)))
    edges = np.concatenate([[-1], hard, [len(layout)]])
    for place in np.flatnonzero(np.diff(edges) > SHORTEST):
        yield int(edges[place]) + 1, int(edges[place + 1])
