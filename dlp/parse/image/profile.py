"""The text of a colour profile (ICC.1:2022, section 7) that its maker didn't put there."""

from __future__ import annotations

import re
from typing import Final

from dlp.parse.image.block import written

_TABLE: Final = 128
_MOST_TAGS: Final = 200
_MAKERS: Final = frozenset({b"cprt", b"dmnd", b"dmdd", b"vued", b"targ"})
"""Copyright, device, viewing conditions: a company's, "Copyright 1998 Hewlett-Packard"."""
_LONGEST: Final = 512
_NUMBER: Final = re.compile(rb"[0-9]{7}|[0-9]{3}-[0-9]{2}")
_DESCRIPTION: Final = 512


def texts(profile: bytes) -> tuple[bytes, bytes]:
    """What a profile calls itself, and text elsewhere in it.

    Args:
        profile: The profile, or a piece of it.
    """
    start = profile.find(b"desc", _TABLE)
    body = bytearray(profile)
    for at in range(_TABLE + 4, min(_TABLE + 4 + 12 * _MOST_TAGS, len(profile)), 12):
        place, size = (int.from_bytes(profile[at + i : at + i + 4], "big") for i in (4, 8))
        value = profile[place : place + size]
        if profile[at : at + 4] in _MAKERS and size <= _LONGEST and not _NUMBER.search(value):
            body[place : place + len(value)] = bytes(len(value))
    others = b"\n".join(block.data for block in written(bytes(body)))
    return (profile[start : start + _DESCRIPTION] if start >= 0 else b""), others
