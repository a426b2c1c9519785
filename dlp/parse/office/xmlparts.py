"""One XML part of a package as events, with nothing that makes XML dangerous."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.parsers import expat

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import CHUNK

_DEEPEST: Final = 256
"""Elements inside one another; Word's own deepest documents have some forty."""


class Start(NamedTuple):
    """An element begins: names without their namespaces."""

    name: str
    attributes: dict[str, str]


class End(NamedTuple):
    """An element ends."""

    name: str


class Text(NamedTuple):
    """Characters inside an element."""

    text: str


class Aside(NamedTuple):
    """A comment or a processing instruction."""

    text: str


Event = Start | End | Text | Aside


class _Reading:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self._depth = 0
        # expat itself decodes UTF-8, UTF-16, Latin-1 and ASCII; any other is an error of its.
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = lambda text: self.events.append(Text(text))
        parser.CommentHandler = lambda text: self.events.append(Aside(text))
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype
        self.parser = parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotReadableError(Obstacle.TOO_DEEP, f"XML nested deeper than {_DEEPEST}")
        local = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        if len(local) < len(attributes):
            # Two namespaces, one name: neither may hide the other.
            local = attributes
        self.events.append(Start(name.rpartition("}")[2], local))

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.events.append(End(name.rpartition("}")[2]))

    def _instruction(self, target: str, data: str) -> None:
        self.events.append(Aside(f"{target} {data}"))

    def _doctype(self, *_: object) -> None:
        raise NotReadableError(Obstacle.MALFORMED, "an XML part of the package declares a DTD")


def events(source: Source, meter: Meter) -> Iterator[Event]:
    """The events of one part, streamed.

    Raises:
        NotReadableError: It isn't well-formed, declares a DTD (so entities can't be defined), is
            nested too deep, or the budget is spent.
    """
    reading = _Reading()
    source.seek(0)
    while True:
        data = source.read(CHUNK)
        meter.take(len(data))
        try:
            reading.parser.Parse(data, not data)
        except (expat.ExpatError, ValueError, LookupError):
            yield from reading.events
            detail = "an XML part of the package is not well-formed"
            raise NotReadableError(Obstacle.MALFORMED, detail) from None
        yield from reading.events
        reading.events.clear()
        if not data:
            return
