"""Text in what should be numbers: signature values, keys, serial numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.model import Carrier, Passage

_RUN: Final = re.compile(
    rb"[\x20-\x7e]{12,}|[A-Za-z][A-Za-z ,.'-]{8,}|[0-9][0-9 -]{7,}|"
    rb"(?:[\x20-\x7e]\x00){6,}|(?:\x00[\x20-\x7e]){6,}"
)
"""Shorter runs stand in random bytes too, and a model takes some for names: of 400 signatures by
RSA with 4096 bits, runs of six characters held 13, these 1."""


def runs(data: bytes, where: str) -> Iterator[Passage]:
    """What of numbers could be read as text, in one passage."""
    found = (run.group().replace(b"\x00", b"") for run in _RUN.finditer(data))
    joined = b"\n".join(found).decode("ascii")
    if joined:
        yield Passage(joined, where, Carrier.FREE_TEXT)
