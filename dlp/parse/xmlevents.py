"""XML as a stream of events with their places in bytes, on expat, without what makes XML dangerous.

A document type declaration is refused as such: it is what entity bombs ("billion laughs") and
external entities (XXE) need, and no format of health care uses one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.parsers import expat

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source, Spans

_CHUNK: Final = 4096
"""Bytes fed at a time: expat copies what is left of them for each tag that has attributes."""
_DEEPEST: Final = 256
_LONGEST: Final = 64 * 2**20
"""Bytes of one run of text: a document in Base64."""
_LONGEST_SILENCE: Final = 2**20
"""Bytes of one tag or comment."""
_MOST_ATTRIBUTES: Final = 1000
_ATTRIBUTE: Final = re.compile(rb"([^\s=/>\"'<]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_TAG: Final = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_REFERENCE: Final = re.compile(r"&(?:#[xX][0-9A-Fa-f]{1,6}|#[0-9]{1,7}|amp|lt|gt|quot|apos);")


class Attribute(NamedTuple):
    """An attribute's value; the place as :class:`~dlp.model.Passage` has it."""

    name: str
    text: str
    offset: int | None
    length: int | None
    spans: Spans | None


class Start(NamedTuple):
    """A start tag.

    Attributes:
        name: With its prefix.
        local: Without.
        attributes: In order.
    """

    name: str
    local: str
    attributes: tuple[Attribute, ...]


class End(NamedTuple):
    """An end tag."""

    local: str


class Text(NamedTuple):
    """A run of text between tags, blank or not; ``kind`` is "", "comment" or "instruction"."""

    text: str
    offset: int | None
    length: int | None
    spans: Spans | None
    kind: str = ""


Event = Start | End | Text


def events(source: Source, meter: Meter) -> Iterator[Event]:
    """The events of an XML member, at constant memory but for its longest text.

    Raises:
        NotReadableError: ``malformed`` where it isn't well-formed (with the line) or has a document
            type declaration; ``too-deep``, ``too-large``, or a spent budget.
    """
    reader = _Reader()
    source.seek(0)
    while True:
        data = source.read(_CHUNK)
        meter.take(len(data))
        yield from reader.feed(data)
        if not data:
            return


