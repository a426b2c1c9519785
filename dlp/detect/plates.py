"""Number plates of vehicles, behind the words for one.

Plates have no common form: three letters and three or four digits are the most frequent, and each
state has others. A word that has other uses ("plate", "tag") counts only with a number word or a
state.
"""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import re2

from config.states import NAMES
from dlp.detect.dates import parse_date
from dlp.detect.reading import Reading
from dlp.detect.words import is_word
from dlp.model import Category, Match

_STATE: Final = rf"({'|'.join(NAMES)})"
_LABELLED: Final = re2.compile(
    rf"(?i)(?:^|[^0-9a-z])(?:{_STATE} )?"
    r"((?:licen[cs]e|lic\.?|number|registration|car|vehicle|truck|van) (?:with )?plates?|plates?|tags?)"
    r"( ?#| no\.?| numbers?)?[ ]?(?:is|was|of|[:=#])?[ ]?"
    rf"(?:{_STATE}[ -]{{1,2}})?"
    r"([A-Z0-9]{1,8}(?:[ -][A-Z0-9]{1,8}){0,2})".encode()
)
_TOKEN: Final = re.compile(r"[A-Z0-9]+")
_CONFIDENCE: Final = 0.85
_SHORTEST, _LONGEST = 4, 8
_WORD: Final = re.compile(r"[A-Z]{5}")
"""No series has so many letters; a number of screws does."""


def find_plates(reading: Reading) -> Iterator[Match]:
    """Plates behind a label; linear in the text."""
    position = 0
    while found := _LABELLED.search(reading.data, position):
        position = max(found.end(2), found.start() + 1)
        before, label, number, behind, text = (
            (group or b"").decode("ascii") for group in found.group(1, 2, 3, 4, 5)
        )
        sure = " " in label
        if not (sure or number or before or behind):
            continue
        end = _end(text.upper(), digits_alone=sure)
        if end:
            start = found.start(5)
            yield Match(Category.VEHICLE_ID, start, start + end, _CONFIDENCE, "vehicle-plate")


def _end(text: str, *, digits_alone: bool) -> int:
    """The length of the longest start of whole pieces that may be a plate; 0 for none."""
    best = 0
    for piece in _TOKEN.finditer(text):
        if piece.group().isalpha() and is_word(piece.group().lower()):
            break
        value = "".join(_TOKEN.findall(text[: piece.end()]))
        if _is_plate(value, digits_alone=digits_alone) and not parse_date(text[: piece.end()]):
            best = piece.end()
    return best


def _is_plate(value: str, *, digits_alone: bool) -> bool:
    mixed = not value.isdigit() and not value.isalpha() and not _WORD.search(value)
    return _SHORTEST <= len(value) <= _LONGEST and (mixed or (digits_alone and value.isdigit()))
