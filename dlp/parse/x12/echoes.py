"""What 999 and 997 copy back of the file that they answer: the bad value of an element.

The element's number in the X12 data dictionary says what it is, the loop whose it is.
"""

from __future__ import annotations

from typing import Final

from dlp.model import Category, Subject
from dlp.parse.x12 import content
from dlp.parse.x12.walk import Walk

_PERSON_LOOPS: Final = {
    b"837": b"2010BA 2010CA 2330A 2330C".split(),
    b"270": b"2100C 2100D".split(),
    b"271": b"2100C 2100D".split(),
    b"276": b"2100D 2100E".split(),
    b"277": b"2100D 2100E".split(),
    b"278": b"2010C 2010D".split(),
    b"834": b"2000 2100A 2100B 2100C 2100F 2100G 2100H".split(),
}
"""Loops whose NM1, N3, N4, DMG and REF are a patient's, subscriber's or member's (5010)."""
_NAMES: Final = {b"1035": "last", b"1036": "first", b"1037": "middle", b"93": "full"}
_OTHERS: Final = {
    b"67": (Category.MEMBER_ID, ""),
    b"127": (Category.OTHER_ID, ""),
    b"166": (Category.ADDRESS, "street"),
    b"19": (Category.ADDRESS, "city"),
    b"116": (Category.ADDRESS, "zip"),
    b"364": (Category.PHONE, ""),
    b"1251": (Category.BIRTH_DATE, ""),
}
_CLAIM_ID: Final = b"1028"


def ak2(walk: Walk) -> None:
    """AK2, the set that is answered."""
    walk.answered, walk.subject = walk.value(1), Subject.PROVIDER


def ak3(walk: Walk) -> None:
    """AK3 and IK3, the segment that is in error, and the loop that it is in."""
    person = walk.value(3).strip() in _PERSON_LOOPS.get(walk.answered, ())
    walk.subject = Subject.PERSON if person else Subject.PROVIDER


def ak4(walk: Walk) -> None:
    """AK4 and IK4, the element that is in error, and its value where it is copied."""
    number = walk.value(2)
    category, part = None, ""
    if number == _CLAIM_ID:
        category = Category.ACCOUNT_NUMBER
    elif walk.subject is Subject.PERSON and number in _NAMES:
        category, part = Category.NAME, _NAMES[number]
    elif walk.subject is Subject.PERSON and number in _OTHERS:
        category, part = _OTHERS[number]
    if category is None:
        walk.open_text(4)
    else:
        walk.emit(4, category, part=part, subject=Subject.PERSON)


def ctx(walk: Walk) -> None:
    """CTX, context of an error in a 999: names an element and copies its value back."""
    for repetition, start, parts in walk.composites(1):
        walk.text_at(parts[0], start, (1, 1, repetition))
        if len(parts) < 2:  # noqa: PLR2004 - a name and a value
            continue
        at, value = start + len(parts[0]) + 1, (1, 2, repetition)
        category = _echoed(parts[0])
        if category:
            walk.add(parts[1], at, value, category, content.IDENTIFIER, subject=Subject.PERSON)
        else:
            walk.text_at(parts[1], at, value)


def _echoed(name: bytes) -> Category | None:
    """What the element named in CTX01-1 holds (005010X231, "business unit identifier")."""
    words = name.split()
    if words and words[-1] in (b"CLM01", b"CLP01"):
        return Category.ACCOUNT_NUMBER
    if words and words[-1] == b"NM109" and words[0] in (b"SUBSCRIBER", b"PATIENT"):
        return Category.MEMBER_ID
    return None
