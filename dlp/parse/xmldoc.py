"""XML of no format that we know: all text, attributes, comments and odd names, as free text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Passage
from dlp.parse.xmlevents import Attribute, End, Start, Text, events
from dlp.parse.xmlpath import Path, is_designed

_PLAIN: Final = re.compile(r"\s*(?:[A-Za-z]{0,3}|[0-9.]{1,4}|true|false)\s*")
"""Flags, counts and codes too short to identify anybody."""
_NAMESPACE: Final = re.compile(r"(?:https?://|urn:)[\w./:#-]{1,200}")


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything that a document says.

    Raises:
        NotReadableError: As :func:`dlp.parse.xmlevents.events` does.
    """
    path, odd = Path(), 0
    for event in events(content.source, meter):
        if isinstance(event, Start):
            path.enter(event.local)
            if not is_designed(event.name):
                odd += 1
                yield Passage(event.local, f"element name {odd}", Carrier.FREE_TEXT)
            for attribute in event.attributes:
                yield from _attribute(attribute, path)
        elif isinstance(event, End):
            path.leave()
        elif event.text.strip() and not _PLAIN.fullmatch(event.text):
            yield passage(event, f"{path.where()} {event.kind}".strip())


def _attribute(attribute: Attribute, path: Path) -> Iterator[Passage]:
    if not is_designed(attribute.name):
        yield Passage(attribute.name, f"{path.where()} attribute name", Carrier.FREE_TEXT)
    if not is_namespace(attribute) and not _PLAIN.fullmatch(attribute.text):
        yield passage(attribute, path.where(attribute.name))


def is_namespace(attribute: Attribute) -> bool:
    """Whether an attribute declares a namespace, and nothing else."""
    declares = attribute.name.startswith("xmlns")
    return declares and _NAMESPACE.fullmatch(attribute.text) is not None


def passage(found: Text | Attribute, where: str) -> Passage:
    """Text or an attribute's value as free text."""
    return Passage(
        found.text, where, Carrier.FREE_TEXT, offset=found.offset, length=found.length,
        spans=found.spans,
    )  # fmt: skip
