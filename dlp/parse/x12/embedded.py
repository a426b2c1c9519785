"""Whether a payload embedded in a 275 can be read as text."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1b\x1d-\x1f\x7f]")
"""C0 without tab, line ends, form feed and the two marks of an HL7 v2 frame (VT, FS)."""
_ENCODED: Final = re.compile(rb"[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\r?\n[ \t]*){255,}")
"""A run of Base64 too long to be words: a document in disguise, perhaps inside XML."""


def is_readable(payload: bytes) -> bool:
    """Whether all of it is text that a detector can read: no control bytes, nothing encoded."""
    if _CONTROLS.search(payload):
        return False
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not _ENCODED.search(payload)
