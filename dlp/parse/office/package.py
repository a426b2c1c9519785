"""A package to items: every member of its archive is read, referenced or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.office import printers
from dlp.parse.office.blocks import Blocks
from dlp.parse.office.runs import runs
from dlp.parse.office.sheets import Book, Sheet, learn
from dlp.parse.office.xmlparts import Event, Start, events
from dlp.streams import read_exactly
from dlp.unpack.entry import Entry
from dlp.unpack.zips import entries

_SHARED: Final = re.compile(r"(?i)(?:.*/)?(?:sharedstrings|styles|workbook)\.xml")
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<|\xff\xfe<\x00|\xfe\xff\x00<")
_MACROS: Final = re.compile(r"(?i).*(?:vbaproject|vbadata|activex).*")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STORED_PROPERTIES: Final = re.compile(r"(?i).*\.bin")
_BINARY_BOOK: Final = re.compile(r"(?i)xl/(?!printersettings|embeddings).*\.bin")
_SHEETS: Final = frozenset({"worksheet", "dialogsheet", "chartsheet", "macrosheet"})
_STRINGS: Final = frozenset({"paragraph"})
_ACTIVE: Final = "a macro or control in an Office file; send it without macros"


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in a Word, Excel or PowerPoint package, streamed member by member.

    XML parts give their texts and attributes, sheets their cells; media, embedded objects and
    whatever isn't XML are entries. Macros are reported, and their printable text is read.

    Raises:
        NotReadableError: The archive is damaged or a bomb, or the budget is spent.
    """
    yield from _Package(content, meter).items()


class _Package:
    def __init__(self, content: Content, meter: Meter) -> None:
        self._content, self._meter = content, meter
        self._book = Book()
        self._sheets = 0

    def items(self) -> Iterator[Item]:
        """All of it."""
        yield from self._learn()
        for entry in self._entries():
            yield from self._member(entry)
        for index, text in enumerate(self._book.strings):
            if index not in self._book.used and text.strip():
                yield Passage(text, f"unused shared string {index + 1}", Carrier.FREE_TEXT)

    def _entries(self) -> Iterator[Entry]:
        self._content.source.seek(0)
        return entries(self._content.source, self._meter, self._content.depth)

    def _learn(self) -> Iterator[Item]:
        """First what sheets refer to: it stands behind them in the archive."""
        spent = self._meter.spent_entries
        for entry in self._entries():
            if entry.source is None or not _SHARED.fullmatch(entry.name):
                continue
            try:
                learn(self._book, events(entry.source, self._meter))
            except NotReadableError as error:
                yield Uninspectable(error.obstacle, error.detail, f"part {entry.ordinal}")
        # The same members again are not more members.
        self._meter.spent_entries = spent

    def _member(self, entry: Entry) -> Iterator[Item]:
        where = f"part {entry.ordinal}"
        if entry.source is None:
            yield entry
            return
        if printers.is_settings(entry.name):
            yield from self._around(entry, where)
            yield from printers.passages(entry.source, self._meter, where)
            return
        head = read_exactly(entry.source, 0, 256)
        entry.source.seek(0)
        if not _XML.match(head):
            yield from self._binary(entry, head, where)
            return
        yield from self._around(entry, where)
        if _MACROS.fullmatch(entry.name):
            yield Uninspectable(Obstacle.ACTIVE_CONTENT, _ACTIVE, where)
        flaws: list[NotReadableError] = []
        yield from self._xml(entry, _until_flaw(events(entry.source, self._meter), flaws), where)
        for error in flaws:
            # A spent budget ends the whole file, a flaw only this part.
            self._meter.take(0)
            yield Uninspectable(error.obstacle, error.detail, where)

    def _around(self, entry: Entry, where: str) -> Iterator[Item]:
        """The member's name and whatever its headers say."""
        yield Passage(entry.name, f"{where} name", Carrier.NAME)
        yield from entry.texts
        yield from entry.faults

    def _xml(self, entry: Entry, reading: Iterator[Event], where: str) -> Iterator[Item]:
        front: list[Event] = []
        root = ""
        for event in reading:
            front.append(event)
            if isinstance(event, Start):
                root = event.name
                break
        everything = _chained(front, reading)
        if root == "macrosheet" or "/macrosheets/" in entry.name.lower():
            yield Uninspectable(Obstacle.ACTIVE_CONTENT, _ACTIVE, where)
        if root in _SHEETS:
            self._sheets += 1
            yield from Sheet(self._sheets, self._book).read(everything)
            return
        # Cells show the shared strings, and those that none shows come last.
        shared = root == "sst" and bool(_SHARED.fullmatch(entry.name))
        place = _place(entry.name, where)
        for said in Blocks(entry.name).read(everything):
            if shared and said.kind in _STRINGS:
                continue
            passage = Passage(said.text, f"{place} {said.kind} {said.ordinal}", Carrier.FREE_TEXT)
            told = said.told
            yield passage._replace(category=told.category, part=told.part) if told else passage

    def _binary(self, entry: Entry, head: bytes, where: str) -> Iterator[Item]:
        assert entry.source is not None  # noqa: S101 - the caller has looked
        if _MACROS.fullmatch(entry.name):
            yield Uninspectable(Obstacle.ACTIVE_CONTENT, _ACTIVE, where)
        elif _BINARY_BOOK.fullmatch(entry.name):
            detail = "a binary workbook (XLSB); save it as XLSX"
            yield Uninspectable(Obstacle.UNSUPPORTED_TYPE, detail, where)
        elif head.startswith(_OLE) or not _STORED_PROPERTIES.fullmatch(entry.name):
            yield entry
            return
        yield from self._around(entry, where)
        yield from runs(entry.source, self._meter, where)


def _until_flaw(reading: Iterator[Event], flaws: list[NotReadableError]) -> Iterator[Event]:
    """Events up to what stops them, so that whatever was read before is still said."""
    try:
        yield from reading
    except NotReadableError as error:
        flaws.append(error)


def _chained(front: list[Event], rest: Iterator[Event]) -> Iterator[Event]:
    yield from front
    yield from rest


_PLACES: Final = (
    (re.compile(r"(?i)word/document[0-9]{0,3}\.xml"), "document"),
    (re.compile(r"(?i)ppt/slides/slide([0-9]{1,5})\.xml"), "slide"),
    (re.compile(r"(?i)ppt/notesSlides/notesSlide([0-9]{1,5})\.xml"), "notes of slide"),
    (re.compile(r"(?i)word/(header|footer)[0-9]{1,3}\.xml"), "header or footer"),
    (re.compile(r"(?i).*/comments[0-9]{0,5}\.xml"), "comments"),
    (re.compile(r"(?i)word/footnotes\.xml"), "footnotes"),
    (re.compile(r"(?i)word/endnotes\.xml"), "endnotes"),
    (re.compile(r"(?i)docProps/[a-z]{1,12}\.xml"), "properties"),
    (re.compile(r"(?i)xl/workbook\.xml"), "workbook"),
)


def _place(name: str, where: str) -> str:
    """A readable place from a member's name, only where the name is the standard's own."""
    for pattern, shown in _PLACES:
        match = pattern.fullmatch(name)
        if match:
            number = match[1] if match.lastindex and match[1].isdecimal() else ""
            return f"{shown} {number}".rstrip() if number else f"{shown} ({where})"
    return where
