"""Tables that clients of databases draw in text: ``| id | ssn |``, a head and its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.parse.keyed import Told, is_title, told

_RULE: Final = re.compile(r"[\s=_*+|:-]*")
_PATIENCE: Final = 4
"""Lines without a bar after which the table has ended."""
_MOST: Final = 1_000


class Boxes:
    """Follows a text line by line."""

    def __init__(self) -> None:
        """Before the first line."""
        self._titles: list[str] = []
        self._missed = 0

    def read(self, line: str) -> Iterator[tuple[int, int, Told]]:
        """First character, the one past the last and what a head says of a cell."""
        if "|" not in line:
            self._missed += bool(self._titles) and not _RULE.fullmatch(line)
            if self._missed > _PATIENCE:
                self._titles, self._missed = [], 0
            return
        if _RULE.fullmatch(line):
            return
        spans = _cells(line)
        texts = [line[start:end] for start, end in spans]
        if len(texts) > 1 and any(map(is_title, texts)) and not any(map(_is_value, texts)):
            self._titles, self._missed = texts, 0
        elif len(texts) == len(self._titles):
            yield from self._row(spans, texts)

    def _row(
        self, spans: list[tuple[int, int]], texts: list[str]
    ) -> Iterator[tuple[int, int, Told]]:
        for title, (start, end), text in zip(self._titles, spans, texts, strict=True):
            if found := told(title, text):
                yield start, end, found


def _cells(line: str) -> list[tuple[int, int]]:
    """Where the cells between bars are, without the blanks around them."""
    parts, at, spans = line.split("|", _MOST), 0, list[tuple[int, int]]()
    for part in parts:
        start = at + len(part) - len(part.lstrip())
        spans.append((start, max(start, at + len(part.rstrip()))))
        at += len(part) + 1
    outer = len(parts) > 2 and not parts[0].strip() and not parts[-1].strip()  # noqa: PLR2004
    return spans[1:-1] if outer else spans


def _is_value(text: str) -> bool:
    return sum(map(str.isdigit, text)) > 2  # noqa: PLR2004 - a title's counter
