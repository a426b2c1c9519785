"""XML of no format that we know: all text, attributes, comments and odd names, as free text.

A value whose element or attribute and whose shape both say what it is has its category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Passage, Subject
from dlp.parse.cells import Cells
from dlp.parse.hl7v2.named import title_of
from dlp.parse.keyed import Told, of_office, told
from dlp.parse.misplaced import has_ssn
from dlp.parse.pairs import Labels
from dlp.parse.xmlevents import Attribute, End, Start, Text, events
from dlp.parse.xmlmixed import Mixed
from dlp.parse.xmlpath import Path, is_designed
from dlp.parse.xmlwhole import Parts

_PLAIN: Final = re.compile(r"\s*(?:[A-Za-z]{0,3}|[0-9.]{1,4}|true|false)\s*")
"""Flags, counts and codes too short to identify anybody."""
_TABLES: Final = {
    "table": "table", "worksheet": "table", "tr": "tr", "row": "tr", "td": "td", "th": "td",
    "cell": "td", "entry": "td",
}  # fmt: skip
"""Elements of tables, in HTML, DocBook and spreadsheets' XML."""
_NAMESPACE: Final = re.compile(r"(?:https?://|urn:)[\w./:#-]{1,200}")


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything that a document says.

    Raises:
        NotReadableError: As :func:`dlp.parse.xmlevents.events` does.
    """
    path, labels, mixed, odd = Path(), Labels(), Mixed(), 0
    cells, parts = Cells(), Parts()
    for event in events(content.source, meter):
        if isinstance(event, Start):
            path.enter(event.local)
            labels.enter(event.attributes)
            mixed.start(event.local)
            cells.start(_TABLES.get(event.local.lower(), ""))
            parts.enter(event.attributes)
            if not is_designed(event.name):
                odd += 1
                yield Passage(event.local, f"element name {odd}", Carrier.FREE_TEXT)
            for attribute in event.attributes:
                yield from _attribute(attribute, path, labels)
        elif isinstance(event, End):
            yield from parts.leave(path)
            cells.end(_TABLES.get(event.local.lower(), ""))
            path.leave()
            labels.leave()
        elif event.kind:
            yield from _text(event, path, labels)
        else:
            value = event.text.strip()
            told_by_cell = cells.told(value) if value and _in_cell(path) else None
            parts.learn(path.names[-1] if path.names else "", value)
            alone = list(_text(event, path, labels, told_by_cell))
            yield from mixed.add(event, tuple(path.serials), path.where(), alone)
    yield from mixed.end()


def _text(text: Text, path: Path, labels: Labels, known: Told | None = None) -> Iterator[Passage]:
    around, key = ("", "", *path.names)[-2:]
    value, found = text.text.strip(), None
    if not value:
        return
    if not text.kind:
        found = told(key, value, around) or told(labels.of_text(key), value)
        found = found or told(title_of(path.names), value) or known
        labels.learn(key, value)
    if found:
        yield _known(passage(text, path.where()), found, path.serials[-2])
    elif not text.kind and (office := of_office(key, value, around)):
        yield _known(passage(text, path.where()), office, path.serials[-2])._replace(
            carrier=Carrier.IDENTIFIER_FIELD, subject=Subject.PROVIDER
        )
    elif not _PLAIN.fullmatch(text.text):
        yield passage(text, f"{path.where()} {text.kind}".strip())


def _in_cell(path: Path) -> bool:
    return any(_TABLES.get(name.lower()) == "td" for name in path.names[-4:])


def _known(passage: Passage, what: Told, record: int) -> Passage:
    return passage._replace(category=what.category, part=what.part, record=record)


def _attribute(attribute: Attribute, path: Path, labels: Labels) -> Iterator[Passage]:
    if not is_designed(attribute.name):
        yield Passage(attribute.name, f"{path.where()} attribute name", Carrier.FREE_TEXT)
    value = attribute.text.strip()
    found = told(attribute.name, value, path.names[-1])
    found = found or told(labels.of_attribute(attribute.name), value)
    if found:
        yield _known(passage(attribute, path.where(attribute.name)), found, path.serials[-1])
    elif not is_namespace(attribute) and not _PLAIN.fullmatch(attribute.text):
        yield passage(attribute, path.where(attribute.name))


def is_namespace(attribute: Attribute) -> bool:
    """Whether an attribute declares a namespace, and nothing else."""
    declares = attribute.name.startswith("xmlns")
    fits = declares and _NAMESPACE.fullmatch(attribute.text) is not None
    return fits and not has_ssn(attribute.text.replace(":", " ").replace("/", " "))


def passage(found: Text | Attribute, where: str) -> Passage:
    """Text or an attribute's value as free text."""
    return Passage(
        found.text, where, Carrier.FREE_TEXT, offset=found.offset, length=found.length,
        spans=found.spans,
    )  # fmt: skip
