"""Dates and Social Security numbers that are written in parts: a year, a month and a day apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from dlp.parse.delimited.titlewords import tokens
from dlp.parse.terms import terms

_PARTS: Final = {
    **dict.fromkeys(terms("year yr yyyy y"), 0),
    **dict.fromkeys(terms("month mon mo mm m"), 1),
    **dict.fromkeys(terms("day dd d dayofmonth"), 2),
}
_WHOLE: Final = 3
_YEARS: Final = range(1880, 2101)
_SSN: Final = (3, 2, 4)
_LONGEST: Final = 4


def named(parts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What parts make together that a name tells apart: ``birthYear``, ``birth_month``.

    Args:
        parts: Each one's name and value.

    Returns:
        The name that they share, which may be "", and the date as ISO 8601 has it.
    """
    groups: dict[str, dict[int, str]] = {}
    for name, value in parts:
        words = tokens(name) if value.isdecimal() and len(value) <= _LONGEST else ()
        part = _PARTS.get(words[-1]) if words else None
        if part is not None:
            groups.setdefault(" ".join(words[:-1]), {})[part] = value
    for shared, group in groups.items():
        if date := _date(group):
            yield shared, date


def listed(values: list[str]) -> str:
    """What three values make in their order: a date or an SSN; "" for neither."""
    if len(values) != _WHOLE or not all(map(str.isdecimal, values)):
        return ""
    if tuple(map(len, values)) == _SSN:
        return "-".join(values)
    return _date(dict(enumerate(values)))


def _date(group: Mapping[int, str]) -> str:
    if len(group) != _WHOLE or max(map(len, group.values())) > _LONGEST:
        return ""
    year, month, day = (int(group[part]) for part in range(_WHOLE))
    fits = year in _YEARS and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - a calendar's
    return f"{year:04d}-{month:02d}-{day:02d}" if fits else ""
