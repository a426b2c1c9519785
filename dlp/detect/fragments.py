"""Segments of X12 and HL7 v2 that somebody copied into a text, such as a question to support.

Only what those segments always say of a patient: a rejected loop in a mail has no envelope by which
it would be read as what it is. Standard separators alone (``*`` or ``|``; ``|`` and ``^``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import re2

from dlp.detect import checksums
from dlp.detect.dates import parse_date
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, spans
from dlp.model import Category, Match

_CONFIDENCE: Final = 0.9
_MOST_FIELDS: Final = 64
_X12, _HL7 = "x12-fragment", "hl7-fragment"
# NM101 of persons on the patient's side (005010X222A1 and its like, 2010BA to 2330B, 834, 270).
_PERSONS: Final = "IL|QC|74|70|03|31|S3|6Y|9K|E1|EI|EXS|GB|GD|J6|LR|QD|S1|TZ|X4|DO|EY|QE"
_PARTS: Final = r"[A-Z][A-Z' .\-]{0,34}(?:[*|][A-Z' .\-]{0,34}){0,4}"
_SERVICE_DATES: Final = "096|297|431|434|435|472|484"


def _segment(expression: str) -> re2._Regexp:
    return re2.compile(rf"(?i)(?:^|[^0-9A-Z]){expression}".encode())


_ELEMENTS: Final = (
    (Category.NAME, _segment(rf"NM1[*|](?:{_PERSONS})[*|]1[*|]({_PARTS})")),
    (Category.MEMBER_ID, _segment(
        rf"NM1[*|](?:{_PERSONS})(?:[*|][^*|~\r\n]{{0,60}}){{6}}[*|]MI[*|]([0-9A-Z\-]{{3,30}})")),
    (Category.BIRTH_DATE, _segment(r"DMG[*|]D8[*|]([0-9]{8})(?:[^0-9]|$)")),
    (Category.SERVICE_DATE, _segment(
        rf"DTP[*|](?:{_SERVICE_DATES})[*|]R?D8[*|]([0-9]{{8}}(?:-[0-9]{{8}})?)(?:[^0-9]|$)")),
    (Category.SSN, _segment(r"REF[*|]SY[*|]([0-9]{3}-?[0-9]{2}-?[0-9]{4})(?:[^0-9]|$)")),
    (Category.MEDICAL_RECORD_NUMBER, _segment(r"REF[*|]EA[*|]([0-9A-Z\-]{3,30})")),
    (Category.MEMBER_ID, _segment(r"REF[*|]1W[*|]([0-9A-Z\-]{3,30})")),
    (Category.ACCOUNT_NUMBER, _segment(r"CLM[*|]([0-9A-Z\-]{3,38})[*|][0-9]")),
)  # fmt: skip
_SCREEN: Final = Screen(expression for _, expression in _ELEMENTS)
_DATES: Final = frozenset({Category.BIRTH_DATE, Category.SERVICE_DATE})

_LINE: Final = re2.compile(rb"(?:^|[^0-9A-Za-z])((?:PID|NK1|GT1|IN1)\|[^\r\n]{3,900})")
_FIELDS: Final = {
    # HL7 v2.5.1 chapters 3.4.2, 3.4.5, 6.5.5 and 6.5.6, by number.
    "PID": {
        2: Category.MEDICAL_RECORD_NUMBER, 3: Category.MEDICAL_RECORD_NUMBER,
        4: Category.MEDICAL_RECORD_NUMBER, 5: Category.NAME, 6: Category.NAME,
        7: Category.BIRTH_DATE, 9: Category.NAME, 11: Category.ADDRESS, 13: Category.PHONE,
        14: Category.PHONE, 18: Category.ACCOUNT_NUMBER, 19: Category.SSN,
        20: Category.LICENSE_NUMBER,
    },
    "NK1": {2: Category.NAME, 4: Category.ADDRESS, 5: Category.PHONE, 16: Category.BIRTH_DATE},
    "GT1": {
        3: Category.NAME, 5: Category.ADDRESS, 6: Category.PHONE, 8: Category.BIRTH_DATE,
        12: Category.SSN,
    },
    "IN1": {
        16: Category.NAME, 18: Category.BIRTH_DATE, 19: Category.ADDRESS, 36: Category.MEMBER_ID,
    },
}  # fmt: skip
_WHOLE: Final = frozenset({Category.NAME, Category.ADDRESS, Category.PHONE})
"""What all of a field says; of an id the first component is the number."""


def find_fragments(reading: Reading) -> Iterator[Match]:
    """What copied segments say of a patient; linear in the text."""
    data = reading.data
    if b"*" not in data and b"|" not in data:
        return
    possible = _SCREEN.among(data)
    for category, expression in _ELEMENTS:
        for start, end in spans(expression, data) if expression in possible else ():
            value = reading.folded[start:end].rstrip("*| ")
            if _sound(category, value):
                yield Match(category, start, start + len(value), _CONFIDENCE, _X12)
    for start, end in spans(_LINE, data):
        yield from _of_line(reading.folded, start, end)


def _of_line(text: str, start: int, end: int) -> Iterator[Match]:
    kinds = _FIELDS[text[start : start + 3]]
    place = start
    for number, field in enumerate(text[start:end].split("|", _MOST_FIELDS)):
        category = kinds.get(number)
        value = field.rstrip("^~& ")
        if category and category not in _WHOLE:
            value = value.partition("^")[0]
        if category and _sound(category, value):
            yield Match(category, place, place + len(value), _CONFIDENCE, _HL7)
        place += len(field) + 1


def _sound(category: Category, value: str) -> bool:
    if category in _DATES:
        return bool(parse_date(value[:8]))
    if category is Category.SSN:
        return checksums.ssn("".join(c for c in value if c.isdigit()))
    if category in {Category.NAME, Category.ADDRESS}:
        return sum(map(str.isalpha, value)) > 1
    return any(map(str.isdigit, value))
