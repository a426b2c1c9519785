"""JSON and NDJSON of no format that we know: every string, long number and odd key.

A value whose key and shape both say what it is ("dob": "1956-03-04") is a column that only its
values give away: free text with a category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Category, Passage
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of
from dlp.parse.jsontree import records
from dlp.parse.jsonvalues import is_designed, is_telling, passage

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T.{0,32})?|\d{8}|\d{1,2}/\d{1,2}/\d{2,4}")
_DIGITS: Final = re.compile(r"[A-Za-z]{0,4}[0-9][0-9A-Za-z-]{3,24}")
_NAME: Final = re.compile(r"[^\W\d_][^\d@<>{}]{0,60}")
_KINDS: Final[tuple[tuple[re.Pattern[str], re.Pattern[str], Category, str], ...]] = (
    (re.compile(r"ssn|social_?security.*"), re.compile(r"\d{3}-?\d\d-?\d{4}"), Category.SSN, ""),
    (re.compile(r"(?:date_?of_?)?birth_?(?:date|day)?|dob"), _DATE, Category.BIRTH_DATE, ""),
    (re.compile(r".*(?:mrn|medical_?record_?(?:number|no|id)?)"), _DIGITS,
     Category.MEDICAL_RECORD_NUMBER, ""),
    (re.compile(r"(?:member|subscriber|insured)_?(?:id|number|no)"), _DIGITS, Category.MEMBER_ID,
     ""),
    (re.compile(r"mbi|medicare_?(?:id|number)"), _DIGITS, Category.MEDICARE_ID, ""),
    (re.compile(r"(?:patient_?)?(?:last|family|sur)_?name"), _NAME, Category.NAME, "last"),
    (re.compile(r"(?:patient_?)?(?:first|given)_?name"), _NAME, Category.NAME, "first"),
    (re.compile(r"(?:patient|member|subscriber|full)_?name"), _NAME, Category.NAME, "full"),
    (re.compile(r".*(?:phone|mobile|cell).*"), re.compile(r"[0-9()+. -]{10,20}"), Category.PHONE,
     ""),
    (re.compile(r".*e_?mail.*"), re.compile(r"[^@\s]+@[^@\s]+"), Category.EMAIL, ""),
    (re.compile(r".*(?:street|address)_?(?:line)?_?1?"), re.compile(r"\d+ .{3,60}"),
     Category.ADDRESS, "street"),
)  # fmt: skip
"""Key (lower case, words joined by _), the value's shape, what both say, and the part."""
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every value of a JSON document, at the memory of its largest record.

    Raises:
        NotReadableError: As :func:`dlp.parse.jsontree.records` does.
    """
    for record in records(content.source, meter):
        place = "".join(f"{key}." if is_designed(key) else "(key)." for key in record.path)
        where = f"{place}[{record.ordinal}]" if record.ordinal else ""
        yield from _value(record.value, where, "", record.ordinal)


def _value(value: Value, where: str, key: str, record: int) -> Iterator[Passage]:
    if isinstance(value, Object):
        for number, (name, inner) in enumerate(value.members, 1):
            title = text_of(name).text
            designed = is_designed(title)
            if not designed:
                yield passage(name, f"{where} key {number}".strip())
            shown = title if designed else f"(key {number})"
            yield from _value(inner, f"{where}.{shown}".lstrip("."), title, record)
    elif isinstance(value, Array):
        for index, inner in enumerate(value.elements):
            yield from _value(inner, f"{where}[{index}]", key, record)
    elif value.quoted or is_telling(value):
        yield from _leaf(value, where or "value", key, record)


def _leaf(leaf: Leaf, where: str, key: str, record: int) -> Iterator[Passage]:
    text = text_of(leaf).text
    if not text.strip():
        return
    name = _HUMP.sub("_", key).replace("-", "_").replace(" ", "_").lower()
    for keys, shape, category, part in _KINDS:
        if keys.fullmatch(name) and shape.fullmatch(text.strip()):
            yield passage(
                leaf, where, category, carrier=Carrier.FREE_TEXT, record=record, part=part
            )
            return
    yield passage(leaf, where)
