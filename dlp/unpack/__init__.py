"""Containers, opened in place: no temporary file, and memory that no member's size decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import Source
from dlp.unpack import compressed, gzips, sevenzips, tars, zips
from dlp.unpack.entry import Entry

Opener = Callable[[Source, Meter, int], Iterator[Entry]]

CONTAINERS: Final[dict[str, Opener]] = {
    "archive/zip": zips.entries,
    "archive/gzip": gzips.entries,
    "archive/bzip2": compressed.bzip2,
    "archive/xz": compressed.xz,
    "archive/zstd": compressed.zstd,
    "archive/tar": tars.entries,
    "archive/7z": sevenzips.entries,
}
"""Format to what opens it; the number is how many containers down its members lie."""

__all__ = ["CONTAINERS", "Entry", "Opener"]
