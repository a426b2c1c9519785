"""What stands where something was taken out: words that no detector takes for a value.

Only letters, digits and what the value itself had between them are written, so nothing has to be
quoted or escaped in any format, and a value that fitted its field is followed by one that fits.
"""

from __future__ import annotations

import re
from typing import Final

from config.contracts import Redaction
from dlp.model import Carrier, Category, Match, Passage
from dlp.normalise import normalise
from dlp.pseudonym import LENGTH, pseudonym

_DATES: Final = frozenset(
    {Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE, Category.OTHER_DATE}
)
_DIGITS: Final = re.compile(r"\d+")
_SHOWN: Final = re.compile(r"[^\W_]")
_YEAR, _MONTH_AND_DAY = "1900", "01"
_DATE_SIZES: Final = (8, 12, 14)
_MAY_BE_EMPTY: Final = ("text/plain", "delimited/", "hl7v2")
"""Formats in which a value may be missing; X12, FHIR and C-CDA want at least one character."""


def replacement(style: Redaction, key: bytes, fmt: str, passage: Passage, match: Match) -> str:
    """What to write instead of a match's characters.

    A date in a field of its own becomes 1 January 1900 in the form it had, whatever the style:
    anything else would break the field's type.

    Args:
        style: As the contract says.
        key: Of the pseudonyms; unused by other styles.
        fmt: The member's format.
        passage: Where the match stands.
        match: What is taken out.
    """
    text = passage.text[match.start : match.end]
    whole = (match.start, match.end) == (0, len(passage.text))
    if passage.carrier is Carrier.IDENTIFIER_FIELD and match.category in _DATES:
        return _no_date(text)
    if style == "pseudonym":
        return _fitted(pseudonym(key, match.category, normalise(match.category, text)), passage)
    if style == "remove":
        return "X" if whole and not fmt.startswith(_MAY_BE_EMPTY) else ""
    return masked(text)


def masked(text: str) -> str:
    """Every letter and digit an X: the shape stays, so that a reader sees what was there."""
    return _SHOWN.sub("X", text)


def _fitted(word: str, passage: Passage) -> str:
    """A pseudonym, or Xs in a field that is too short for one."""
    field = passage.carrier is Carrier.IDENTIFIER_FIELD
    return masked(passage.text) if field and len(passage.text) < LENGTH else word


def _no_date(text: str) -> str:
    """1 January 1900, or its year, as the date was written; Xs for what isn't one."""
    groups = _DIGITS.findall(text)
    if not groups:
        return masked(text)
    if len(groups[0]) in _DATE_SIZES:
        return _DIGITS.sub(lambda found: _packed(found.group()), text)
    return _DIGITS.sub(lambda found: _part(found.group()), text)


def _packed(digits: str) -> str:
    date = f"{_YEAR}{_MONTH_AND_DAY}{_MONTH_AND_DAY}"
    return date + "0" * (len(digits) - len(date)) if len(digits) in _DATE_SIZES else _part(digits)


def _part(digits: str) -> str:
    sizes = {len(_YEAR): _YEAR, len(_MONTH_AND_DAY): _MONTH_AND_DAY, 1: "1"}
    return sizes.get(len(digits), "0" * len(digits))
