"""The table parser: columns typed from the first rows and held to it afterwards.

Rows that hold what their columns say are taken by the thousand (:mod:`.bulk`); any other row, and
any file that isn't ASCII in the main, is read cell by cell. Both give one report.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from dlp.batch import Batch
from dlp.budget import Meter
from dlp.content import Content
from dlp.decode import lines
from dlp.model import Passage, Source
from dlp.parse.delimited.bulk import bulk
from dlp.parse.delimited.dialect import Dialect, sniff
from dlp.parse.delimited.rows import Row, rows
from dlp.parse.delimited.table import Table

_SAMPLE_ROWS: Final = 500
_SAMPLE_CHARACTERS: Final = 2 * 2**20
"""What types the columns; at most this much is held in memory."""
_HEAD: Final = 64 * 2**10
BLOCK: Final = 2**20
"""Bytes of rows taken together."""


def parse(content: Content, meter: Meter) -> Iterator[Passage | Batch]:
    """A table, its regular rows in batches.

    What :func:`parse_slowly` gives, but that fields which their column alone makes findings are in
    batches.

    Args:
        content: As for :func:`parse_slowly`.
        meter: Charged with every byte.

    Raises:
        NotReadableError: As :func:`parse_slowly`.
    """
    yield from parse_by_blocks(content, meter, BLOCK)


def parse_by_blocks(content: Content, meter: Meter, block: int) -> Iterator[Passage | Batch]:
    """As :func:`parse`, ``block`` bytes at a time."""
    before = meter.spent_bytes
    sample, table, dialect, reading = _start(content, meter)
    for row in sample:
        yield from table.passages(row)
    fast = bulk(table, dialect.delimiter, content) if _is_narrow(sample) else None
    if fast is None:
        for row in reading:
            yield from table.passages(row)
        return
    offset = _end(content.source, sample[-1])
    # The sample was read ahead of, by chunks; what follows is read again and charged then.
    meter.spent_bytes = before + offset
    yield from fast.read(meter, offset, sample[-1].number + 1, block)


def _is_narrow(sample: list[Row]) -> bool:
    return bool(sample) and not any(row.encoding.startswith("utf-16") for row in sample)


def _end(source: Source, row: Row) -> int:
    """Where the next row starts."""
    end = row.offset + len(row.raw.encode(row.encoding))
    source.seek(end)
    mark = source.read(1)
    mark += source.read(1) if mark else b""
    return end + (2 if mark == b"\r\n" else min(len(mark), 1))


def parse_slowly(content: Content, meter: Meter) -> Iterator[Passage]:
    """The passages of a table, in the order of the file.

    A cell in a column whose header names a category, and whose values agree, is an identifier
    field. One in a column that only its values give away is free text with a category. A cell that
    breaks its column's type, a cell of a text column, a row of another width (a comment, a total)
    and a header in words are free text. Numbers, dates and codes that keep to their column are
    nobody's and make no passage.

    Args:
        content: Its source is read from its start; the ending of its name tips the balance
            between dialects.
        meter: Charged with every byte.

    Raises:
        NotReadableError: On more than 16,384 columns, cells over 256 KiB, bytes that aren't text,
            or a spent budget.
    """
    sample, table, _, reading = _start(content, meter)
    for row in chain(sample, reading):
        yield from table.passages(row)


def _start(content: Content, meter: Meter) -> tuple[list[Row], Table, Dialect, Iterator[Row]]:
    """The first rows, the table that they make, its dialect, and all other rows."""
    source = content.source
    source.seek(0)
    dialect = sniff(_head(source), content.name) or Dialect("csv", ",")
    reading = rows(lines(source, meter), dialect.delimiter)
    sample = _sample(reading)
    filled = [row for row in sample if any(cell.text.strip() for cell in row.cells)]
    return sample, Table(filled, content.noted.states), dialect, reading


def _head(source: Source) -> bytes:
    head = b""
    while len(head) < _HEAD and (data := source.read(_HEAD - len(head))):
        head += data
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head


def _sample(reading: Iterator[Row]) -> list[Row]:
    sample: list[Row] = []
    size = 0
    for row in reading:
        sample.append(row)
        size += len(row.raw)
        if len(sample) >= _SAMPLE_ROWS or size >= _SAMPLE_CHARACTERS:
            break
    return sample
