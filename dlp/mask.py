"""The shape of a value, for people who decide on a finding without needing the value."""

from __future__ import annotations

import re

_LONGEST = 64
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")


def _mask_word(match: re.Match[str]) -> str:
    word = match[0]
    return "*" if len(word) == 1 else word[0] + "*" * (len(word) - 1)


def mask(text: str) -> str:
    """``John Smith`` as ``J*** S****``, ``123-45-6789`` as ``###-##-####``.

    At most the first letter of a word shows; no digit does (the last four of an SSN identify), and
    a letter alone is hidden, since it would be the whole word.

    Args:
        text: The value; cut after 64 characters.

    Returns:
        Its shape. Never raises.
    """
    shape = _DIGIT.sub("#", _WORD.sub(_mask_word, text[:_LONGEST]))
    return shape + "..." if len(text) > _LONGEST else shape
