"""A workbook's cells by xlrd ([MS-XLS]): all sheets, hidden ones too, typed by column."""

from __future__ import annotations

import io
from collections.abc import Iterator

import xlrd

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Passage
from dlp.parse.office.sheets import Book, Sheet
from dlp.parse.ole.opening import encrypted


def cells(data: bytes, meter: Meter, shown: set[str]) -> Iterator[Passage]:
    """What the sheets show.

    Args:
        data: The file.
        meter: Asked for the time.
        shown: Takes the text of every cell.

    Raises:
        NotReadableError: They can't be read, or are encrypted.
    """
    try:
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    except Exception as error:  # noqa: BLE001 - xlrd checks little
        if "ncrypted" in str(error):
            raise encrypted() from None
        detail = "the workbook's cells can't be read"
        raise NotReadableError(Obstacle.MALFORMED, detail) from None
    for ordinal, sheet in enumerate(book.sheets(), 1):
        yield from Sheet(ordinal, Book()).read_rows(_rows(sheet, book.datemode, meter, shown))


def _rows(
    sheet: xlrd.sheet.Sheet, datemode: int, meter: Meter, shown: set[str]
) -> Iterator[list[str]]:
    for number in range(sheet.nrows):
        meter.check_time()
        row = [_shown(cell, datemode) for cell in sheet.row(number)]
        shown.update(row)
        yield row


def _shown(cell: xlrd.sheet.Cell, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return str(xlrd.xldate_as_datetime(cell.value, datemode).date())
        except (ValueError, OverflowError):
            return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER and float(cell.value).is_integer():
        return str(int(cell.value))
    return str(cell.value)
