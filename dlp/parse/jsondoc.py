"""JSON and NDJSON of no format that we know: every string, long number and odd key.

A value whose key and shape both say what it is ("dob": "1956-03-04") is a column that only its
values give away: free text with a category.
"""

from __future__ import annotations

from collections.abc import Iterator

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Passage
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of
from dlp.parse.jsontree import Record, records
from dlp.parse.jsonvalues import is_designed, is_telling, passage
from dlp.parse.keyed import is_title, told
from dlp.parse.pairs import is_named, may_label


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every value of a JSON document, at the memory of its largest record.

    Raises:
        NotReadableError: As :func:`dlp.parse.jsontree.records` does.
    """
    columns = _Columns()
    for record in records(content.source, meter):
        place = "".join(f"{key}." if is_designed(key) else "(key)." for key in record.path)
        where = f"{place}[{record.ordinal}]" if record.ordinal else ""
        titles = columns.of(record)
        if titles and isinstance(record.value, Array):
            for title, inner in zip(titles, record.value.elements, strict=True):
                yield from _value(inner, where, (title,), record.ordinal)
            continue
        yield from _value(record.value, where, ("", *record.path[-1:]), record.ordinal)


class _Columns:
    """Rows without keys, under a first row of titles."""

    def __init__(self) -> None:
        self._titles: list[str] = []

    def of(self, record: Record) -> list[str]:
        """The titles of a row's elements; none where nothing names them."""
        value = record.value
        if isinstance(value, Array):
            if len(value.elements) == len(self._titles):
                return self._titles
            words = [_word(inner) for inner in value.elements]
            self._titles = words if all(words) and any(map(is_title, words)) else []
        return []


def _word(value: Value) -> str:
    return text_of(value).text if isinstance(value, Leaf) and value.quoted else ""


def _value(value: Value, where: str, keys: tuple[str, ...], record: int) -> Iterator[Passage]:
    """What a value says; ``keys`` are those above it, the innermost last."""
    if isinstance(value, Object):
        label = _label(value)
        for number, (name, inner) in enumerate(value.members, 1):
            title = text_of(name).text
            designed = is_designed(title)
            if not designed:
                yield passage(name, f"{where} key {number}".strip())
            shown = title if designed else f"(key {number})"
            above = (label,) if label and is_named(title) else (*keys[-1:], title)
            yield from _value(inner, f"{where}.{shown}".lstrip("."), above, record)
    elif isinstance(value, Array):
        for index, inner in enumerate(value.elements):
            yield from _value(inner, f"{where}[{index}]", keys, record)
    elif value.quoted or is_telling(value):
        yield from _leaf(value, where or "value", keys, record)


def _label(value: Object) -> str:
    """What an object says that its value is: ``{"name": "ssn", "value": …}``."""
    for key, inner in value.members:
        if may_label(text_of(key).text) and isinstance(inner, Leaf):
            text = text_of(inner).text
            if is_title(text):
                return text
    return ""


def _leaf(leaf: Leaf, where: str, keys: tuple[str, ...], record: int) -> Iterator[Passage]:
    text = text_of(leaf).text.strip()
    if not text:
        return
    around, key = ("", "", *keys)[-2:]
    found = told(key, text, around)
    if found:
        yield passage(leaf, where, found.category, record=record, part=found.part)
    else:
        yield passage(leaf, where)
