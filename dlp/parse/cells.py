"""Labels in marked-up text: what one before, above or in a cell, or on the line before, says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.model import Category, Passage
from dlp.parse.answers import bare_part, is_answer
from dlp.parse.keyed import Told, is_title, told

_MOST: Final = 200
"""Cells of a row that are followed."""
_LONGEST: Final = 200
"""Characters of a label or of what one asks for."""
_DEEPEST: Final = 20
"""Tables in tables that are told apart."""


class _Table:
    """One table, row by row.

    Args:
        label: The label of the cell that the table stands in, "" for none.
    """

    def __init__(self, label: str = "") -> None:
        self._around = label
        self._titles: dict[int, str] = {}
        self._below: dict[int, str] = {}
        self._paired = False
        self._rows = 0
        self._row: list[str] = []
        self._before = self._last_first = ""

    def row(self) -> None:
        """A row begins; a cell of names stands under both their titles or under neither's."""
        if self._row:
            parts = {_part(label) for label in self._row}
            self._paired = self._paired or (not self._rows and {"first", "last"} <= parts)
            self._rows += 1
            self._last_first = self._row[0]
        self._row, self._before = [], ""

    def cell(self) -> None:
        """A cell begins."""
        if len(self._row) < _MOST:
            self._row.append("")

    def label(self) -> str:
        """What is said of a table in the current cell."""
        return self._before if _may_label(self._before) else ""

    def told(self, value: str) -> Told | None:
        """What a line of text in the current cell is."""
        if not self._row:
            return None
        index = len(self._row) - 1
        first = not self._row[index]
        self._row[index] = self._row[index] or value
        if _may_label(value):
            (self._below if self._rows else self._titles)[index] = self._before = value
            return None
        found = next(filter(None, self._tellings(index, value, first=first)), None)
        if found is None and first and self._before != self._row[0]:
            self._before = ""
        return found

    def _tellings(self, index: int, value: str, *, first: bool) -> Iterator[Told | None]:
        read = _headed if self._paired else _beside
        yield read(self._titles.get(index, ""), value)
        below = read(self._below.get(index, ""), value)
        if below is None:
            # A label in the middle of a table that a cell can't be is over.
            self._below.pop(index, None)
        yield below
        if not first:
            yield _beside(self._row[index], value)
        yield _beside(self._before, value, self._last_first)
        yield _beside(self._around, value)


class Cells:
    """The cell, or the line outside of any, that a text stands in; told by tags alone."""

    def __init__(self) -> None:
        self._tables: list[_Table] = []
        #: The line before, if it is a label.
        self.line = ""

    def start(self, local: str) -> None:
        """A tag begins."""
        if local == "table":
            around = self._tables[-1].label() if self._tables else ""
            self._tables = [*self._tables[-_DEEPEST:], _Table(around)]
        elif local == "tr":
            self._innermost().row()
        elif local in ("td", "th"):
            self._innermost().cell()
            self.line = ""

    def _innermost(self) -> _Table:
        if not self._tables:
            self._tables.append(_Table())
        return self._tables[-1]

    def end(self, local: str) -> None:
        """A tag ends."""
        if local == "table" and self._tables:
            self._tables.pop()

    def tag(self, name: str) -> None:
        """A tag as :mod:`dlp.parse.markup` gives it: ``/table`` ends one."""
        if name.startswith("/"):
            self.end(name[1:])
        else:
            self.start(name)

    def passage(self, said: Passage) -> Passage:
        """A passage, with what its cell says of it."""
        found = self.told(said.text)
        return said._replace(category=found.category, part=found.part) if found else said

    def told(self, text: str) -> Told | None:
        """What a line of text is by its labels."""
        value = text.strip()
        if len(value) > _LONGEST:
            self.line = ""
            return None
        found = self._tables[-1].told(value) if self._tables else None
        found = found or _beside(self.line, value)
        self.line = value if _may_label(value) else ""
        return found

    def leave(self) -> None:
        """The text stands in no table."""
        self._tables.clear()


def _plain(label: str) -> str:
    return label.rstrip(" :*")


def _may_label(text: str) -> bool:
    return bool(bare_part(text)) or is_title(_plain(text))


def _part(label: str) -> str:
    found = told(_plain(label), "Rosa") if is_title(_plain(label)) else None
    return found.part if found else bare_part(label)


def _headed(label: str, value: str) -> Told | None:
    """What stands under a title in a row that has one for given and one for last names."""
    bare = bare_part(label)
    if bare:
        return Told(Category.NAME, bare) if is_answer(bare, value) else None
    return told(_plain(label), value) if is_title(_plain(label)) else None


def _beside(label: str, value: str, other: str = "") -> Told | None:
    """The same for a label that may speak of names in general.

    Args:
        label: What stands before or above.
        value: The text.
        other: The label of the row before: "First" means a name where "Last" follows it.
    """
    bare = bare_part(label)
    if bare and bare_part(other) not in ("", bare):
        return Told(Category.NAME, bare) if is_answer(bare, value) else None
    found = told(_plain(label), value) if is_title(_plain(label)) else None
    if found is None or found.category is not Category.NAME or is_answer(found.part, value):
        return found
    named = found.part == "full" and all(word[0].isupper() for word in value.split())
    return found if named and " " in value and not is_title(value) else None
