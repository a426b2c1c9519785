"""No date: what systems write where they know none, and what redaction leaves where one must stand.

It is 1 January 1900, in the form that the date had.
"""

from __future__ import annotations

import re
from typing import Final

_YEAR: Final = "1900"
_GROUPS: Final = re.compile(r"\d+|[^\W\d_]+")
_DATED: Final = re.compile(r"(?:1[89]|2\d)\d\d(?:\d\d){0,5}")
"""Digits that begin with a year: with month, day, and the time to the second."""
_MONTH: Final = re.compile(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?",
    re.IGNORECASE,
)
_LETTERS: Final = frozenset({"T", "Z", "AM", "PM", "UTC", "GMT"})
_SHORT_MONTH: Final = 4
_NONE: Final = re.compile(
    r"1900(?:01(?:01(?:0000(?:00)?)?)?)?|0{1,9}|0?1|jan(?:uary)?|t|z|am|pm|utc|gmt|x+",
    re.IGNORECASE,
)


def no_date(text: str) -> str:
    """1 January 1900 as the date was written, or as much of it as was; "" for what has no year."""
    groups = _GROUPS.findall(text)
    if not any(_DATED.fullmatch(group) for group in groups):
        return ""
    return _GROUPS.sub(lambda found: _replaced(found.group()), text)


def is_no_date(text: str) -> bool:
    """Whether a text is such a date: with its year, and nothing that tells of another."""
    groups = _GROUPS.findall(text)
    return any(group.startswith(_YEAR) for group in groups) and all(map(_NONE.fullmatch, groups))


def _replaced(group: str) -> str:
    if _DATED.fullmatch(group):
        return f"{_YEAR}0101".ljust(len(group), "0")[: len(group)]
    if group.isdecimal():
        return {1: "1", 2: "01"}.get(len(group), "0" * len(group))
    if _MONTH.fullmatch(group):
        month = "Jan" if len(group) <= _SHORT_MONTH and group.lower() not in _LONG else "January"
        return month.upper() if group.isupper() else month.lower() if group.islower() else month
    return group if group.upper() in _LETTERS else "X" * len(group)


_LONG: Final = frozenset({"june", "july"})
