"""What a component of an HL7 v2 data type holds (chapter 2A): its category, its part, its fit."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category, Subject
from dlp.parse.hl7v2.escapes import plain
from dlp.parse.hl7v2.table import Field
from dlp.parse.misplaced import has_ssn, is_somebodys

_NAME_PARTS: Final = {1: "last", 2: "first", 3: "middle", 4: "suffix"}
_ADDRESS_PARTS: Final = {1: "street", 2: "street", 3: "city", 4: "state", 5: "zip"}
_DATE: Final = re.compile(rb"[0-9]{4}(?:[0-9]{2}){0,5}(?:\.[0-9]{1,4})?(?:[+-][0-9]{4})?")
_IDENTIFIER: Final = re.compile(
    rb"(?=.{1,40}\Z)[A-Za-z0-9][A-Za-z0-9./#_*-]*+(?: +[A-Za-z0-9./#_*-]+){0,2} *", re.DOTALL
)
"""Of three words at most: more say something besides a number."""
_STAFF_ID: Final = re.compile(
    rb"[A-Za-z0-9][A-Za-z0-9./#_*-]{0,39}"
    rb"|(?=.{1,40}\Z)[A-Za-z][A-Za-z.-]*+(?: +[A-Za-z.-]+){0,3} *",
    re.DOTALL,
)
"""Of one word; or the name, of four at most, that some systems write in the id's place."""
_DIGIT: Final = re.compile(rb"[0-9]")
_PHONE: Final = re.compile(rb"[0-9()+. xX/*#-]{3,30}(?:[A-Za-z][0-9]{1,6})?")
_EMAIL: Final = re.compile(rb"[^@\s]+@[^@\s]+")


def is_misplaced(raw: bytes, role: Field) -> bool:
    """Whether a number stands in a slot that isn't for its kind; a person's id tells itself."""
    if role.subject is Subject.PROVIDER and role.type == "XCN":
        return is_somebodys(plain(raw))
    own = role.subject is Subject.PERSON and role.type in ("CX", "ST", "XPN", "TS")
    return (not own or role.category is Category.MEDICARE_ID) and has_ssn(plain(raw))


def is_person_date(role: Field) -> bool:
    """Whether a field holds a birth or a death, which are a person's and no code."""
    return role.category in (Category.BIRTH_DATE, Category.DEATH_DATE)


def meaning(raw: bytes, number: int, role: Field) -> tuple[Category | None, str, bool]:
    """Category, part of a name or address ("" for none), and whether the value may be that.

    Args:
        raw: The component.
        number: Its number in the field, from 1.
        role: The field's.
    """
    match role.type:
        case "XPN":
            found = _named(raw, number)
        case "XCN" if number > 1:
            found = _named(raw, number - 1)
        case "XCN":
            found = Category.OTHER_ID, "", bool(_STAFF_ID.fullmatch(raw))
        case "XON":
            found = Category.NAME, "full", number == 1
        case "XAD":
            part = _ADDRESS_PARTS.get(number, "")
            found = Category.ADDRESS, part, bool(part)
        case "XTN":
            found = _contact(raw, number)
        case "TS":
            found = role.category, "", number == 1 and bool(_DATE.fullmatch(raw))
        case _:
            fits = number == 1 and bool(_IDENTIFIER.fullmatch(raw) and _DIGIT.search(raw))
            found = role.category, "", fits
    return found


def _named(raw: bytes, number: int) -> tuple[Category | None, str, bool]:
    part = _NAME_PARTS.get(number, "")
    return Category.NAME, part, bool(part) and not _DIGIT.search(raw)


def _contact(raw: bytes, number: int) -> tuple[Category | None, str, bool]:
    if number in (1, 7, 12):
        if _EMAIL.fullmatch(raw):
            return Category.EMAIL, "", True
        return Category.PHONE, "", bool(_PHONE.fullmatch(raw))
    if number == 4:  # noqa: PLR2004 - XTN.4, the mail address
        return Category.EMAIL, "", bool(_EMAIL.fullmatch(raw))
    return None, "", False
