"""A JPEG 2000 codestream, as DICOM holds it: comments, and what stands behind its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.parse.image.block import Block, rest, written

HEAD: Final = b"\xff\x4f\xff\x51"
"""Start of codestream, and of image size (ISO/IEC 15444-1, annex A)."""
_COMMENT, _TILE = 0x64, 0x90
_END: Final = b"\xff\xd9"


def blocks(data: bytes) -> Iterator[Block]:
    """The comments of the main header, text in what is coded, and bytes behind the end."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1] != _TILE:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == _COMMENT:
            yield Block("text", data[at + 6 : at + 2 + size])
        at += 2 + max(size, 2)
    end = data.rfind(_END)
    yield from written(data[at : end if end > at else len(data)])
    if end > at:
        yield from rest(data, end + 2)
