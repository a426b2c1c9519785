"""Dates in every form that people write, and the days they may mean."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

import re2

from dlp.detect.reading import Reading, fold

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june",
            "jul july", "aug august", "sep sept september", "oct october", "nov november",
            "dec december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
# Alternatives in one expression: RE2 walks the text once whatever their number.
_DATE = re2.compile(
    (
        r"(?i)(?:^|[^0-9A-Za-z/.\-]|[A-Za-z]/|-[0-9]{4}/|[0-9]{5}/)(?:"
        r"([12][0-9]{3}[-/.][0-9]{1,2}[-/.][0-9]{1,2})"
        r"|([0-9]{1,2}(?:/|-|\.| / )[0-9]{1,2}(?:/|-|\.| / )(?:[12][0-9]{3}|[0-9]{2}))"
        r"|([0-9]{8})"
        r"|(" + _MONTH + r"\.?[ \-]{0,2}[0-9]{1,2}(?:st|nd|rd|th)?,?[ \-]{1,2}[12][0-9]{3})"
        r"|([0-9]{1,2}(?:st|nd|rd|th)?[ \-]?(?:of )?" + _MONTH + r"\.?,?[ \-]?"
        r"(?:[12][0-9]{3}|[0-9]{2}))"
        r"|(" + _MONTH + r"\.? [0-9]{1,2}(?:st|nd|rd|th)?)"
        r")(?:T[0-9:.Z+\-]{0,30})?(?:[^0-9A-Za-z/\-]|/[A-Za-z]|/[0-9]{5}|$)"
    ).encode()
)
_FORMS = ("", "iso", "us", "packed", "mdy", "dmy", "md")
_PARTS = re.compile(rb"[0-9]+|[A-Za-z]+")
_FIRST_YEAR, _LAST_YEAR = 1880, 2099
_CENTURY_SPLIT = 40
_DECEMBER = 12


class WrittenDate(NamedTuple):
    """A date found in a text.

    Attributes:
        start: First character.
        end: One past the last.
        days: Every day it may mean, as yyyymmdd.
        form: "iso", "us", "packed", "mdy", "dmy" or "md" (no year).
    """

    start: int
    end: int
    days: frozenset[int]
    form: str


def _day(year: int, month: int, day: int) -> int | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        date(year, month, day)
    except ValueError:
        return None
    return year * 10_000 + month * 100 + day


def _years(digits: str) -> tuple[int, ...]:
    if len(digits) == len("yyyy"):
        return (int(digits),)
    # Two digits: a birth may lie in either century; 40 and later is never the present one.
    short = int(digits)
    return (1900 + short, 2000 + short) if short < _CENTURY_SPLIT else (1900 + short,)


def _meanings(form: str, value: bytes) -> frozenset[int]:
    """The days that the written form may mean; empty when it is no date."""
    parts = [part.decode() for part in _PARTS.findall(value)]
    triples: list[tuple[int, int, int]] = []
    if form == "packed":
        text = parts[0]
        triples = [
            (int(text[:4]), int(text[4:6]), int(text[6:])),
            (int(text[4:]), int(text[:2]), int(text[2:4])),
        ]
    elif form == "iso":
        triples = [(int(parts[0]), int(parts[1]), int(parts[2]))]
    elif form == "us":
        first, second = int(parts[0]), int(parts[1])
        for year in _years(parts[2]):
            triples += [(year, first, second)] + (
                [(year, second, first)] if first > _DECEMBER else []
            )
    elif form in {"mdy", "dmy"}:
        numbers = [p for p in parts if p.isdigit()]
        month = next(_MONTHS[p.lower()] for p in parts if p.lower() in _MONTHS)
        triples = [(year, month, int(numbers[0])) for year in _years(numbers[-1])]
    days = (_day(*triple) for triple in triples)
    return frozenset(day for day in days if day is not None)


def find_dates(reading: Reading) -> list[WrittenDate]:
    """All dates in the text, in order; linear time."""
    found: list[WrittenDate] = []
    data, position = reading.data, 0
    while match := _DATE.search(data, position):
        form = _FORMS[match.lastindex]
        start, end = match.span(match.lastindex)
        # The boundary characters belong to the neighbours too.
        position = max(end, match.start() + 1)
        days = _meanings(form, data[start:end])
        if days or form == "md":
            found.append(WrittenDate(start, end, days, form))
    return found


def parse_date(text: str) -> frozenset[int]:
    """The days a whole field may mean ("19800102", "1/2/80"); empty when it is none."""
    reading = Reading(fold(text).strip())
    dates = find_dates(reading)
    if len(dates) == 1 and dates[0].start == 0:
        return dates[0].days
    return frozenset()
