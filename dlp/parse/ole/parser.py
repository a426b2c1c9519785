"""A compound file to items: cells by xlrd, message properties, every stream's printable text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

import olefile
import xlrd

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.office.runs import runs
from dlp.parse.office.sheets import Book, Sheet
from dlp.parse.ole.opening import opened, whole
from dlp.unpack.entry import Entry

_MACROS: Final = frozenset({"vba", "_vba_project", "_vba_project_cur", "macros"})
_PROPERTY: Final = re.compile(r"__substg1\.0_([0-9A-Fa-f]{4})(001[EeFf]|0102)")
_ATTACHED: Final = "3701"
_COMPRESSED_RTF: Final = "1009"
_ENCRYPTED_BIT: Final = 0x01
_FIB_FLAGS: Final = 11


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything readable in a compound file of at most 64 MiB.

    Cells of a workbook are typed by column; a message's text properties are read whole, its
    attachments are entries; of every stream the runs of printable characters are read. Where a
    document's text could stand apart from how a reader sees it, that is reported.

    Raises:
        NotReadableError: It is damaged, encrypted or too large, or the budget is spent.
    """
    data = whole(content.source, meter)
    yield from _File(data, opened(data), meter).items()


class _File:
    def __init__(self, data: bytes, ole: olefile.OleFileIO, meter: Meter) -> None:
        self._data, self._ole, self._meter = data, ole, meter
        self._attachments = 0

    def items(self) -> Iterator[Item]:
        """All of it."""
        paths = self._ole.listdir()
        names = {name.lower() for path in paths for name in path}
        if "encryptedpackage" in names or "encryptedsummary" in names:
            raise _encrypted()
        if names & _MACROS:
            detail = "macros in an Office file; send it without macros"
            yield Uninspectable(Obstacle.ACTIVE_CONTENT, detail)
        for ordinal, path in enumerate(paths, 1):
            self._meter.check_time()
            yield from self._stream(path, f"stream {ordinal}")
        if names & {"workbook", "book"}:
            yield from self._cells()
        if names & {"worddocument", "powerpoint document"}:
            # Pieces of a fast-saved document can stand in any order in its stream.
            detail = "a Word or PowerPoint 97 document, read without its piece table; send DOCX"
            yield Uninspectable(Obstacle.NOT_READ, detail)

    def _stream(self, path: list[str], where: str) -> Iterator[Item]:
        yield Passage(path[-1], f"{where} name", Carrier.NAME)
        try:
            data = self._ole.openstream(path).read()
        except Exception:  # noqa: BLE001 - olefile checks little
            yield Uninspectable(Obstacle.MALFORMED, "a stream of the OLE file is damaged", where)
            return
        # [MS-DOC] 2.5.2 FibBase: fEncrypted.
        flags = data[_FIB_FLAGS : _FIB_FLAGS + 1] if path[-1].lower() == "worddocument" else b""
        if flags and flags[0] & _ENCRYPTED_BIT:
            raise _encrypted()
        prop = _PROPERTY.fullmatch(path[-1])
        if prop:
            yield from self._property(prop[1].upper(), prop[2].upper(), data, where)
            return
        yield from runs(io.BytesIO(data), self._meter, where)

    def _property(self, tag: str, kind: str, data: bytes, where: str) -> Iterator[Item]:
        """A variable-length property of a message ([MS-OXMSG] 2.1.3)."""
        if kind != "0102":
            text = data.decode("utf-16-le" if kind == "001F" else "cp1252", "replace")
            if text.strip("\0 \r\n\t"):
                yield Passage(text, f"property {tag} ({where})", Carrier.FREE_TEXT)
        elif tag == _ATTACHED:
            self._attachments += 1
            yield Entry(self._attachments, "", io.BytesIO(data), kind="attachment")
        elif tag == _COMPRESSED_RTF and data:
            detail = "a message's compressed RTF body; send it as plain text or HTML"
            yield Uninspectable(Obstacle.NOT_READ, detail, where)
        else:
            yield from runs(io.BytesIO(data), self._meter, where)

    def _cells(self) -> Iterator[Item]:
        try:
            book = xlrd.open_workbook(file_contents=self._data, logfile=io.StringIO())
        except Exception as error:  # noqa: BLE001 - xlrd checks little
            if "ncrypted" in str(error):
                raise _encrypted() from None
            detail = "the workbook's cells can't be read"
            raise NotReadableError(Obstacle.MALFORMED, detail) from None
        for ordinal, sheet in enumerate(book.sheets(), 1):
            yield from Sheet(ordinal, Book()).read_rows(_rows(sheet, book.datemode, self._meter))


def _rows(sheet: xlrd.sheet.Sheet, datemode: int, meter: Meter) -> Iterator[list[str]]:
    for number in range(sheet.nrows):
        meter.check_time()
        yield [_shown(cell, datemode) for cell in sheet.row(number)]


def _shown(cell: xlrd.sheet.Cell, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return str(xlrd.xldate_as_datetime(cell.value, datemode).date())
        except (ValueError, OverflowError):
            return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER and float(cell.value).is_integer():
        return str(int(cell.value))
    return str(cell.value)


def _encrypted() -> NotReadableError:
    detail = "an encrypted Office file can't be opened here; send it without a password"
    return NotReadableError(Obstacle.ENCRYPTED, detail)
