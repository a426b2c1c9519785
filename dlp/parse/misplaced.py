"""Numbers that are somebody's wherever they stand: written so, they fit many a slot for others."""

from __future__ import annotations

import re
from typing import Final

_SSN: Final = re.compile(r"(?<![0-9A-Za-z-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9A-Za-z-])")
_OTHERS: Final = re.compile(
    r"(?<![0-9A-Za-z.-])[0-9]{3}([.-])[0-9]{3}\1[0-9]{4}(?![0-9A-Za-z.-])"
    r"|(?<![0-9A-Za-z-])[1-9][A-Z][0-9A-Z][0-9](-?)[A-Z][0-9A-Z][0-9]\2[A-Z]{2}[0-9]{2}"
    r"(?![0-9A-Za-z-])"
)
"""A telephone number, and a Medicare beneficiary identifier."""


def has_ssn(text: str) -> bool:
    """Whether a value in a slot for another kind of number holds an SSN with its hyphens."""
    return _SSN.search(text) is not None


def is_somebodys(text: str) -> bool:
    """Whether a value in a slot for codes holds a number that no code system writes so."""
    return has_ssn(text) or _OTHERS.search(text) is not None
