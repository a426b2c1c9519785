"""JSON and NDJSON of no format that we know: every string, long number and odd key.

A value whose key and shape both say what it is ("dob": "1956-03-04") is a column that only its
values give away: free text with a category.
"""

from __future__ import annotations

from collections.abc import Iterator

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.detect.words import is_given_name, is_word
from dlp.model import Carrier, Passage, Subject
from dlp.parse import inparts
from dlp.parse.delimited.directories import is_directory
from dlp.parse.hl7v2.named import title_of
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of
from dlp.parse.jsonrows import Titles, pair, rows_in, word_of
from dlp.parse.jsontree import records
from dlp.parse.jsonvalues import is_designed, is_telling, passage
from dlp.parse.keyed import is_title, of_office, told
from dlp.parse.pairs import is_named, may_label

_STAFF = "provider (of a directory)"
"""Stands among the keys above what a directory of providers says of one."""
_Keys = tuple[str, ...]
"""The keys above a value, the innermost last."""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every value of a JSON document, at the memory of its largest record.

    Raises:
        NotReadableError: As :func:`dlp.parse.jsontree.records` does.
    """
    titles = Titles()
    walk = _Walk(titles)
    for record in records(content.source, meter):
        titles.record(record)
        place = "".join(f"{key}." if is_designed(key) else "(key)." for key in record.path)
        where = f"{place}[{record.ordinal}]" if record.ordinal else ""
        yield from walk.value(record.value, where, ("", *record.path[-1:]), record.ordinal)
    titles.end()
    if titles.late:
        yield from _late(content, meter, titles, walk)


def _late(content: Content, meter: Meter, titles: Titles, walk: _Walk) -> Iterator[Passage]:
    """Rows that stand before their titles, read again: what their titles say of them."""
    for record in records(content.source, meter):
        for row in rows_in(record.value, titles.late):
            where = f"[{record.ordinal}]"
            told_by_title = walk.row(row, titles.of(row), where, record.ordinal)
            yield from (found for found in told_by_title if found.category)


class _Walk:
    """Goes through values with what is known of the document's rows."""

    def __init__(self, titles: Titles) -> None:
        self._titles = titles

    def value(self, value: Value, where: str, keys: _Keys, record: int) -> Iterator[Passage]:
        """What a value says."""
        if isinstance(value, Object):
            yield from self._object(value, where, keys, record)
        elif isinstance(value, Array):
            yield from self._array(value, where, keys, record)
        else:
            yield from _leaf(value, where or "value", keys, record)

    def row(self, row: Array, titles: list[str], where: str, record: int) -> Iterator[Passage]:
        """A row's cells under their titles."""
        for title, inner in zip(titles, row.elements, strict=False):
            yield from self.value(inner, where, (title,), record)

    def _object(self, value: Object, where: str, keys: _Keys, record: int) -> Iterator[Passage]:
        label = _label(value)
        keys = (*keys, "person") if _names_person(value) else keys
        if is_directory(text_of(name).text for name, _ in value.members):
            keys = (*keys[-2:], _STAFF)
        yield from _in_parts(value, where, keys, record)
        for number, (name, inner) in enumerate(value.members, 1):
            title = text_of(name).text
            designed = is_designed(title)
            if not designed:
                yield passage(name, f"{where} key {number}".strip())
            shown = title if designed else f"(key {number})"
            above = _above(keys, title, label)
            yield from self.value(inner, f"{where}.{shown}".lstrip("."), above, record)

    def _array(self, value: Array, where: str, keys: _Keys, record: int) -> Iterator[Passage]:
        if titles := self._titles.of(value):
            yield from self.row(value, titles, where, record)
            return
        whole = inparts.listed([_digits(inner) for inner in value.elements])
        yield from _whole(whole, where, keys, record)
        label = pair(value)
        for index, inner in enumerate(value.elements):
            above = (label,) if label and index else keys
            yield from self.value(inner, f"{where}[{index}]", above, record)


def _above(keys: _Keys, title: str, label: str) -> _Keys:
    """The keys above a member's value: a mere "value" is what the key above it says."""
    if is_named(title) or title.isdecimal() or title[:1] == "$" or title in ("S", "N"):
        return (label,) if label else keys
    return (*keys[-3:], title)


def _label(value: Object) -> str:
    """What an object says that its value is: ``{"name": "ssn", "value": …}``."""
    for key, inner in value.members:
        if may_label(text_of(key).text) and isinstance(inner, Leaf):
            text = text_of(inner).text
            if is_title(text):
                return text
    return ""


def _names_person(value: Object) -> bool:
    """Whether an object has a "first" and a "last", as names have and pages of a list too."""
    said = {text_of(key).text.lower(): word_of(inner) for key, inner in value.members}
    return all(part in said and not _are_words(said[part]) for part in ("first", "last"))


def _are_words(text: str) -> bool:
    """Whether a text is ordinary words alone, as a title or a message is."""
    words = text.lower().split()
    return all(is_word(word) and not is_given_name(word) for word in words)


def _in_parts(value: Object, where: str, keys: _Keys, record: int) -> Iterator[Passage]:
    """What an object's members make together: ``{"year": 1961, "month": 3, "day": 4}``."""
    parts = [(text_of(key).text, _digits(inner)) for key, inner in value.members]
    for shared, date in inparts.named(parts):
        yield from _whole(date, where, (*keys[-3:], shared) if shared else keys, record)
    if len(parts) == 3:  # noqa: PLR2004 - an SSN's parts
        number = inparts.listed([part for _, part in parts])
        yield from _whole(number, where, keys, record)


def _whole(text: str, where: str, keys: _Keys, record: int) -> Iterator[Passage]:
    """A value that was written in parts; it has no place of its own, so it isn't redacted."""
    found = told(keys[-1], text, ("", *keys)[-2]) if text and keys else None
    if found:
        yield Passage(
            text, where or "value", Carrier.FREE_TEXT, found.category, record=record,
            part=found.part,
        )  # fmt: skip


def _digits(value: Value) -> str:
    text = text_of(value).text if isinstance(value, Leaf) else ""
    return text if text.isdecimal() else ""


def _leaf(leaf: Leaf, where: str, keys: _Keys, record: int) -> Iterator[Passage]:
    text = text_of(leaf).text.strip()
    if not text:
        return
    around, key = ("", "", *keys)[-2:]
    around = f"{_STAFF} {around}" if _STAFF in keys else around
    found = told(key, text, around) or told(title_of(list(keys)), text)
    if found:
        yield passage(leaf, where, found.category, record=record, part=found.part)
    elif office := of_office(key, text, around):
        yield passage(
            leaf, where, office.category, carrier=Carrier.IDENTIFIER_FIELD,
            subject=Subject.PROVIDER, record=record, part=office.part,
        )  # fmt: skip
    elif leaf.quoted or is_telling(leaf):
        yield passage(leaf, where)