class _Reader:
    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        self._events: list[Event] = []
        self._pieces: list[tuple[str, int]] = []
        self._size = self._depth = self._silent = 0
        self._utf8 = True
        parser.buffer_text = False
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = lambda text: self._aside(text, "comment")
        parser.ProcessingInstructionHandler = lambda target, text: self._aside(
            f"{target} {text}", "instruction"
        )
        parser.StartCdataSectionHandler = self._border
        parser.EndCdataSectionHandler = self._border

    def feed(self, data: bytes) -> list[Event]:
        """The events that more bytes complete; b"" ends the document."""
        try:
            self._parser.Parse(data, not data)
        except expat.ExpatError as error:
            detail = f"not well-formed XML ({expat.ErrorString(error.code)})"
            where = f"line {error.lineno}"
            raise NotReadableError(Obstacle.MALFORMED, detail, where) from None
        except (LookupError, ValueError):
            raise NotReadableError(Obstacle.MALFORMED, "XML in an unknown encoding") from None
        made, self._events = self._events, []
        # expat scans an unfinished tag or comment anew with each feed: quadratic if it may grow.
        self._silent = 0 if made or self._pieces else self._silent + len(data)
        if self._silent > _LONGEST_SILENCE:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"an XML tag or comment of more than {_LONGEST_SILENCE} bytes"
            )
        return made

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._utf8 = (encoding or "utf-8").lower() in ("utf-8", "us-ascii", "ascii")

    def _doctype(self, *_: object) -> None:
        raise NotReadableError(
            Obstacle.MALFORMED, "XML with a document type declaration; send it without one"
        )

    def _start(self, name: str, attributes: list[str]) -> None:
        self._flush()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotReadableError(Obstacle.TOO_DEEP, f"XML nested deeper than {_DEEPEST}")
        made = self._attributes(attributes) if attributes else ()
        self._events.append(Start(name, name.rpartition(":")[2], made))

    def _attributes(self, given: list[str]) -> tuple[Attribute, ...]:
        if len(given) > 2 * _MOST_ATTRIBUTES:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"an XML element with more than {_MOST_ATTRIBUTES} attributes"
            )
        places = self._places()
        return tuple(
            Attribute(name, text, *places.get(name, (None, None, None)))
            for name, text in zip(given[::2], given[1::2], strict=True)
        )

    def _places(self) -> dict[str, tuple[int, int, Spans | None]]:
        """Where the attributes' values stand, from the bytes of the tag."""
        context = self._parser.GetInputContext() if self._utf8 else None
        tag = _TAG.match(context) if context else None
        if tag is None or context is None:
            return {}
        base, places = self._parser.CurrentByteIndex, {}
        for found in _ATTRIBUTE.finditer(context, 0, tag.end()):
            group = 2 if found[2] is not None else 3
            raw, start = found[group].decode("utf-8", "replace"), base + found.start(group)
            spans = _spans(_unescaped(raw), start) if "&" in raw else None
            places[found[1].decode("utf-8", "replace")] = (start, len(found[group]), spans)
        return places

    def _end(self, name: str) -> None:
        self._flush()
        self._depth -= 1
        self._events.append(End(name.rpartition(":")[2]))

    def _text(self, text: str) -> None:
        self._size += len(text)
        if self._size > _LONGEST:
            raise NotReadableError(Obstacle.TOO_LARGE, f"XML text of more than {_LONGEST} bytes")
        self._pieces.append((text, self._parser.CurrentByteIndex))

    def _border(self) -> None:
        """Where a CDATA section begins or ends: the brackets belong to no character."""
        if self._pieces:
            self._pieces.append(("", self._parser.CurrentByteIndex))

    def _aside(self, text: str, kind: str) -> None:
        self._flush()
        self._events.append(Text(text, None, None, None, kind))

    def _flush(self) -> None:
        if not self._pieces:
            return
        pieces, self._pieces, self._size = self._pieces, [], 0
        text = "".join(piece for piece, _ in pieces)
        start, end = pieces[0][1], self._parser.CurrentByteIndex
        if not self._utf8:
            self._events.append(Text(text, None, None, None))
            return
        spans = None if len(text.encode()) == end - start else _piecewise(pieces, end)
        self._events.append(Text(text, start, end - start, spans))


def _piecewise(pieces: list[tuple[str, int]], end: int) -> Spans:
    """First and last byte of each character: expat gives references and line ends one by one."""
    firsts: list[int] = []
    lasts: list[int] = []
    for (text, start), stop in zip(pieces, [*(p for _, p in pieces[1:]), end], strict=True):
        at = start
        whole = len(text.encode()) == stop - start
        for character in text:
            firsts.append(at if whole else start)
            at += len(character.encode())
            lasts.append(at if whole else stop)

    def spans(start: int, stop: int) -> tuple[int, int]:
        if start >= stop:
            return (firsts[start] if start < len(firsts) else end), 0
        return firsts[start], lasts[stop - 1] - firsts[start]

    return spans


def _unescaped(raw: str) -> list[int]:
    """For each character of an attribute's value, and its end, its byte in what was written."""
    places, index, at = [], 0, 0
    while index < len(raw):
        found = _REFERENCE.match(raw, index) if raw[index] == "&" else None
        piece = found.group() if found else raw[index]
        places.append(at)
        at += len(piece.encode())
        index += len(piece)
    places.append(at)
    return places


def _spans(places: list[int], offset: int) -> Spans:
    def spans(start: int, end: int) -> tuple[int, int]:
        return offset + places[start], places[end] - places[start]

    return spans
