"""The safety net for binary parts: runs of printable characters, one byte or two each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source
from dlp.streams import read_exactly

MOST_BYTES: Final = 64 * 2**20
"""A larger part is too large: a run may stand across any cut."""
_NARROW: Final = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]{4,}")
_WIDE: Final = re.compile(rb"(?:[\t\r\n\x20-\x7e\xa0-\xff]\x00|[\x00-\xff][\x01-\x24]){4,}")
_WORDS: Final = re.compile(r"[^\W_]{3,}")


def runs(source: Source, meter: Meter, where: str) -> Iterator[Passage]:
    """What can be read in at most :data:`MOST_BYTES` of no known format.

    Raises:
        NotReadableError: There is more than that, or the budget is spent.
    """
    data = read_exactly(source, 0, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise NotReadableError(Obstacle.TOO_LARGE, f"over {MOST_BYTES // 2**20} MiB", where)
    meter.take(len(data))
    ordinal = 0
    for pattern, encoding, start in ((_NARROW, "cp1252", 0), (_WIDE, "utf-16-le", 0),
                                     (_WIDE, "utf-16-le", 1)):  # fmt: skip
        for match in pattern.finditer(data, start):
            text = match[0].decode(encoding, "replace")
            if _WORDS.search(text):
                ordinal += 1
                yield Passage(text, f"{where} text run {ordinal}", Carrier.FREE_TEXT)
