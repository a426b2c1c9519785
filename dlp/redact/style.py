"""What stands where something was taken out: words that no detector takes for a value.

Only letters, digits, marks that no format gives a meaning and what the value itself had between
them are written, so nothing has to be quoted or escaped, and a value that fitted its field is
followed by one that fits.
"""

from __future__ import annotations

import re
from typing import Final

from config.contracts import Redaction
from dlp.model import Carrier, Category, Match, Passage
from dlp.nodate import no_date
from dlp.normalise import normalise
from dlp.pseudonym import LENGTH, pseudonym

DATES: Final = frozenset(
    {Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE, Category.OTHER_DATE}
)
_SHOWN: Final = re.compile(r"[^\W_]")
_MEANT: Final = re.compile(r"[^\w .,;:()/#+@-]")
"""Marks that mean something in some format: quotes, line ends, separators, escapes."""
_MAY_BE_EMPTY: Final = ("text/plain", "delimited/", "hl7v2")
"""Formats in which a value may be missing; X12, FHIR and C-CDA want at least one character."""
_X12: Final = "x12/"
_LEAST: Final = 3
"""Characters that every element of X12 takes at least of those that hold PHI (N403, a ZIP code)."""
_FIXED: Final = re.compile(r"ISA#\d+-\d\d")
"""Elements of X12 that have one length."""


def replacement(
    style: Redaction,
    key: bytes,
    fmt: str,
    passage: Passage,
    match: Match,
    *,
    all_of_it: bool | None = None,
    may_grow: bool = True,
) -> str:
    """What to write instead of a match's characters.

    A date in a field of its own becomes 1 January 1900 in the form it had, whatever the style:
    anything else would break the field's type.

    Args:
        style: As the contract says.
        key: Of the pseudonyms; unused by other styles.
        fmt: The member's format.
        passage: Where the match stands.
        match: What is taken out.
        all_of_it: Whether nothing of the passage would be left; None to ask the match alone.
        may_grow: Whether a pseudonym may be longer than what it stands for.
    """
    text = passage.text[match.start : match.end]
    if all_of_it is None:
        all_of_it = (match.start, match.end) == (0, len(passage.text))
    if passage.carrier is Carrier.IDENTIFIER_FIELD and match.category in DATES:
        return no_date(text) or masked(text)
    if fmt.startswith(_X12) and _FIXED.search(str(_place(passage))):
        return masked(text)
    if style == "pseudonym":
        short = len(text) < LENGTH
        if short and (not may_grow or passage.carrier is Carrier.IDENTIFIER_FIELD):
            return masked(text)
        return pseudonym(key, match.category, normalise(match.category, text))
    if style == "remove":
        return _removed(fmt, text) if all_of_it else ""
    return masked(text)


def masked(text: str, *, literal: bool = True) -> str:
    """Every letter and digit an X: the shape stays, so that a reader sees what was there.

    Args:
        text: What is taken out.
        literal: Whether it stands in the file as it is. If escapes were undone, a mark that would
            have to be escaped again is a blank.
    """
    shape = _SHOWN.sub("X", text)
    return shape if literal else _MEANT.sub(" ", shape)


def _removed(fmt: str, text: str) -> str:
    if fmt.startswith(_MAY_BE_EMPTY):
        return ""
    return "X" * (min(_LEAST, len(text)) if fmt.startswith(_X12) else 1)


def _place(passage: Passage) -> object:
    return passage.where() if callable(passage.where) else passage.where
