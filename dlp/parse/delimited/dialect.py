"""Which character separates the cells, if any does."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import Final, NamedTuple

_SAMPLE: Final = 200
"""Lines that decide."""
_AGREE: Final = 0.7
"""Share of lines that must have one number of cells. Preambles and footers are the rest."""
_PROSE: Final = 0.5
"""Share of commas followed by a space and a word beyond which commas are punctuation."""
_FEWEST: Final = 2
_SQL: Final = re.compile(
    r"(?i)\s*(?:insert\s+into\s+\S|create\s+(?:\w+\s+){0,3}table\s+\S|copy\s+\S.*from\s+stdin)"
)
"""Lines with commas that aren't cells: their columns are named in the statement."""
_FULL: Final = 2**16
"""Bytes of a head that was cut off; see :data:`dlp.identify.HEAD`."""


class Dialect(NamedTuple):
    """How a table is written.

    Attributes:
        name: ``csv``, ``tsv`` or ``pipe``.
        delimiter: One character.
    """

    name: str
    delimiter: str


_DIALECTS: Final = (
    Dialect("pipe", "|"),
    Dialect("tsv", "\t"),
    Dialect("csv", ","),
    Dialect("csv", ";"),
)
_ENDINGS: Final = {"csv": "csv", "tsv": "tsv", "tab": "tsv", "psv": "pipe", "pipe": "pipe"}


def sniff(head: bytes, name: str = "") -> Dialect | None:
    """The dialect of a table that starts so, None for prose.

    Args:
        head: The start of the file, UTF-8 or a single-byte encoding.
        name: The file's name; its ending only tips a balance.
    """
    lines = _whole_lines(head)
    hint = _ENDINGS.get(name.lower().rpartition(".")[2], "")
    if not hint and any(map(_SQL.match, lines)):
        return None
    best, best_score = None, (0.0, 0)
    for dialect in _DIALECTS:
        score = _score(lines, dialect, hinted=dialect.name == hint)
        if score > best_score:
            best, best_score = dialect, score
    if best is None and hint:
        # One column has no delimiter; only the name says that it is a table.
        return next(dialect for dialect in _DIALECTS if dialect.name == hint)
    return best


def _whole_lines(head: bytes) -> list[str]:
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    if len(head) >= _FULL and len(lines) > 1:
        lines.pop()  # the sample cut it short
    return [line for line in lines if line.strip()][:_SAMPLE]


def _score(lines: list[str], dialect: Dialect, *, hinted: bool) -> tuple[float, int]:
    """Share of lines with the commonest number of cells, and that number; (0, 0) for no table."""
    mark = dialect.delimiter
    if len(lines) < (1 if hinted else _FEWEST) or not any(mark in line for line in lines):
        return 0.0, 0
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
    except csv.Error:
        widths = [line.count(mark) + 1 for line in lines]
    width, count = Counter(widths).most_common(1)[0]
    share = count / len(widths)
    if width < _FEWEST or share < (_AGREE / 2 if hinted else _AGREE):
        return 0.0, 0
    if mark in ",;" and not hinted and _is_prose(lines, mark):
        return 0.0, 0
    return share, width


def _is_prose(lines: list[str], mark: str) -> bool:
    marks = sum(line.count(mark) for line in lines)
    spaced = sum(line.count(f"{mark} ") for line in lines)
    # "LAST, FIRST" in quotes is a cell, and such a table has other commas.
    return spaced > _PROSE * marks
