"""A worksheet as a table: shown values, typed by column as a delimited file's are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dlp.model import Carrier, NotReadableError, Obstacle, Passage
from dlp.parse.delimited.rows import Cell, Row
from dlp.parse.delimited.table import Table
from dlp.parse.office.blocks import Blocks
from dlp.parse.office.xmlparts import End, Event, Start, Text
from dlp.parse.slots import is_label

_SAMPLE_ROWS: Final = 500
_WIDEST: Final = 1_024
"""Columns beyond which a row is read cell by cell: filling it up would cost more than it holds."""
_LONGEST: Final = 32_768
"""Characters of a cell (the application's own limit is 32,767)."""
_BUILT_IN_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_PLAIN: Final = re.compile(
    r"[A-Za-z]{0,16}[0-9]{0,8}|[0-9]{0,8}\.[0-9]{1,20}|[A-Z0-9]{1,10}:[A-Z0-9]{1,10}"
)
_LAYOUT_CODE: Final = re.compile(
    r'&(?:"(?P<font>[^"]{0,80})"|K(?:[0-9A-Fa-f]{6}|[0-9]{2}[+-][0-9]{3})|[0-9]{1,3}(?![0-9-])'
    r"|[LCRPNDTFAGZSXYUEOHBI])"
)
"""Sections, fonts, sizes, colours and fields in a header or footer (ECMA-376-1, 18.3.1.46)."""
_DIGITS: Final = 7
_STRINGS_MOST: Final = 64 * 2**20


@dataclass(slots=True)
class Book:
    """What the sheets of one workbook share.

    Attributes:
        strings: The shared strings.
        used: Those that some cell shows.
        dates: Cell formats that show a number as a date.
        epoch: Day 0 of its dates.
    """

    strings: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    dates: set[int] = field(default_factory=set)
    epoch: datetime = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone


def learn(book: Book, events: Iterable[Event]) -> None:
    """Take the shared strings, date formats or epoch that a part holds.

    Raises:
        NotReadableError: Over 64 Mi characters of shared strings.
    """
    learner = _Learner(book)
    for event in events:
        if isinstance(event, Start):
            learner.start(event.name, event.attributes)
        elif isinstance(event, Text):
            learner.text.append(event.text)
        elif isinstance(event, End):
            learner.end(event.name)


class _Learner:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._formats: dict[str, str] = {}
        self._cell_formats, self._at, self._size = False, -1, 0
        self.text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self.text = []
        elif name == "numFmt":
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._cell_formats = True
        elif name == "xf" and self._cell_formats:
            self._at += 1
            if _is_date(attributes.get("numFmtId", ""), self._formats):
                self._book.dates.add(self._at)
        elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self._book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001 - as Book's

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._cell_formats = False
        elif name == "si":
            self._book.strings.append("".join(self.text))
            self._size += len(self._book.strings[-1])
            if self._size > _STRINGS_MOST:
                raise NotReadableError(Obstacle.TOO_LARGE, "a workbook of over 64 Mi characters")


def _is_number(text: str) -> bool:
    """An ordinal of a workbook: none has more than seven digits."""
    return len(text) <= _DIGITS and text.isascii() and text.isdecimal()


def _is_date(number: str, formats: dict[str, str]) -> bool:
    if _is_number(number) and int(number) in _BUILT_IN_DATES:
        return True
    code = _LITERAL.sub("", formats.get(number, "")[:255]).lower()
    return "y" in code or "d" in code


def laid_out(text: str) -> str:
    """A text of a sheet without a header's codes, whose letters would grow into its words."""
    if not text.startswith("&"):
        return text
    return _LAYOUT_CODE.sub(_unless_name, text)


def _unless_name(code: re.Match[str]) -> str:
    font = code["font"]
    return " " if font is None or is_label(font) else code[0]


class Sheet:
    """Reads one worksheet part's events.

    Args:
        ordinal: From 1, for its places.
        book: Whose sheet it is.
    """

    def __init__(self, ordinal: int, book: Book) -> None:
        self._ordinal, self._shared = ordinal, book
        self._row = 0
        self._cells: dict[int, str] = {}
        self._sample: list[Row] = []
        self._table: Table | None = None
        self._extra: list[Passage] = []

    def read(self, events: Iterable[Event]) -> Iterator[Passage]:
        """Cells in rows, then everything else that the part says (headers, validations, ...)."""
        rest = Blocks("xl/worksheets/")
        for said in rest.read(self._outside(events)):
            yield from self._pending()
            where = f"sheet {self._ordinal} {said.kind} {said.ordinal}"
            yield Passage(laid_out(said.text), where, Carrier.FREE_TEXT)
        yield from self._pending()
        yield from self._typed()

    def read_rows(self, rows: Iterable[Sequence[str]]) -> Iterator[Passage]:
        """Rows that another format's library has read."""
        for row in rows:
            self._number("")
            for index, text in enumerate(row[:_WIDEST]):
                self._cells[index] = text[:_LONGEST]
            yield from self._pending()
        self._end_row()
        yield from self._typed()
        yield from self._pending()

    def _pending(self) -> Iterator[Passage]:
        yield from self._extra
        self._extra.clear()

    def _outside(self, events: Iterable[Event]) -> Iterator[Event]:  # noqa: C901 - one state machine
        """Take the rows and cells, pass on all other events."""
        cell: dict[str, str] | None = None
        value: list[str] = []
        formula: list[str] = []
        inside = ""
        for event in events:
            if isinstance(event, Start) and (cell is not None or event.name in ("row", "c")):
                self._attributes(event)
                if cell is not None:
                    inside = event.name
                elif event.name == "row":
                    self._number(event.attributes.get("r", ""))
                else:
                    cell, value, formula, inside = event.attributes, [], [], ""
            elif cell is None:
                if isinstance(event, End) and event.name == "row":
                    self._end_row()
                elif not isinstance(event, End) or event.name != "c":
                    yield event
            elif isinstance(event, Text):
                (formula if inside == "f" else value).append(event.text)
            elif not isinstance(event, End):
                yield event
            elif event.name == "c":
                self._cell(cell, "".join(value), "".join(formula))
                cell = None
        if cell is not None:
            self._cell(cell, "".join(value), "".join(formula))
        self._end_row()

    def _attributes(self, event: Start) -> None:
        """What no attribute of a row or cell holds by its type."""
        for text in event.attributes.values():
            if not (_PLAIN.fullmatch(text) or (event.name == "rFont" and is_label(text))):
                where = f"sheet {self._ordinal} row {self._row} attribute"
                self._extra.append(Passage(text, where, Carrier.FREE_TEXT))

    def _number(self, told: str) -> None:
        self._end_row()
        self._row = int(told) if _is_number(told) else self._row + 1

    def _cell(self, attributes: dict[str, str], value: str, formula: str) -> None:
        column = self._column(attributes.get("r", ""))
        shown = self._shown(attributes, value.strip() if "t" in attributes else value)
        if formula.strip():
            where = f"sheet {self._ordinal} row {self._row} column {column + 1} formula"
            self._extra.append(Passage(formula, where, Carrier.FREE_TEXT))
        if len(shown) > _LONGEST or column in self._cells or column >= _WIDEST:
            where = f"sheet {self._ordinal} row {self._row} column {column + 1}"
            self._extra.append(Passage(shown, where, Carrier.FREE_TEXT))
        else:
            self._cells[column] = shown

    def _column(self, reference: str) -> int:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return max(self._cells, default=-1) + 1
        number = 0
        for letter in match[1]:
            number = number * 26 + ord(letter) - ord("A") + 1
        return number - 1

    def _shown(self, attributes: dict[str, str], value: str) -> str:
        kind, style = attributes.get("t", "n"), attributes.get("s", "")
        if kind == "s" and _is_number(value) and int(value) < len(self._shared.strings):
            self._shared.used.add(int(value))
            return self._shared.strings[int(value)]
        if kind == "n" and _is_number(style) and int(style) in self._shared.dates:
            return self._date(value)
        return value

    def _date(self, value: str) -> str:
        try:
            return (self._shared.epoch + timedelta(days=float(value))).strftime("%Y-%m-%d")
        except (ValueError, OverflowError):
            return value

    def _end_row(self) -> None:
        if not self._cells:
            return
        width = max(self._cells) + 1
        texts = [self._cells.get(index, "") for index in range(width)]
        self._cells = {}
        row = Row(self._row, "", [Cell(text, 0, 0) for text in texts], 0, "utf-8")
        if self._table is not None:
            self._extra += self._passages(row)
            return
        self._sample.append(row)
        if len(self._sample) >= _SAMPLE_ROWS:
            self._extra += self._typed()

    def _typed(self) -> list[Passage]:
        """The rows so far, once they have told what the columns hold."""
        if self._table is not None or not self._sample:
            return []
        width = max(len(row.cells) for row in self._sample)
        for row in self._sample:
            row.cells.extend([Cell("", 0, 0)] * (width - len(row.cells)))
        self._table = Table(self._sample)
        sample, self._sample = self._sample, []
        return [passage for row in sample for passage in self._passages(row)]

    def _passages(self, row: Row) -> Iterator[Passage]:
        assert self._table is not None  # noqa: S101 - the callers have made it
        row.cells.extend([Cell("", 0, 0)] * (self._table.width - len(row.cells)))
        for passage in self._table.passages(row):
            where = passage.where if isinstance(passage.where, str) else passage.where()
            record = self._ordinal * 2**21 + passage.record if passage.record else 0
            yield passage._replace(
                where=f"sheet {self._ordinal} {where}",
                offset=None, length=None, spans=None, record=record,
            )  # fmt: skip
