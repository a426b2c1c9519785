"""Base64 where a format says that it is (RFC 4648 section 4), broken into lines or not."""

from __future__ import annotations

import base64
import binascii
from typing import Final

_QUANTUM: Final = 4
"""Characters that lines are broken after a multiple of; words seldom have as many."""


def unwrapped(text: str) -> bytes | None:
    """What Base64 holds; None for anything else, such as a note in its place."""
    lines = text.split()
    if any(len(line) % _QUANTUM for line in lines[:-1]):
        return None
    try:
        return base64.b64decode("".join(lines), validate=True)
    except (ValueError, binascii.Error):
        return None
