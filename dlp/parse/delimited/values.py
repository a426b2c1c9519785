"""What cells look like: the shapes that type a column and that its later cells are held to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from dlp.detect import checksums
from dlp.detect.words import is_given_name, is_word
from dlp.model import Category

_C = Category

LONGEST_TYPED: Final = 100
"""Characters; a longer cell is text whatever it starts with."""
LONGEST_PHRASE: Final = 40
BLANKS: Final = frozenset({"", "-", "--", "~", ".", "n/a", "na", "null", "none", "nan", "\\n", "?"})

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
"""Not "Mar" and whatever follows: a column of Mary, Maria and Martin would be one of dates."""
_NUMBER: Final = re.compile(
    r"(?=\D*\d)[-+(]{0,2}\s?[$€£]?\s?[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:[.,]\d+)?"
    r"(?:[eE][-+]?\d{1,3})?\s?[%)]{0,2}-?"
)
_DATE: Final = re.compile(
    rf"(?:\d{{4}}[-/.]?\d{{2}}[-/.]?\d{{2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[- ]?{_MONTH}[- ]?,?(?:\d{{4}}|\d{{2}})|{_MONTH} \d{{1,2}},? \d{{4}}"
    rf"|\d{{4}}[-/]\d{{2}}|{_MONTH}[- ]?(?:\d{{4}}|\d{{2}})?|\d{{4}}[- ]?Q[1-4]|Q[1-4][- ]?\d{{4}})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:[AaPp][Mm])?(?:Z|[-+]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_WHOLE_DATE: Final = re.compile(
    rf"(?:\d{{4}}[-/.]?\d{{2}}[-/.]?\d{{2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})|\d{{8}}"
    rf"|\d{{1,2}}[- ]?{_MONTH}[- ]?,?(?:\d{{4}}|\d{{2}})|{_MONTH} \d{{1,2}},? \d{{4}})"
    r"(?:[T ].{1,30})?",
    re.IGNORECASE,
)
_SIX_DIGITS: Final = re.compile(
    r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d\d"
)
"""YYMMDD or MMDDYY."""
_SERIAL: Final = re.compile(r"(?:[1-3]\d|4[0-9])\d{3}(?:\.0{1,6})?")
"""A day as spreadsheets count them: 10000 is in 1927, 49999 in 2036."""
_TIME: Final = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:[AaPp][Mm])?")
_SHORT: Final = re.compile(r"[A-Za-z0-9]{1,3}|(?i:true|false|yes|male|female|total|totals)")
_CODE: Final = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9][A-Za-z0-9._/:+#-]{0,39}")

SSN_WRITTEN: Final = re.compile(r"(?!000|666|9)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}")
SSN_BARE: Final = re.compile(r"(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}")
_SSN_NAMED: Final = re.compile(
    r"\d{3}[- .]?\d{2}[- .]?\d{4}|\d{7,8}|[Xx*#]{3}[- ]?[Xx*#]{2}[- ]?\d{4}"
)
SSN_OR_ITS_END: Final = re.compile(r"(?:(?:[\dXx*#]{3}[- .]?[\dXx*#]{2})?[- .]?)?\d{4}")
_MBI: Final = re.compile(r"[1-9][A-Z][A-Z0-9]\d-?[A-Z][A-Z0-9]\d-?[A-Z]{2}\d{2}", re.IGNORECASE)
_HICN: Final = re.compile(
    r"-?\d{9}[A-Z][A-Z0-9]{0,2}|[A-Z]{1,3}\d{6,9}|T?\d{3}-?\d{2}-?\d{4}[A-Z]\d?"
)
_EMAIL: Final = re.compile(r"[^@\s,]{1,64}@[^@\s,]{1,253}\.[A-Za-z]{2,24}")
_PHONE_WRITTEN: Final = re.compile(
    r"(?:\+?1[-. ]?)?(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?"
)
_PHONE: Final = re.compile(r"\+?[\d().x -]{7,25}")
PHONE_BARE: Final = re.compile(r"(?:\+?1)?[2-9]\d{2}[2-9]\d{6}(?:\.0)?")
"""Ten digits, under a title that says what they are."""
_NAME: Final = re.compile(r"[^\W\d_][^\d@/\\:|<>]{0,59}")
_NAME_LAST_FIRST: Final = re.compile(
    r"[^\W\d_][\w'\u2019-]{1,30}(?: (?:JR|SR|II|III)\.?)?, ?"
    r"[^\W\d_][\w'\u2019-]{1,30}(?: [^\W\d_]\.?)?"
)
_NAME_FULL: Final = re.compile(r"[^\W\d_][\w'\u2019.-]*,?(?: [^\W\d_][\w'\u2019.-]*,?){1,4}")
_ORGANISATION: Final = re.compile(
    r"(?i)\b(?:inc|llc|llp|corp|co|ltd|pc|pa|plan|health|healthcare|medical|clinic|hospital|center"
    r"|centre|group|insurance|services?|systems?|associates|pharmacy|labs?|university|county|state"
    r"|department|office|unit|care|visits?|claims?|total|service|supplies|therapy|the|of|and|for)\b"
)
_STREET: Final = re.compile(
    r"(?i)(?:\d{1,6}[a-z]?(?:-\d{1,5})?\s+[\w.' #-]*\b(?:st|street|ave|avenue|rd|road|blvd"
    r"|boulevard|dr|drive|ln|lane|ct|court|way|pl|place|pkwy|parkway|cir|circle|hwy|highway|ter"
    r"|terrace|trl|trail|loop|sq|square|pike)\b.{0,40}|p\.?\s?o\.?\s?box\s+\d{1,6}.{0,20})"
)
_ANY_ID: Final = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9*][\w .*/-]{1,39}")
_ADDRESS: Final = re.compile(r"[\w#].{1,79}")
_PLACE: Final = re.compile(r"[^\W\d_][^\d@]{1,39}")
_ZIP: Final = re.compile(r"\d{5}(?:-?\d{4})?|\d{3,4}")
_DIAGNOSIS: Final = re.compile(
    r"[A-TV-Z]\d[A-Z0-9]\.?[A-Z0-9]{0,4}|[EV]?\d{3,4}\.?\d{0,2}", re.IGNORECASE
)
_PROCEDURE: Final = re.compile(r"\d{4}[0-9A-Z]|[A-V]\d{4}|[0-9A-HJ-NP-Z]{7}", re.IGNORECASE)
_NDC: Final = re.compile(r"\d{4,5}-?\d{3,4}-?\d{1,2}")
_URL: Final = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)+(?:/\S*)?", re.IGNORECASE)
_IP: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{3,39}")

Shape = Callable[[str], object]


def _name_full(text: str) -> bool:
    return bool(_NAME_FULL.fullmatch(text)) and not _ORGANISATION.search(text)


def is_birth(text: str) -> bool:
    """A date, or a spreadsheet's number of a day, under a title that says what it is."""
    return any(shape.fullmatch(text) for shape in (_WHOLE_DATE, _SIX_DIGITS, _SERIAL))


