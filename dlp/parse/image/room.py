"""Bytes of a TIFF that nothing in it speaks of, and those that pixels leave over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dlp.parse.image.block import written

Span = tuple[int, int]
"""First byte, and one past the last."""
_WIDTH, _HEIGHT, _BITS, _PACKING, _EACH, _ROWS, _PLANES = (
    0x0100, 0x0101, 0x0102, 0x0103, 0x0115, 0x0116, 0x011C,
)  # fmt: skip
_NOT_PACKED, _PACK_BITS = 1, 32773


def between(data: bytes, used: Sequence[Span]) -> Iterator[bytes]:
    """Text in the gaps between what directories, values and pixels take up."""
    at = 0
    for start, end in sorted(used):
        for block in written(data[at:start], least=8):
            yield block.data
        at = max(at, end)


def behind_rows(data: bytes, strips: Sequence[Span], said: Mapping[int, Sequence[int]]) -> bytes:
    """Text in strips of pixels that no pixel is.

    Args:
        data: The file.
        strips: Where its pixels stand.
        said: The numbers of a directory's tags.
    """
    packing = _said(said, _PACKING, 1)
    if packing == _PACK_BITS:
        return b""  # Pixels as they are, for the most part: shown, and full of letters.
    if packing != _NOT_PACKED:
        parts = (data[start:end] for start, end in strips)
        return b"\n".join(block.data for part in parts for block in written(part))
    height = _said(said, _HEIGHT, 0)
    samples = 1 if _said(said, _PLANES, 1) != 1 else _said(said, _EACH, 1)
    row = (_said(said, _WIDTH, 0) * _said(said, _BITS, 1) * samples + 7) // 8
    most = min(_said(said, _ROWS, height), height)
    parts = (data[start + row * most : end] for start, end in strips if row and most)
    return b"\n".join(block.data for part in parts for block in written(part, least=8))


def _said(said: Mapping[int, Sequence[int]], tag: int, default: int) -> int:
    """A tag's first number; the default where it is missing or, in a damaged file, empty."""
    return next(iter(said.get(tag, ())), default)
