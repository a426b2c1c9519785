"""Columns as regular expressions over bytes: what a whole block of rows is checked by at once.

Every pattern here matches less than its column's shapes do, never more: a cell that a pattern
leaves out is only slower to read. All of it is printable ASCII without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dlp.detect.fields import FILLERS
from dlp.model import Carrier, Category, Subject
from dlp.parse.delimited import values
from dlp.parse.delimited.columns import TEXT, Column
from dlp.parse.delimited.values import Shape

_PRINTABLE: Final = frozenset(map(chr, range(0x20, 0x7F))) - {'"'}
_CLINICAL: Final = frozenset({Category.DIAGNOSIS, Category.PROCEDURE, Category.MEDICATION})
_YEAR: Final = "(?:19|20)[0-9][0-9]"
_MONTH: Final = "(?:0[1-9]|1[0-2])"
_DAY: Final = "(?:0[1-9]|[12][0-9]|3[01])"
_DAYS: Final = (
    f"{_YEAR}-?{_MONTH}-?{_DAY}|[0-9]{{1,2}}/[0-9]{{1,2}}/{_YEAR}|{_MONTH}-{_DAY}-{_YEAR}"
)
_TIMES: Final = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_AREA: Final = "(?:00[1-9]|0[1-9][0-9]|[1-578][0-9][0-9]|6[0-57-9][0-9]|66[0-57-9])"
_GROUP: Final = "(?:0[1-9]|[1-9][0-9])"
_SERIAL: Final = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9][0-9]|[1-9][0-9]{3})"
_SSN: Final = "|".join(f"{_AREA}{mark}{_GROUP}{mark}{_SERIAL}" for mark in ("-", " ", r"\."))
_UNITED_STATES_PHONE: Final = r"(?:\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}"
_MBI: Final = "[1-9][A-Za-z][A-Za-z0-9][0-9][A-Za-z][A-Za-z0-9][0-9][A-Za-z]{2}[0-9]{2}"
_MAIL: Final = r"[A-Za-z0-9._+-]{1,60}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}"
_LETTERS_FIRST: Final = "[A-Za-z][A-Za-z]*[0-9][A-Za-z0-9]*"
_DIGITS_FIRST: Final = "[0-9]{2,}[A-Za-z][A-Za-z0-9]*"
_CODES: Final = (
    f"{_LETTERS_FIRST}|{_DIGITS_FIRST}|[A-Za-z][A-Za-z._:+#-]*[0-9][A-Za-z0-9._:+#-]*|[0-9]+"
    "|[A-Za-z0-9]{1,3}|true|false|yes|male|female|True|False|Male|Female|TRUE|FALSE"
    "|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)
_IDS: Final = (
    f"{_LETTERS_FIRST}|{_DIGITS_FIRST}|[0-9]{{2,14}}|[0-9]{{17,19}}|[01789][0-9]{{14,15}}"
    "|[A-Za-z]+-[A-Za-z-]*[0-9][A-Za-z0-9-]*"
)
"""Without what :func:`dlp.detect.fields.check_field` may take for an SSN, a card or a mail."""
_PLAIN: Final = {
    values.PLAIN[0]: r"[-+]?\$?[0-9]+(?:\.[0-9]+)?%?|\([0-9]+\.[0-9]+\)",
    values.PLAIN[1]: f"(?:{_DAYS})(?:[T ]{_TIMES}Z?)?|{_TIMES}",
    values.PLAIN[2]: _CODES,
}
_TYPED: Final[dict[Shape, str]] = {
    **_PLAIN,
    values.SSN_WRITTEN.fullmatch: _SSN,
    values.SSN_BARE.fullmatch: f"{_AREA}{_GROUP}{_SERIAL}",
    values.year_of: _DAYS,
    values.NAMED[Category.BIRTH_DATE]: _DAYS,
    values.NAMED[Category.SSN]: r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{9}",
    values.NAMED[Category.MEDICARE_ID]: _MBI,
    values.NAMED[Category.PHONE]: f"{_UNITED_STATES_PHONE}|[0-9]{{10}}",
    values.NAMED[Category.EMAIL]: _MAIL,
    values.PARTS["zip"]: "[0-9]{5}(?:-?[0-9]{4})?",
    values.ANY_ID: _IDS,
    **{
        shape: pattern
        for (category, _, shape) in values.TELLING
        if (
            pattern := {
                Category.MEDICARE_ID: _MBI,
                Category.PHONE: _UNITED_STATES_PHONE,
                Category.EMAIL: _MAIL,
            }.get(category)
        )
    },
}
LONGEST: Final = 40
"""Characters of a typed cell that is taken by the batch; every shape allows as many."""
_PADDED: Final = " {0,2}"


def characters(delimiter: str, without: str = "") -> str:
    """A class of the printable characters of a cell."""
    return "[" + "".join(sorted(map(_escaped, _PRINTABLE - {delimiter, *without}))) + "]"


def _escaped(character: str) -> str:
    return f"\\x{ord(character):02x}"


def is_counted(column: Column) -> bool:
    """Whether every cell that fits is a finding by its position alone.

    A clinical code may have labels by the site's own list, so each is asked about.
    """
    if column.category is None or column.subject is Subject.PROVIDER:
        return False
    return column.category not in _CLINICAL


def is_asked_about(column: Column) -> bool:
    """Whether a cell of several words isn't counted: the site may say that he is no PHI."""
    return column.category is Category.NAME and column.carrier is Carrier.IDENTIFIER_FIELD