def last_first(text: str) -> bool:
    """``SMITH, JOHN A``."""
    return bool(_NAME_LAST_FIRST.fullmatch(text)) and not _ORGANISATION.search(text)


def _card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    return digits.isascii() and digits.isdigit() and checksums.payment_card(digits)


NAMED: Final[dict[Category, Shape]] = {
    _C.NAME: _NAME.fullmatch,
    _C.ADDRESS: _ADDRESS.fullmatch,
    _C.BIRTH_DATE: is_birth,
    _C.DEATH_DATE: _WHOLE_DATE.fullmatch,
    _C.SERVICE_DATE: _WHOLE_DATE.fullmatch,
    _C.PHONE: _PHONE.fullmatch,
    _C.FAX: _PHONE.fullmatch,
    _C.EMAIL: _EMAIL.fullmatch,
    _C.SSN: _SSN_NAMED.fullmatch,
    _C.MEDICARE_ID: lambda text: _MBI.fullmatch(text) or _HICN.fullmatch(text),
    _C.DIAGNOSIS: _DIAGNOSIS.fullmatch,
    _C.PROCEDURE: _PROCEDURE.fullmatch,
    _C.MEDICATION: _NDC.fullmatch,
    _C.URL: _URL.fullmatch,
    _C.IP_ADDRESS: _IP.fullmatch,
}
"""What a column's values must look like where its header names the category."""

ANY_ID: Final[Shape] = _ANY_ID.fullmatch
"""An id of whatever kind."""

PARTS: Final[dict[str, Shape]] = {"zip": _ZIP.fullmatch, "city": _PLACE.fullmatch}


