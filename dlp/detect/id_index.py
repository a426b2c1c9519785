"""The ids, telephone numbers, e-mail addresses and dates of a file's own people."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from dlp.detect.context import near_words
from dlp.detect.dates import find_dates, parse_date
from dlp.detect.name_index import DETECTOR
from dlp.detect.reading import Reading, Token
from dlp.detect.values import identifier, phone
from dlp.model import Category, Match

EMAIL = re2.compile(
    rb"[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62})\.){1,8}[A-Za-z]{2,24}"
)
SHORTEST = 5
"""Characters of an id that somebody can be known by."""
_MIN_DIGITS, _SURE_LENGTH, _LONGEST = 4, 7, 40
_MOST_TOKENS, _GAP = 6, 3
_PHONE = 10
_ID_GAP = frozenset("-/ ")
_PHONE_GAP = frozenset("-/ ().")
_SURE, _LIKELY, _SHORT, _WEAK = 0.97, 0.8, 0.55, 0.35
# Past this many birth dates one of them equals any given day by chance.
_MANY_DATES = 2_000
_BIRTH_WORDS = frozenset({"dob", "birth", "born", "birthdate", "birthday", "bday", "d.o.b"})
_MONEY = "$@."


def selective(value: str) -> bool:
    """Whether an id says something: long enough, with digits, no filler and no counter."""
    digits = sum(c.isdigit() for c in value)
    return (
        SHORTEST <= len(value) <= _LONGEST
        and digits >= _MIN_DIGITS
        and len(set(value)) > 2  # noqa: PLR2004 - "000000", "1010101" are fillers
        and value.lstrip("0") != ""
        and value not in "01234567890123456789"
        and value not in "98765432109876543210"
    )


class IdIndex:
    """Normalised values of ids and telephone numbers, whole e-mail addresses."""

    def __init__(self) -> None:
        self._ids: dict[str, Category] = {}
        self._emails: set[str] = set()

    def learn(self, category: Category, text: str) -> int:
        """Add a value; says how many new entries that took."""
        if category is Category.EMAIL:
            before = len(self._emails)
            self._emails.add(text.strip().casefold())
            return len(self._emails) - before
        is_phone = category in {Category.PHONE, Category.FAX}
        value = phone(text) if is_phone else identifier(text)
        if (is_phone and len(value) < _SURE_LENGTH) or not selective(value):
            return 0
        return self._add(value, category) + self._add(value.lstrip("0"), category)

    def _add(self, value: str, category: Category) -> int:
        if value in self._ids or len(value) < SHORTEST:
            return 0
        self._ids[value] = category
        return 1

    def find(self, reading: Reading) -> Iterator[Match]:
        """Mentions of the values learned."""
        if self._ids:
            yield from self._find_ids(reading)
        if self._emails and b"@" in reading.data:
            for match in EMAIL.finditer(reading.data):
                start, end = match.span()
                if reading.text[start:end].casefold() in self._emails:
                    yield Match(Category.EMAIL, start, end, _SURE, DETECTOR)

    def _find_ids(self, reading: Reading) -> Iterator[Match]:
        tokens, taken = reading.tokens, -1
        for place, token in enumerate(tokens):
            # "AB 123456": an id may start with letters of its own, but few.
            letters = not any(c.isdigit() for c in token.raw[:_LONGEST])
            if token.start < taken or (letters and len(token.raw) > SHORTEST):
                continue
            match = self._longest(reading, tokens, place)
            if match is not None:
                taken = match.end
                yield match

    def _longest(self, reading: Reading, tokens: list[Token], place: int) -> Match | None:
        best: Match | None = None
        joined, first = "", tokens[place]
        for reach in range(_MOST_TOKENS):
            if place + reach >= len(tokens):
                break
            token = tokens[place + reach]
            gap = (
                reading.text[tokens[place + reach - 1].end : token.start][: _GAP + 1]
                if reach
                else ""
            )
            if len(gap) > _GAP or not _PHONE_GAP.issuperset(gap) or len(joined) > _LONGEST:
                break
            joined += token.raw.upper()
            category = self._lookup(joined, glued=reach == 0)
            if category is not None and (_ID_GAP.issuperset(gap) or _is_phone(category)):
                confidence = _certainty(reading, joined, first.start)
                start = _with_bracket(reading.text, first.start, token.end)
                best = Match(category, start, token.end, confidence, DETECTOR)
        return best

    def _lookup(self, joined: str, *, glued: bool) -> Category | None:
        if len(joined) < SHORTEST:
            return None
        found = self._ids.get(joined)
        if found is None and len(joined) == _PHONE + 1 and joined[0] == "1":
            found = self._ids.get(joined[1:])
            return found if found is not None and _is_phone(found) else None
        if found is None and joined[0] == "0":
            return self._ids.get(joined.lstrip("0"))
        if found is None and glued and joined[0].isalpha() and joined[-1].isdigit():
            tail = joined.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            return self._ids.get(tail) if len(tail) >= _SURE_LENGTH else None
        return found


def _with_bracket(text: str, start: int, end: int) -> int:
    """Take in the bracket before an area code."""
    opened = start > 0 and text[start - 1] == "(" and ")" in text[start:end]
    return start - 1 if opened else start


def _is_phone(category: Category) -> bool:
    return category in {Category.PHONE, Category.FAX}


def _certainty(reading: Reading, value: str, start: int) -> float:
    if len(value) >= _SURE_LENGTH:
        return _SURE
    if start and reading.text[start - 1] in _MONEY:
        return _WEAK
    return _LIKELY if not value.isdigit() else _SHORT if len(value) > SHORTEST else _WEAK


class DateIndex:
    """Days that matter to a file's people, by what they mean."""

    def __init__(self) -> None:
        self._days: dict[int, Category] = {}
        #: Birth dates that the file has, learned or not.
        self.births = 0

    def learn(self, category: Category, text: str) -> int:
        """Add a date; a day that is somebody's birth and a service stays a service date."""
        added = 0
        self.births += category is Category.BIRTH_DATE
        for day in parse_date(text):
            held = self._days.get(day)
            if held is None:
                self._days[day] = category
                added += 1
            elif held is Category.BIRTH_DATE and category is not held:
                self._days[day] = category
        return added

    def find(self, reading: Reading) -> Iterator[Match]:
        """Dates in the text that are somebody's."""
        if not self._days:
            return
        for written in find_dates(reading):
            held = {self._days[day] for day in written.days if day in self._days}
            if not held:
                continue
            named = near_words(reading, written.start, written.end, _BIRTH_WORDS)
            if Category.BIRTH_DATE in held or named:
                category = Category.BIRTH_DATE
                sure = named or self.births <= _MANY_DATES
                yield Match(
                    category, written.start, written.end, _SURE if sure else _WEAK, DETECTOR
                )
            else:
                yield Match(min(held), written.start, written.end, _LIKELY, DETECTOR)
