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
from dlp.parse.jsontree import records
from dlp.parse.jsonvalues import is_designed, is_telling, passage
from dlp.parse.keyed import told


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every value of a JSON document, at the memory of its largest record.

    Raises:
        NotReadableError: As :func:`dlp.parse.jsontree.records` does.
    """
    for record in records(content.source, meter):
        place = "".join(f"{key}." if is_designed(key) else "(key)." for key in record.path)
        where = f"{place}[{record.ordinal}]" if record.ordinal else ""
        yield from _value(record.value, where, ("", *record.path[-1:]), record.ordinal)


def _value(value: Value, where: str, keys: tuple[str, ...], record: int) -> Iterator[Passage]:
    """What a value says; ``keys`` are those above it, the innermost last."""
    if isinstance(value, Object):
        for number, (name, inner) in enumerate(value.members, 1):
            title = text_of(name).text
            designed = is_designed(title)
            if not designed:
                yield passage(name, f"{where} key {number}".strip())
            shown = title if designed else f"(key {number})"
            yield from _value(inner, f"{where}.{shown}".lstrip("."), (*keys[-1:], title), record)
    elif isinstance(value, Array):
        for index, inner in enumerate(value.elements):
            yield from _value(inner, f"{where}[{index}]", keys, record)
    elif value.quoted or is_telling(value):
        yield from _leaf(value, where or "value", keys, record)


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