def shape_of(category: Category, part: str, *, vague: bool) -> Shape:
    """The shape that values of a column so headed must have."""
    if category is Category.NAME and vague:
        return lambda text: last_first(text) or _name_full(text)
    return PARTS.get(part) or NAMED.get(category, ANY_ID)


TELLING: Final[tuple[tuple[Category, str, Shape], ...]] = (
    (_C.SSN, "", SSN_WRITTEN.fullmatch),
    (_C.MEDICARE_ID, "", _MBI.fullmatch),
    (_C.EMAIL, "", _EMAIL.fullmatch),
    (_C.PHONE, "", _PHONE_WRITTEN.fullmatch),
    (_C.PAYMENT_CARD, "", _card),
    (_C.NAME, "full", last_first),
    (_C.ADDRESS, "street", _STREET.fullmatch),
)
"""Shapes that tell a column's category without its header."""

PLAIN: Final[tuple[Shape, ...]] = (
    _NUMBER.fullmatch,
    lambda text: _DATE.fullmatch(text) or _TIME.fullmatch(text),
    lambda text: (_SHORT.fullmatch(text) or _CODE.fullmatch(text)) and not telling(text),
)
"""Numbers, dates, codes: nobody's, so their cells aren't looked at while they keep the shape."""


def telling(text: str) -> Category | None:
    """The category that one cell tells by its shape alone."""
    for category, _, shape in TELLING:
        if category is not _C.PAYMENT_CARD and shape(text):
            return category
    return None


_PHRASE: Final = re.compile(r"[A-Za-z]+(?:[ /_&-][A-Za-z]+){0,4}")


def is_phrase(text: str) -> bool:
    """Whether a cell has ordinary words alone ("Paid in full"), none of them a given name."""
    if len(text) > LONGEST_PHRASE or not _PHRASE.fullmatch(text):
        return False
    words = re.findall("[a-z]+", text.lower())
    return all(is_word(word) and not is_given_name(word) for word in words)


_AS_TEXT: Final = re.compile(r"=\"(.*)\"|'(?=\d)(.*)")


def shown(cell: str) -> str:
    """What a spreadsheet shows of a cell: ``="0123"`` and ``'0123`` keep their zeros as text."""
    text = cell.strip()
    if text[:1] not in ("=", "'"):
        return text
    found = _AS_TEXT.fullmatch(text)
    return (found[1] or found[2] or "").strip() if found else text


def is_blank(text: str) -> bool:
    """Whether a cell says nothing."""
    return text.strip().lower() in BLANKS


_FEW: Final = 40
"""Values below which bare nine digits can't be told from other numbers: of random ones 89 % would
do as SSNs, so 40 valid in a row happen once in a hundred columns."""
_SPREAD: Final = 0.3
_SORTED: Final = 0.9


def are_bare_ssns(values: Sequence[str]) -> bool:
    """Whether nine-digit values are distributed as SSNs are: valid, unique, spread, unordered."""
    if len(values) < _FEW or len(set(values)) < 0.95 * len(values):
        return False
    if not all(map(str.isdigit, values)):
        return False
    valid = sum(1 for value in values if SSN_BARE.fullmatch(value))
    if valid < 0.995 * len(values):
        return False
    areas = {value[:3] for value in values}
    if len(areas) < _SPREAD * min(len(values), 600):
        return False
    return not _ordered([int(value) for value in values])


def are_birth_dates(years: Sequence[int]) -> bool:
    """Whether unordered dates span lifetimes, as no other column of a report does."""
    return (
        len(years) >= 10  # noqa: PLR2004 - fewer say nothing
        and max(years) - min(years) >= 35  # noqa: PLR2004 - years: a workforce, not a reporting period
        and len(set(years)) >= min(len(years) * 0.5, 20)
        and max(years) < 2100  # noqa: PLR2004 - 9999-12-31 is "no end"
        and not _ordered(years)
    )


def _ordered(values: Sequence[int]) -> bool:
    """Whether values rise or fall almost throughout, as counters and time series do."""
    pairs = list(pairwise(values))
    rising = sum(1 for a, b in pairs if a <= b)
    return not (1 - _SORTED) * len(pairs) < rising < _SORTED * len(pairs)


_YEAR: Final = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d|9999)")


def year_of(text: str) -> int | None:
    """The year in a whole date, or None."""
    if not _WHOLE_DATE.fullmatch(text):
        return None
    found = _YEAR.search(text)
    return int(found[1]) if found else None
