"""Values that are nobody's by the slot they stand in: fonts, and who wrote a document.

The name model takes "MV Boli" for a person, and "toc 1" for a place. Where a format says what a
value is, a value of that kind is passed over, and anything else there is read like any text.
"""

from __future__ import annotations

import re
from typing import Final

from dlp.parse.terms import terms

_LABEL: Final = re.compile(r"[^\W_][\w .,+()'&-]{0,39}|[+.][\w .-]{1,39}")
_FEW_DIGITS: Final = 4
_AUTHOR: Final = re.compile(r"\s*[^\W\d_](?:[^\W\d_]|[ .,'\u2019&-]){0,63}\s*")
_MOST_WORDS: Final = 5
_PATIENT: Final = terms("patient pt mrn dob ssn")


def is_label(text: str) -> bool:
    """Whether a value could be a font's name: few digits, at most 40 characters, any script.

    Nobody types a patient's name where a font's belongs, so that in such a slot letters are one.
    """
    return bool(_LABEL.fullmatch(text)) and sum(map(str.isdigit, text)) <= _FEW_DIGITS


def is_author(text: str) -> bool:
    """Whether a value is no more than a name: who wrote a document is staff, and no patient."""
    words = text.lower().split()
    return bool(_AUTHOR.fullmatch(text)) and len(words) <= _MOST_WORDS and not _PATIENT & set(words)
