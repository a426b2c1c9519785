"""Labelled identifiers in which a reader of pictures took a letter for a digit or the reverse.

``MBI 1EG4-TES-MK73``, ``SSN 4l8-62-773S``: no check digit holds any more, but the label says what
it is. Only what has such a character is looked at here; the rest is decided by its rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import re2

from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, spans
from dlp.model import Category, Match

_CONFIDENCE: Final = 0.85
_DETECTOR: Final = "misread"
_D: Final = "[0-9OQDILZSBG|!]"
"""A digit, and what it is misread as: 0 O Q D, 1 I l | !, 2 Z, 5 S, 6 G, 8 B."""
_LIKE_DIGITS: Final = frozenset("OQDILZSBG|!")
_LINK: Final = r"(?:'?s)?(?: ?(?:numbers?|no\.?|nbr\.?|id|#))?[ \t.:#=]{0,3}(?:is |was )?"
# 42 CFR 424 and CMS's format of the MBI: C A AN N A AN N A A N N.
_MBI_LETTERS, _MBI_DIGITS = (1, 4, 7, 8), (0, 3, 6, 9, 10)
_MOST_MISREAD: Final = 2


class _Kind(NamedTuple):
    """An identifier behind a label.

    Attributes:
        category: What it is.
        expression: Group 1 is the value.
        least: Digits that it must have left.
    """

    category: Category
    expression: re2._Regexp
    least: int


def _kind(category: Category, labels: str, value: str, least: int) -> _Kind:
    written = rf"(?i)(?:^|[^0-9A-Z])(?:{labels}){_LINK}({value})(?:[^0-9A-Z|!]|$)"
    return _Kind(category, re2.compile(written.encode()), least)


_KINDS: Final = (
    _kind(
        Category.SSN,
        r"ssn|ss|social security|soc\.? ?sec\.?",
        rf"{_D}{{3}}[- .]?{_D}{{2}}[- .]?{_D}{{4}}",
        5,
    ),
    _kind(
        Category.MEDICARE_ID,
        "mbi|hicn?|medicare(?: beneficiary)?",
        r"[0-9A-Z|]{4}[- ]?[0-9A-Z|]{3}[- ]?[0-9A-Z|]{4}",
        2,
    ),
    _kind(Category.VEHICLE_ID, r"v\.?[il1]\.?n\.?|vehicle identification", r"[0-9A-Z|]{17}", 5),
    _kind(
        Category.BANK_ACCOUNT,
        "iban",
        rf"[A-Z0-9]{{2}}{_D}{{2}}(?: ?[0-9A-Z|]{{4}}){{2,7}}(?: ?[0-9A-Z|]{{1,3}})?",
        8,
    ),
    _kind(Category.LICENSE_NUMBER, "dea", rf"[A-Z0-9]{{2}}{_D}{{7}}", 4),
    _kind(
        Category.PHONE,
        "phone|telephone|tel|cell|mobile|ph|fax",
        rf"\(?{_D}{{3}}\)?[- .]{{1,2}}{_D}{{3}}[- .]{_D}{{4}}",
        6,
    ),
    _kind(
        Category.BIRTH_DATE,
        r"dob|d\.o\.b\.?|birth ?date|date of birth|born",
        rf"{_D}{{1,2}}[/-]{_D}{{1,2}}[/-](?:{_D}{{4}}|{_D}{{2}})",
        3,
    ),
)
_SCREEN: Final = Screen(kind.expression for kind in _KINDS)


def find_misread(reading: Reading) -> Iterator[Match]:
    """Identifiers behind their label with a character or two misread; linear for each kind."""
    possible = _SCREEN.among(reading.data)
    for kind in _KINDS:
        for start, end in (
            spans(kind.expression, reading.data) if kind.expression in possible else ()
        ):
            if _is_misread(kind, reading.folded[start:end].upper()):
                yield Match(kind.category, start, end, _CONFIDENCE, _DETECTOR)


def _is_misread(kind: _Kind, value: str) -> bool:
    written = [c for c in value if c.isalnum() or c in "|!"]
    if sum(map(str.isdigit, written)) < kind.least or _LIKE_DIGITS.isdisjoint(written):
        return False
    return kind.category is not Category.MEDICARE_ID or _is_medicare(written)


def _is_medicare(written: list[str]) -> bool:
    """Whether all but a few characters are of the kind that their place asks for."""
    wrong = [c for c in (written[i] for i in _MBI_DIGITS) if not c.isdigit()]
    wrong += [c for c in (written[i] for i in _MBI_LETTERS) if not c.isalpha()]
    return len(wrong) <= _MOST_MISREAD