def is_silent(column: Column) -> bool:
    """Whether cells that fit make no passage, or one that only tells of a provider."""
    if not column.shapes:
        return False
    return column.carrier is None or (
        column.subject is Subject.PROVIDER and column.category not in _CLINICAL
    )


def cell(column: Column, delimiter: str) -> str | None:
    """The pattern of a column's cells, None where they are to be looked at one by one."""
    if column == TEXT or not (is_counted(column) or is_silent(column)):
        return None
    if column.words:
        return "|".join(sorted(map(re.escape, column.words)))
    patterns = [_pattern(shape, delimiter) for shape in column.shapes]
    known = [pattern for pattern in patterns if pattern]
    return "|".join(known) if known else None


def _pattern(shape: Shape, delimiter: str) -> str | None:
    if shape in _TYPED:
        return _TYPED[shape]
    if shape in (values.NAMED[Category.NAME], values.PARTS["city"]):
        return "[A-Za-z]+(?:[ '.-]{1,2}[A-Za-z]+)*[.]?"
    if shape == values.NAMED[Category.ADDRESS]:
        return f"[A-Za-z0-9#]{characters(delimiter)}*[A-Za-z0-9.]"
    return None


def padded(pattern: str) -> str:
    """A cell as it may be written: in quotes or not, with a blank or two around, or empty."""
    core = f"{_PADDED}(?:{pattern}){_PADDED}"
    return f'(?:{core}|"{core}"|""|)'


def row(cells: Iterable[str], delimiter: str) -> str:
    """The pattern of one line, its end included."""
    return _escaped(delimiter).join(cells) + r"\r?\n"


def anything(delimiter: str) -> str:
    """Any cell without a quote inside."""
    some = characters(delimiter)
    return f'(?:"{some}*"|(?:{some})*)'


def fillers(indices: Iterable[int], delimiter: str) -> str | None:
    """Lines that may hold a filler in one of some columns; finds all, and some besides."""
    before = f"(?:[^{_escaped(delimiter)}\n]*{_escaped(delimiter)})"
    places = [f"{before}{{{index}}}" for index in indices]
    if not places:
        return None
    gap = f"[^0-9A-Za-z{_escaped(delimiter)}\r\n]*"
    several = (f"(?:{digit}{gap}){{5,}}" for digit in "123456789")
    repeats = (f"(?:0{gap})+", f"(?:[xX]{gap})+", *several)
    written = sorted({*FILLERS, "123456789", "1234567890", "987654321", "0123456789",
                      "19000101", "01011900"})  # fmt: skip
    spelt = (gap.join(map(_either, word)) + gap for word in written)
    pseudonym = f"[zZ]{gap}[qQ][^{_escaped(delimiter)}\r\n]*"
    no_date = f"[^{_escaped(delimiter)}\\r\\n]*1900[^{_escaped(delimiter)}\\r\\n]*"
    filler = f"{gap}(?:{'|'.join((*repeats, *spelt, pseudonym, no_date))})"
    return f"(?m)^(?:{'|'.join(places)}){filler}(?:{_escaped(delimiter)}|\r?\n)"


def _either(letter: str) -> str:
    return f"[{letter}{letter.upper()}]" if letter.isalpha() else letter
