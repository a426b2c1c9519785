"""Names of sealed blobs: ``<staged blob>.c<claim>.sealed``.

The claim's number makes each try write a blob of its own: a worker that slept through its lease
would else write over what its successor sealed, and may have delivered already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_SEALED: Final = re.compile(r".+\.c([0-9]+)\.sealed")


def name(staged: str, claim: int) -> str:
    """The blob that the holder of ``claim`` seals into."""
    return f"{staged}.c{claim}.sealed"


def is_sealed(blob: str) -> bool:
    """Whether it is one of these."""
    return _SEALED.fullmatch(blob) is not None


def older(blobs: Iterable[str], present: str) -> list[str]:
    """What earlier claims than that of ``present`` left."""
    return [blob for blob in blobs if is_sealed(blob) and _claim(blob) < _claim(present)]


def _claim(blob: str) -> int:
    found = _SEALED.fullmatch(blob)
    if found is None:
        raise ValueError("not the name of a sealed blob")
    return int(found[1])
