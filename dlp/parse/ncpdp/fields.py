"""What Telecommunication D.0's fields hold, by their two-character ids.

A field that isn't here is read as free text, so nothing has to be listed to be seen.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dlp.model import Carrier, Category, Subject
from dlp.parse.misplaced import has_ssn

_C: Final = Category


class Field(NamedTuple):
    """One field.

    Attributes:
        category: What it is.
        part: Of a name or an address; a code's system.
        subject: Whom it is about.
        carrier: The kind of slot.
    """

    category: Category
    part: str = ""
    subject: Subject = Subject.PERSON
    carrier: Carrier = Carrier.IDENTIFIER_FIELD


def _staff(category: Category, part: str = "") -> Field:
    return Field(category, part, Subject.PROVIDER)


def _coded(category: Category, part: str = "") -> Field:
    return Field(category, part, carrier=Carrier.CODED)


FIELDS: Final[dict[str, Field]] = {
    "C2": Field(_C.MEMBER_ID), "C4": Field(_C.BIRTH_DATE), "CY": Field(_C.OTHER_ID),
    "CA": Field(_C.NAME, "first"), "CB": Field(_C.NAME, "last"),
    "CC": Field(_C.NAME, "first"), "CD": Field(_C.NAME, "last"),
    "CM": Field(_C.ADDRESS, "street"), "CN": Field(_C.ADDRESS, "city"),
    "CO": Field(_C.ADDRESS, "state"), "CP": Field(_C.ADDRESS, "zip"),
    "CQ": Field(_C.PHONE), "HN": Field(_C.EMAIL), "A7": Field(_C.CLAIM_NUMBER),
    "D2": Field(_C.OTHER_ID), "EN": Field(_C.OTHER_ID), "F3": Field(_C.CLAIM_NUMBER),
    "N5": Field(_C.MEMBER_ID), "2A": Field(_C.MEDICARE_ID), "NU": Field(_C.MEMBER_ID),
    "CR": Field(_C.CLAIM_NUMBER), "DX": Field(_C.ACCOUNT_NUMBER),
    "DB": _staff(_C.OTHER_ID), "DR": _staff(_C.NAME, "last"), "2J": _staff(_C.NAME, "first"),
    "PM": _staff(_C.PHONE), "2K": _staff(_C.ADDRESS, "street"), "2M": _staff(_C.ADDRESS, "city"),
    "2N": _staff(_C.ADDRESS, "state"), "2P": _staff(_C.ADDRESS, "zip"),
    "DL": _staff(_C.OTHER_ID), "4E": _staff(_C.NAME, "last"), "E9": _staff(_C.OTHER_ID),
    "CF": _staff(_C.NAME, "full"), "CG": _staff(_C.ADDRESS, "street"),
    "CH": _staff(_C.ADDRESS, "city"), "CI": _staff(_C.ADDRESS, "state"),
    "CJ": _staff(_C.ADDRESS, "zip"),
    "D7": _coded(_C.MEDICATION, "ndc"), "TE": _coded(_C.MEDICATION, "ndc"),
    "DO": _coded(_C.DIAGNOSIS), "D1": _coded(_C.SERVICE_DATE), "DE": _coded(_C.SERVICE_DATE),
    "DZ": Field(_C.CLAIM_NUMBER), "E5": Field(_C.OTHER_ID),
}  # fmt: skip
TEXTS: Final = frozenset({"F4", "FQ", "FY"})
"""Messages that people write: 504-F4, 526-FQ, 544-FY."""

_DIGIT: Final = re.compile(r"[0-9]")
_DATE: Final = re.compile(r"[12][0-9]{7}")
_CODE: Final = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9.-]{2,30}")
_SHAPES: Final[dict[Category, re.Pattern[str]]] = {
    _C.NAME: re.compile(r"(?!(?:\S+\s+){5}\S)[^0-9@]{1,60}"),
    _C.ADDRESS: re.compile(r"(?!(?:\S+\s+){10}\S)[^@]{1,80}", re.DOTALL),
    _C.PHONE: re.compile(r"[0-9() .+-]{7,20}"),
    _C.EMAIL: re.compile(r"[^@\s]+@[^@\s]+"),
    _C.BIRTH_DATE: _DATE,
    _C.SERVICE_DATE: _DATE,
    _C.DIAGNOSIS: re.compile(r"[A-Z0-9][0-9A-Z.]{2,8}"),
    _C.MEDICATION: re.compile(r"[0-9]{8,14}|[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}"),
}


def fits(found: Field, text: str) -> bool:
    """Whether a value looks like what its field holds; another is read as text."""
    shape = _SHAPES.get(found.category, _CODE)
    return not has_ssn(text) and bool(shape.fullmatch(text.strip()))
