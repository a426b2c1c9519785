"""Whether a text beside "First Name" is somebody's, or says what such a field holds.

A form's answer and a data dictionary's description stand at the same place.
"""

from __future__ import annotations

import re
from typing import Final

from dlp.detect.words import is_given_name, is_not_name, is_word
from dlp.parse.delimited import headers

_MOST: Final = 4
_WORD: Final = re.compile(r"[^\W\d_](?:[\w'\u2019-]*\w)?[.,]?")
_BARE_PARTS: Final = {"first": "first", "given": "first", "last": "last", "family": "last"}


def bare_part(title: str) -> str:
    """The part that "First" or "Last" alone would name beside or above the other; "" for none."""
    return _BARE_PARTS.get(title.strip(" :").lower(), "")


def is_answer(part: str, text: str) -> bool:
    """Whether a text beside a label for a name is a name.

    Args:
        part: The part that the label asks for.
        text: What stands there.
    """
    written = text.split()
    if not 0 < len(written) <= _MOST or not all(map(_WORD.fullmatch, written)):
        return False
    if not written[0][0].isupper() or headers.read(text):
        return False
    words = [word.lower().strip(".,") for word in written]
    if any(map(is_given_name, words)):
        return part != "last" or not any(map(is_word, words))
    return not any(is_word(word) or is_not_name(word) for word in words if len(word) > 1)
