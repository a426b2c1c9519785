"""Names of the blobs that workers make: ``<staged blob>.c<claim>.sealed``, or ``.opened``.

The claim's number makes each try write a blob of its own: a worker that slept through its lease
would else write over what its successor made, and may have delivered already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MADE: Final = re.compile(r".+\.c([0-9]+)\.(?:sealed|opened)")


def name(staged: str, claim: int) -> str:
    """The blob that the holder of ``claim`` seals into."""
    return f"{staged}.c{claim}.sealed"


def opened(staged: str, claim: int) -> str:
    """The blob into which the holder of ``claim`` opens a message."""
    return f"{staged}.c{claim}.opened"


def is_made(blob: str) -> bool:
    """Whether a worker made it."""
    return _MADE.fullmatch(blob) is not None


def older(blobs: Iterable[str], present: str) -> list[str]:
    """What earlier claims than that of ``present`` made."""
    return [blob for blob in blobs if is_made(blob) and _claim(blob) < _claim(present)]


def _claim(blob: str) -> int:
    found = _MADE.fullmatch(blob)
    if found is None:
        raise ValueError("not the name of a blob that a worker made")
    return int(found[1])
