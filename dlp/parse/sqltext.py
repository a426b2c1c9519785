"""Values in SQL, named by columns that stand apart: dumps, scripts and statements in a log.

``INSERT INTO patients (id, ssn) VALUES (1, '…')``, the columns of a ``CREATE TABLE`` for an INSERT
without a list, the lines below ``COPY … FROM stdin``, assignments and aliases. What isn't SQL gives
nothing: a value is told by its column and its shape together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from dlp.parse.keyed import Told, told
from dlp.parse.terms import terms

_STARTS: Final = re.compile(
    r"(?i)\b(?:insert(?:\s+into)?|replace\s+into|create\s+(?:\w+\s+){0,3}table|copy\s+\S+|update\s+\S+"
    r"|select|where|set)\b"
)
_TOKEN: Final = re.compile(
    r"(?P<text>[NnEe]?'(?P<inner>[^'\\]*+(?:(?:''|\\.)[^'\\]*+)*+)(?P<closed>'?))"
    r'|"(?P<quoted>[^"]*+)"|`(?P<ticked>[^`]*+)`|\[(?P<boxed>[^\]]*+)\]'
    r"|(?P<word>[A-Za-z_][\w$]*+)|(?P<number>-?[0-9][0-9.]*+)|(?P<mark>[(),;=])|--.*"
)
_COPY: Final = re.compile(r"(?i)\s*COPY\s+([\w.\"]+)\s*(?:\(([^()]*)\))?\s+FROM\s+stdin\b")
_CLOSING: Final = re.compile(r"[^'\\]*+(?:(?:''|\\.)[^'\\]*+)*+'")
_CONSTRAINTS: Final = terms(
    "primary key unique constraint index foreign check fulltext spatial exclude period like"
)
_BEFORE_VALUES: Final = terms("overriding system user value output inserted id")
_ENDS: Final = terms("go insert update delete create commit begin end on returning")
_MOST: Final = 1_000
"""Columns of a table, and tables whose columns are remembered."""


class Value(NamedTuple):
    """A value in a line.

    Attributes:
        start: First character.
        end: One past the last.
        told: What it is.
    """

    start: int
    end: int
    told: Told


class _At(Enum):
    """Where in a statement the reader stands."""

    NOWHERE = auto()
    INTO = auto()
    TITLES = auto()
    AFTER = auto()
    ROWS = auto()
    ROW = auto()
    CREATED = auto()
    DEFINED = auto()
    LOOSE = auto()


class Statements:
    """Follows a text line by line."""

    def __init__(self) -> None:
        """Before the first line."""
        self._tables: dict[str, list[str]] = {}
        self._copied: list[str] | None = None
        self._at, self._table, self._titles = _At.NOWHERE, "", list[str]()
        self._depth = self._index = 0
        self._in_text = False
        self._name = self._aliased = ""
        self._assigned = self._first = False
        self._last: tuple[int, int, str] | None = None

    def read(self, line: str) -> Iterator[Value]:
        """The values of a line that columns name."""
        if self._copied is not None:
            yield from self._copy(line)
        elif found := _COPY.match(line):
            self._begin_copy(found)
        elif self._at is not _At.NOWHERE or _STARTS.search(line):
            yield from self._line(line)

    def _begin_copy(self, found: re.Match[str]) -> None:
        self._table = _table(found[1])
        listed = [title.strip(' "') for title in (found[2] or "").split(",")[:_MOST]]
        self._copied = listed if found[2] else self._tables.get(self._table, [])

    def _copy(self, line: str) -> Iterator[Value]:
        """A line of COPY's text format: values between tabs, a backslash and a dot at the end."""
        if line.startswith("\\."):
            self._copied = None
            return
        at = 0
        for title, text in zip(self._copied or (), line.split("\t"), strict=False):
            yield from self._told(title, text, at)
            at += len(text) + 1

    def _line(self, line: str) -> Iterator[Value]:
        at = 0
        if self._in_text:
            closing = _CLOSING.match(line)
            self._in_text = closing is None
            at = closing.end() if closing else len(line)
        for found in _TOKEN.finditer(line, at):
            yield from self._token(found)
        if self._at is _At.LOOSE:
            self._reset()

    def _token(self, found: re.Match[str]) -> Iterator[Value]:
        kind = found.lastgroup
        if kind == "mark":
            self._mark(found["mark"])
        elif found["text"] is not None:
            self._in_text = not found["closed"]
            yield from self._value(found["inner"], found.start("inner"))
        elif found["number"] is not None:
            yield from self._value(found["number"], found.start("number"))
        elif name := found["word"] or found["quoted"] or found["ticked"] or found["boxed"]:
            yield from self._word(name, plain=found["word"] is not None)

    def _word(self, name: str, *, plain: bool) -> Iterator[Value]:
        word = name.lower() if plain else ""
        if self._at in (_At.NOWHERE, _At.LOOSE):
            yield from self._loose(name, word)
        elif self._at in (_At.INTO, _At.AFTER) and word in ("values", "value"):
            self._titles = self._titles or self._tables.get(self._table, [])
            self._at = _At.ROWS
        elif self._at in (_At.INTO, _At.AFTER) and word == "select":
            self._at = _At.LOOSE
        elif self._at is _At.AFTER and word not in _BEFORE_VALUES:
            self._reset()
        elif self._at in (_At.INTO, _At.CREATED):
            self._table = name.lower()
        elif self._at is _At.TITLES and len(self._titles) < _MOST:
            self._titles.append(name)
        elif self._at is _At.DEFINED and self._first and self._depth == 1:
            self._define(name, word)
        elif self._at is _At.ROWS and word in _ENDS:
            self._reset()
            yield from self._loose(name, word)

    def _define(self, name: str, word: str) -> None:
        self._first = False
        if word not in _CONSTRAINTS and len(self._titles) < _MOST:
            self._titles.append(name)

    def _loose(self, name: str, word: str) -> Iterator[Value]:
        """A word outside a list: a statement's first, a column to be assigned, an alias."""
        if word in ("insert", "replace"):
            self._reset()
            self._at = _At.INTO
        elif word == "table" and self._name == "create":
            self._reset()
            self._at = _At.CREATED
        elif self._aliased and self._last:
            start, _, text = self._last
            yield from self._told(name, text, start)
            self._aliased = ""
        elif word == "as":
            self._aliased = word
        elif word not in ("or", "temporary", "global", "if", "not", "exists"):
            self._name, self._at = word or name, self._at if word == "create" else _At.LOOSE

    def _mark(self, mark: str) -> None:
        if mark == ";":
            self._reset()
        elif self._at is _At.INTO and mark == "(":
            self._at = _At.TITLES
        elif self._at is _At.TITLES and mark == ")":
            self._at = _At.AFTER
        elif self._at is _At.ROWS and mark == "(":
            self._at, self._depth, self._index = _At.ROW, 1, 0
        elif self._at is _At.CREATED and mark == "(":
            self._at, self._depth, self._first = _At.DEFINED, 1, True
        elif self._at in (_At.ROW, _At.DEFINED):
            self._inside(mark)
        self._assigned = mark == "="

    def _inside(self, mark: str) -> None:
        self._depth += (mark == "(") - (mark == ")")
        if mark == "," and self._depth == 1:
            self._index += 1
            self._first = True
        elif not self._depth and self._at is _At.ROW:
            self._at = _At.ROWS
        elif not self._depth:
            if len(self._tables) < _MOST:
                self._tables[self._table] = self._titles
            self._reset()

    def _value(self, text: str, start: int) -> Iterator[Value]:
        if self._at is _At.ROW and self._index < len(self._titles):
            yield from self._told(self._titles[self._index], text, start)
        elif self._at is _At.LOOSE and self._assigned:
            yield from self._told(self._name, text, start)
        self._last, self._assigned = (start, start + len(text), text), False

    def _told(self, title: str, text: str, start: int) -> Iterator[Value]:
        found = told(title, text.strip(), self._table.rstrip("s")) if text.strip() else None
        if found:
            yield Value(start, start + len(text), found)

    def _reset(self) -> None:
        self._at, self._titles, self._name, self._aliased = _At.NOWHERE, [], "", ""
        self._depth = self._index = 0
        self._table, self._last, self._assigned = "", None, False


def _table(written: str) -> str:
    """A table's name without its schema."""
    return written.replace('"', "").rpartition(".")[2].lower()
