"""Driver's licences, by the states' formats and the words in front of them.

The formats are those that the states' motor vehicle departments have issued, 50 and the District of
Columbia. Most are a few digits, which anything may be: a number is one only behind a label, and a
label that has other uses ("DL", a decilitre) only with a state or a number word beside it, or
before seven digits: no amount is so long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import re2

from config.states import NAMES, code_of
from dlp.detect.context import words_before
from dlp.detect.dates import parse_date
from dlp.detect.reading import Reading
from dlp.detect.words import is_word
from dlp.model import Category, Match

# "@" is a letter and "#" a digit; "*" fills short names in Washington.
_FORMATS: Final = {
    "AL": "#{7,8}", "AK": "#{5,7}", "AZ": "@#{8}|#{9}", "AR": "#{8,9}", "CA": "@#{7}",
    "CO": "#{9}|@#{3,6}|@@#{2,5}", "CT": "#{9}", "DE": "#{5,7}", "DC": "#{7}|#{9}",
    "FL": "@#{12}", "GA": "#{7,9}", "HI": "@#{8}|#{9}", "ID": "@@#{6}@|#{9}", "IL": "@#{11,12}",
    "IN": "@#{9}|#{9,10}", "IA": "#{9}|#{3}@@#{4}", "KS": "@#@#@|@#{8}|#{9}",
    "KY": "@#{8,9}|#{9}", "LA": "#{7,9}", "ME": "#{7}@?|#{8}", "MD": "@#{12}",
    "MA": "@#{8}|@@#{7}|#{9}", "MI": "@#{10}|@#{12}", "MN": "@#{12}", "MS": "#{9}",
    "MO": "#{3}@#{6}|@#{5,9}|@#{6}R|#{8}@@|#{9}@?", "MT": "@#{8}|#{9}|#{13,14}",
    "NE": "[ABCEGHV]#{6,8}", "NV": "#{9,10}|#{12}|X#{8}", "NH": "##@@@#{5}|NH[LV]#{8}",
    "NJ": "@#{14}", "NM": "#{8,9}", "NY": "@#{7}|@#{18}|#{8,9}|#{16}", "NC": "#{5,12}",
    "ND": "@@@#{6}|#{9}", "OH": "@#{4,8}|@@#{3,7}|#{8}", "OK": "@#{9}|#{9}", "OR": "#{5,9}|@#{6}",
    "PA": "#{8}", "RI": "#{7,8}|@#{6}", "SC": "#{5,11}", "SD": "#{6,10}|#{12}", "TN": "#{7,9}",
    "TX": "#{7,8}", "UT": "#{4,10}", "VT": "#{8}|#{7}@", "VA": "@#{8,11}|#{9}|#{12}",
    "WA": "@[A-Z*]{6}#{3}[A-Z0-9*]{2}|WDL[A-Z0-9]{9}", "WV": "#{7}|@@?#{5,6}",
    "WI": "@#{13}", "WY": "#{9,10}",
}  # fmt: skip


FORMATS: Final = {
    # Every repetition is bounded, over a short value: nothing here backtracks far.
    state: re.compile(form.replace("@", "[A-Z]").replace("#", "[0-9]"))
    for state, form in _FORMATS.items()
}
"""State to what its licence numbers look like, without blanks and hyphens, in upper case."""

_WORDS: Final = sorted((NAMES[state] for state in _FORMATS), key=len, reverse=True)
_STATE: Final = rf"({'|'.join((*_FORMATS, *_WORDS))})"
_LABELLED: Final = re2.compile(
    rf"(?i)(?:^|[^0-9a-z/])(?:{_STATE}[ ']s?[ ]?)?"
    r"(driv(?:er'?s?'?|ing) ?(?:licen[cs]e|lic\b\.?)|c?dl|d\.l\.|(?:state )?licen[cs]e)"
    rf"(?:[ ,(]{{1,2}}{_STATE}\)?)?"
    r"([ ]?(?:numbers?|no\.?|num\.?|#|id))?[ ]?(?:is|was|of|[:=#])?[ ]?"
    rf"(?:{_STATE}[ ]{{1,2}})?"
    r"([A-Z0-9*]{1,20}(?:[ -][A-Z0-9*]{1,12}){0,4})".encode()
)
_TOKEN: Final = re.compile(r"[A-Z0-9*]+")
_SURE, _LIKELY = 0.93, 0.8
_FEWEST_DIGITS = 3
_LONG = re2.compile(rb"(?i)[A-Z]?[0-9]{7}")
_OTHER: Final = frozenset(
    {"software", "business", "liquor", "fishing", "hunting", "marriage", "dog", "medical",
     "nursing", "pharmacy", "facility", "clia", "product", "gun", "mg", "ml", "g", "mcg", "per"}
)  # fmt: skip


def find_licences(reading: Reading) -> Iterator[Match]:
    """Driver's licences behind a label; linear in the text."""
    position = 0
    while found := _LABELLED.search(reading.data, position):
        position = max(found.end(2), found.start() + 1)
        before, label, *between = (
            (group or b"").decode("ascii") for group in found.group(1, 2, 3, 4, 5)
        )
        beside, number, behind = between
        state = next(filter(None, map(code_of, (behind, beside, before))), "")
        telling = bool(number) or _LONG.match(found.group(6)) is not None
        if not _is_label(label, telling, state):
            continue
        if not _OTHER.isdisjoint(words_before(reading, found.start(2))[-2:]):
            continue
        end = _end(found.group(6).decode("ascii").upper(), state)
        if end:
            start = found.start(6)
            sure = _SURE if state else _LIKELY
            yield Match(Category.LICENSE_NUMBER, start, start + end, sure, "drivers-licence")


def _is_label(label: str, telling: bool, state: str) -> bool:
    """Whether the words mean a driver's licence and not a decilitre or a product's.

    Args:
        label: As written.
        telling: Whether a word for a number follows, or a number as long as a licence's.
        state: Which is named, or "".
    """
    if label.lower().startswith(("driv", "cdl")):
        return True
    if label.lower().startswith("d"):
        return label.isupper() and (telling or bool(state))
    return bool(state)


def _end(text: str, state: str) -> int:
    """The length of the longest start of whole pieces that is a licence number; 0 for none."""
    pieces = [(piece.group(), piece.end()) for piece in _TOKEN.finditer(text)]
    for piece, end in reversed(pieces):
        if piece.isalpha() and is_word(piece.lower()):
            continue
        value = text[:end].replace("-", "").replace(" ", "")
        if sum(map(str.isdigit, value)) < _FEWEST_DIGITS or parse_date(text[:end]):
            continue
        forms = (FORMATS[state],) if state in FORMATS else FORMATS.values()
        if any(form.fullmatch(value) for form in forms):
            return end
    return 0
