"""Ids of transfers: random, and sortable by the moment they were made."""

from __future__ import annotations

import os
import time
from typing import Final

# Crockford's order is that of ASCII, unlike RFC 4648's base32, so that text sorts as time does.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS: Final = 26
_RANDOM_BYTES: Final = 10


def new_transfer_id() -> str:
    """``t_`` and 26 characters: 48 bits of milliseconds since 1970, then 80 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | int.from_bytes(os.urandom(_RANDOM_BYTES), "big")
    digits = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_DIGITS)))
    return "t_" + "".join(digits)
