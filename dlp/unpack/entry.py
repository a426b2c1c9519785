"""What a container gives for each of its members."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dlp.budget import Meter
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source, Uninspectable
from dlp.streams import CHUNK

_OPAQUE_MOST: Final = 64
"""Bytes of an unknown field that are read as text; a longer one could hold anything."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_DRIVE: Final = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of a container, or what the container says besides.

    Attributes:
        ordinal: From 1, in the order of the container's directory; 0 for the container itself.
        name: The member's name, "" for none.
        source: Its content, or None for a directory or what can't be read.
        texts: Comments and other text around it.
        faults: What is wrong with it; ``member`` and ``member_place`` are the walker's to fill.
        kind: What its ordinal counts, for its place ("entry 2", "attachment 1", "image 3").
    """

    ordinal: int
    name: str
    source: Source | None = None
    texts: tuple[Passage, ...] = ()
    faults: tuple[Uninspectable, ...] = ()
    kind: str = "entry"


def fault(detail: str, where: str = "") -> Uninspectable:
    """A flaw that makes a container mean different things to different readers."""
    return Uninspectable(Obstacle.MALFORMED, detail, where)


def comment(data: bytes, where: str) -> list[Passage]:
    """A comment or field as a passage, unless it is blank."""
    text = decoded(data)
    readable = _CONTROL.sub(" ", text)
    return [Passage(readable, where, Carrier.FREE_TEXT)] if readable.strip() else []


def opaque(data: bytes, where: str) -> tuple[list[Passage], list[Uninspectable]]:
    """A field of unknown meaning: read as text while it is short, held against when long."""
    if len(data) > _OPAQUE_MOST:
        return [], [fault(f"{len(data)} bytes in {where} whose meaning isn't known")]
    return comment(data, where), []


def decoded(data: bytes, *, utf8: bool = True) -> str:
    """A name or comment as text: UTF-8 where it is that, else code page 437 as ZIP says."""
    if utf8:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return data.decode("cp437")


def name_faults(name: str) -> list[Uninspectable]:
    """What makes a member's name dangerous to whoever unpacks it."""
    parts = name.replace("\\", "/").split("/")
    found = []
    if _CONTROL.search(name):
        found.append("its name has control characters")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        found.append("its name is an absolute path")
    if ".." in parts:
        found.append("its name climbs out of the directory (..)")
    if not name.strip():
        found.append("it has no name")
    return [fault(text) for text in found]


def link_faults(kind: str, target: str) -> list[Uninspectable]:
    """What a link to elsewhere is; one to a place below its own holds nothing but its target."""
    return [fault(f"it is {kind}")] if name_faults(target) else []


def inflate(packed: Source, size: int, meter: Meter) -> Iterator[bytes]:
    """The content of one raw DEFLATE stream (RFC 1951) that must fill ``packed`` exactly.

    Args:
        packed: From its start.
        size: Packed bytes, for the ratio.
        meter: Checked for ratio and time; the bytes are charged to whoever reads them.

    Raises:
        NotReadableError: If it is damaged, cut short, followed by more, or a bomb.
    """
    packed.seek(0)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or packed.read(CHUNK)
        piece = _step(unpacker, data)
        total += len(piece)
        meter.check_ratio(size, total)
        if piece:
            yield piece
        elif not data:
            raise NotReadableError(Obstacle.MALFORMED, "its compressed data is cut short")
    if unpacker.unused_data or packed.read(1):
        raise NotReadableError(Obstacle.MALFORMED, "bytes follow its compressed data")


def _step(unpacker: zlib._Decompress, data: bytes) -> bytes:
    try:
        return unpacker.decompress(data, CHUNK)
    except zlib.error:
        raise NotReadableError(Obstacle.MALFORMED, "its compressed data is damaged") from None
