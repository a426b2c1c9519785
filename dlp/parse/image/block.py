"""One piece of an image file that isn't pixels, and text in what is meant for none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_LONG: Final = 12
"""Printable characters in a row: of a hundred megabytes of chance ten are so long."""
_RUNS: Final = {least: re.compile(rb"[\x20-\x7e]{%d,}" % least) for least in (8, _LONG)}
_TELLING: Final = re.compile(rb"[A-Za-z]{3}[ ,^_:;=|]{1,2}[A-Za-z0-9]{3}|[0-9][0-9-]{8}")
"""Words side by side, or a long number: chance hardly writes either within a run."""


class Block(NamedTuple):
    """A segment, chunk or block of a file format.

    Attributes:
        kind: "exif", "xmp", "iptc", "icc", "text", "other", or "end": the bytes after the image.
        data: Its content, without its head.
        whole: False where it was cut, damaged or too large.
    """

    kind: str
    data: bytes
    whole: bool = True


def rest(data: bytes, end: int) -> Iterator[Block]:
    """What follows the image; padding isn't told."""
    if data[end:].strip(b"\0\r\n "):
        yield Block("end", data[end:])


def written(data: bytes, least: int = _LONG) -> Iterator[Block]:
    """Text that stands among numbers: in coded pixels, a palette, the room between parts.

    Args:
        data: What holds numbers.
        least: Characters of text that chance doesn't write, 8 or 12.
    """
    runs = [run for run in _RUNS[least].findall(data) if _TELLING.search(run)]
    if runs:
        yield Block("text", b"\n".join(runs))
