"""The document that a BIN or BDS segment carries (275: X210, X314)."""

from __future__ import annotations

import binascii
import re
from typing import Final

_BASE64: Final = b"B64"
_BLANK: Final = re.compile(rb"[\r\n\t ]+")


def unpacked(coding: bytes, payload: bytes) -> bytes:
    """The document itself; the payload as it is where its coding isn't what BDS01 says.

    Args:
        coding: BDS01 (data element 1570): ``B64`` for Base64, ``ASC`` for text; b"" in a BIN.
        payload: As many bytes as the segment declares.
    """
    if coding.upper() != _BASE64:
        return payload
    try:
        return binascii.a2b_base64(_BLANK.sub(b"", payload), strict_mode=True)
    except binascii.Error:
        # Read as text then, where a run of Base64 is held against the file.
        return payload
