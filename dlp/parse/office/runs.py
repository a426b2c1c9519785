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
_PADDING: Final = re.compile(r"[ \t]{16,}")
"""What fills a field of fixed length: who last saved a workbook stands in 109 characters."""
_SEAM: Final = re.compile(r"(?<=[0-9])(?=[\x80-\U0010ffff])|(?<=[\x80-\U0010ffff])(?=[0-9])")
"""A number beside a byte that is no ASCII: the next field's, of which it is no part."""
_WORDS: Final = re.compile(
    r"[A-Za-z][A-Za-z\u00c0-\u024f]{2,}|[\u00c0-\u024f][A-Za-z]{3,}|[\u0370-\u03ff]{4,}"
    r"|[\u0400-\u04ff]{4,}|[\u0590-\u05ff]{4,}|[\u0600-\u06ff]{4,}|[0-9]{3,}"
)
"""A word of one script, or a number: bytes that are no text make letters of many."""


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
            decoded = match[0].decode(encoding, "replace")
            for text in _PADDING.split(decoded if pattern is _WIDE else _SEAM.sub(" ", decoded)):
                if _WORDS.search(text):
                    ordinal += 1
                    yield Passage(text, f"{where} text run {ordinal}", Carrier.FREE_TEXT)
