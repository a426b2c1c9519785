"""Ids of transfers: random, and sortable by the moment they were made."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
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


def made_at(transfer: str) -> datetime | None:
    """The moment an id was made, UTC; None if it isn't one of ours."""
    digits = transfer.removeprefix("t_")
    if len(digits) != _DIGITS or not transfer.startswith("t_") or set(digits) - set(_ALPHABET):
        return None
    number = 0
    for digit in digits:
        number = number << 5 | _ALPHABET.index(digit)
    try:
        return datetime.fromtimestamp((number >> 80) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
