"""FHIR's XML as the tree that its JSON is: one table of elements serves both syntaxes.

An element with a ``value`` is a string, one that repeats is an array, and a resource's own element
becomes its ``resourceType`` (R4 sections 2.6.1 and 2.6.2). What JSON has no place for, text between
elements, comments and the narrative, comes as passages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import Carrier, Passage, Source
from dlp.parse.fhir.narratives import STYLE
from dlp.parse.htmlnames import INLINE
from dlp.parse.jsonleaf import Array, Leaf, Object, Said, Value
from dlp.parse.jsontree import Record
from dlp.parse.narrative import Block
from dlp.parse.xmldoc import is_namespace, passage
from dlp.parse.xmlevents import Attribute, End, Start, events
from dlp.parse.xmlpath import Path, is_designed

_ENTRY: Final = ["Bundle", "entry"]
_OWN: Final = frozenset({"value", "id", "url"})
"""Attributes that FHIR's elements have."""
_SILENT: Final = frozenset({"class", "style"})


def resources(source: Source, meter: Meter) -> Iterator[Record | Passage]:
    """Each entry of a Bundle as a record, and the rest as another.

    Raises:
        NotReadableError: As :func:`dlp.parse.xmlevents.events` does.
    """
    yield from _Tree().run(source, meter)


class _Node:
    """An element that is open.

    Attributes:
        name: Its local name.
        own: What its ``value`` attribute says.
        members: Its children, in order.
    """

    __slots__ = ("members", "name", "own")

    def __init__(self, name: str) -> None:
        self.name = name
        self.own: Leaf | None = None
        self.members: list[tuple[str, Value]] = []


class _Tree:
    def __init__(self) -> None:
        self._path = Path()
        self._open: list[_Node] = []
        self._block: Block | None = None
        self._entries = 0

    def run(self, source: Source, meter: Meter) -> Iterator[Record | Passage]:
        for event in events(source, meter):
            if isinstance(event, Start):
                yield from self._start(event)
            elif isinstance(event, End):
                yield from self._end(event)
            elif self._block and not event.kind:
                self._block.add(event, self._path)
            elif event.text.strip():
                yield passage(event, f"{self._path.where()} {event.kind or 'text'}")

    def _start(self, event: Start) -> Iterator[Passage]:
        self._path.enter(event.local)
        if not is_designed(event.name):
            yield Passage(event.name, f"{self._path.where()} odd name", Carrier.FREE_TEXT)
        if self._block:
            yield from self._block.start(event.local)
        elif event.local == "div":
            self._block = Block(len(self._path.names), INLINE)
        else:
            self._open.append(_Node(event.local))
        for attribute in event.attributes:
            yield from self._attribute(attribute)

    def _attribute(self, attribute: Attribute) -> Iterator[Passage]:
        if not self._block and attribute.name in _OWN:
            node, leaf = self._open[-1], _leaf(attribute)
            if attribute.name == "value":
                node.own = leaf
            else:
                node.members.append((attribute.name, leaf))
            return
        if not is_designed(attribute.name):
            yield Passage(attribute.name, f"{self._path.where()} attribute name", Carrier.FREE_TEXT)
        layout = attribute.name in _SILENT and STYLE.fullmatch(attribute.text)
        if not is_namespace(attribute) and not layout:
            yield passage(attribute, self._path.where(attribute.name))

    def _end(self, event: End) -> Iterator[Record | Passage]:
        if self._block:
            yield from self._block.end(event.local, self._path)
            if len(self._path.names) == self._block.depth:
                self._block = None
        else:
            yield from self._close(self._open.pop())
        self._path.leave()

    def _close(self, node: _Node) -> Iterator[Record]:
        """Give an element to the one around it, or as a record of its own."""
        if node.name[:1].isupper():
            node.members.insert(0, ("resourceType", _word(node.name)))
        if not self._open:
            yield Record(0, (), _object(node))
        elif self._path.names == _ENTRY:
            self._entries += 1
            yield Record(self._entries, ("entry",), _object(node))
        elif node.name[:1].isupper():
            # What stands in "resource" and "contained" is that, and no member of it.
            self._open[-1].members += node.members
        else:
            self._give(node)

    def _give(self, node: _Node) -> None:
        around = self._open[-1].members
        if node.own is not None:
            around.append((node.name, node.own))
        if node.own is None or node.members:
            name = node.name if node.own is None else f"_{node.name}"
            around.append((name, _object(node)))


def _object(node: _Node) -> Object:
    """An element's members; those of one name as an array."""
    by_name: dict[str, list[Value]] = {}
    for name, value in node.members:
        by_name.setdefault(name, []).append(value)
    return Object(
        [
            (_word(name), values[0] if len(values) == 1 else Array(values))
            for name, values in by_name.items()
        ]
    )


def _word(name: str) -> Leaf:
    return Leaf(name.encode(), -1, quoted=True, said=Said(name, None, None, None))


def _leaf(attribute: Attribute) -> Leaf:
    said = Said(attribute.text, attribute.offset, attribute.length, attribute.spans)
    return Leaf(attribute.text.encode(), -1, quoted=True, said=said)
