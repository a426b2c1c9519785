"""Any XML part as texts: paragraphs whole, however many runs divide them, and attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dlp.parse.cells import Cells
from dlp.parse.keyed import Told
from dlp.parse.office.controls import Answer, Controls
from dlp.parse.office.slots import is_designed, is_own, is_writer
from dlp.parse.office.xmlparts import Aside, End, Event, Start, Text

_BLOCKS: Final = frozenset({"p", "si", "is", "comment", "threadedComment"})
"""Elements whose runs make one text; a text box inside a paragraph is a block of its own."""
_TABLES: Final = {"tbl": "table", "tr": "tr", "tc": "td"}
"""Tables of documents and slides (ECMA-376-1, 17.4.37 and 21.1.3.13) in HTML's words."""
_DELETED: Final = frozenset({"del", "moveFrom"})
_INSERTED: Final = frozenset({"ins", "moveTo"})
_GAPS: Final = {
    "tab": "\t",
    "ptab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "-",
    "rt": " ",
    "rubyBase": " ",
}
_INSTRUCTIONS: Final = frozenset({"instrText", "delInstrText"})
_OPEN: Final = frozenset(
    {"name", "descr", "title", "author", "displayName", "Target", "tooltip", "display", "alt",
     "displayText", "value", "instr", "lastClr", "prompt", "promptTitle", "error", "errorTitle",
     "userId", "sqlref", "connection", "command", "formula", "oddHeader", "caption", "v", "s",
     "dT", "initials", "string", "sourceFile", "tag", "alias"}
)  # fmt: skip
"""Attributes that somebody types into: always read. Others are, unless a schema's token."""
_TOKEN: Final = re.compile(
    r"[-+]?[0-9]{0,8}(?:\.[0-9]{1,20})?(?:[a-z%]{0,3})"  # measures
    r"|[0-9A-Fa-f]{1,8}|#[0-9A-Fa-f]{3,8}"  # revision and paragraph ids, colours
    r"|[A-Za-z]{1,40}[0-9]{0,4}"  # enumerations, style and relationship ids
    r"|\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?"
    r"|(?:https?://(?:(?:schemas|purl)\.[a-z.]{1,40}|www\.w3\.org)/|urn:schemas-microsoft-com:)"
    r"(?!\S*(?:\d{5}|\d-\d\d-\d))[^\s@?]{0,120}"
    r"|application/[a-z.+-]{1,120}"
)


def _folder(element: str, value: str) -> str:
    """Where a workbook was saved without its server: that names nobody, but a folder may."""
    if element != "absPath" or "://" not in value:
        return value
    return value.partition("://")[2].partition("/")[2]


class Said(NamedTuple):
    """A text of a part.

    Attributes:
        kind: "paragraph", "text", "attribute", "field", "before changes", "control" or
            "comment".
        ordinal: From 1, among its kind.
        text: What it says.
        told: What its table says that it is.
    """

    kind: str
    ordinal: int
    text: str
    told: Told | None = None


class _Block:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self.before: list[str] = []
        self.fields: list[str] = []


class Blocks:
    """Reads one part's events.

    Args:
        part: The part's name in its package, "" where it has none: what a slot of a known part
            holds by design isn't said.
    """

    def __init__(self, part: str = "") -> None:
        self._part, self._own = part, is_own(part)
        self._open: list[_Block] = []
        self._loose: list[str] = []
        self._path: list[str] = []
        self._deleted = self._inserted = 0
        self._cells, self._controls = Cells(), Controls()
        self._counts: dict[str, int] = {}

    def read(self, events: Iterable[Event]) -> Iterator[Said]:
        """All texts of the part, in its order; blank ones left out."""
        for event in events:
            if isinstance(event, Start):
                yield from self._start(event)
            elif isinstance(event, End):
                yield from self._end(event.name)
            elif isinstance(event, Text):
                self._text(event.text)
            elif isinstance(event, Aside):
                yield from self._said("comment", event.text)
        # What stands in front of a flaw has been said; nothing is kept back.
        while self._open:
            yield from self._close()
        yield from self._flush()

    def _start(self, event: Start) -> Iterator[Said]:
        if not self._open:
            yield from self._flush()
        self._path.append(event.name)
        yield from self._answers(self._controls.start(event.name, event.attributes))
        self._cells.start(_TABLES.get(event.name, ""))
        self._deleted += event.name in _DELETED
        self._inserted += event.name in _INSERTED
        if event.name in _BLOCKS:
            self._open.append(_Block())
        elif event.name in _GAPS:
            self._text(_GAPS[event.name])
        for key, value in event.attributes.items():
            if key.rpartition("}")[2] not in _OPEN and _TOKEN.fullmatch(value):
                continue
            if not (self._own and is_designed(self._path, key, value)):
                yield from self._said("attribute", _folder(event.name, value))

    def _end(self, name: str) -> Iterator[Said]:
        self._path.pop()
        yield from self._answers(self._controls.end(name))
        self._cells.end(_TABLES.get(name, ""))
        self._deleted -= name in _DELETED
        self._inserted -= name in _INSERTED
        if name in _BLOCKS:
            yield from self._close()
        elif not self._open:
            yield from self._flush(name)

    def _answers(self, answers: Iterable[Answer]) -> Iterator[Said]:
        for answer in answers:
            yield from self._said("control", answer.text, answer.told)

    def _text(self, text: str) -> None:
        self._controls.text(text)
        if not self._open:
            self._loose.append(text)
            return
        block = self._open[-1]
        if self._path and self._path[-1] in _INSTRUCTIONS:
            block.fields.append(text)
            return
        if not self._deleted:
            block.shown.append(text)
        if not self._inserted:
            block.before.append(text)

    def _close(self) -> Iterator[Said]:
        block = self._open.pop()
        shown, before = "".join(block.shown), "".join(block.before)
        yield from self._said("paragraph", shown, self._cells.told(shown))
        if before != shown:
            # Deleted text is still in the file, and a name may be whole only with it.
            yield from self._said("before changes", before)
        yield from self._said("field", "".join(block.fields))

    def _flush(self, element: str = "") -> Iterator[Said]:
        text = "".join(self._loose)
        self._loose.clear()
        if not (self._own and is_writer(self._part, element, text)):
            yield from self._said("text", text)

    def _said(self, kind: str, text: str, told: Told | None = None) -> Iterator[Said]:
        if text.strip():
            self._counts[kind] = self._counts.get(kind, 0) + 1
            yield Said(kind, self._counts[kind], text, told)
