"""JSON (RFC 8259) in pieces: one record at a time, every value with its bytes.

A record is an element of a top-level array, a top-level value of NDJSON, or an element of an array
in the top-level object (an export's rows; in FHIR a Bundle's entries alone). So a file may be as
long as it likes while its records fit in memory. Duplicate keys are kept: a reader that takes the
first and one that takes the last see different people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, decoded
from dlp.streams import CHUNK

DEEPEST: Final = 100
"""Objects and arrays inside one another."""
_LONGEST: Final = 64 * 2**20
"""Bytes of one string, and of one record."""
_TOKEN: Final = re.compile(
    rb'[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+"|[-+.0-9A-Za-z]++|[{}\[\],:])', re.DOTALL
)
_BLANK: Final = re.compile(rb"[ \t\r\n]*+")
_NUMBER: Final = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERALS: Final = (b"true", b"false", b"null")
_BOM: Final = b"\xef\xbb\xbf"


class Record(NamedTuple):
    """A whole record.

    Attributes:
        ordinal: From 1, over the file.
        path: Keys from the top to the array it is an element of.
        value: What it is.
    """

    ordinal: int
    path: tuple[str, ...]
    value: Value


def records(source: Source, meter: Meter, split: str = "") -> Iterator[Record]:
    """The records of a JSON or NDJSON member.

    Args:
        source: Read from its start.
        meter: Charged with every byte.
        split: The only key of a top-level object whose array's elements are records; "" for all.

    Raises:
        NotReadableError: ``malformed`` where it isn't JSON, with the byte; ``too-deep``;
            ``too-large`` for a record over 64 MiB; or a spent budget.
    """
    yield from _Builder(_Tokens(source, meter), split).run()


class _Tokens:
    """Tokens with their places, from a window over the source."""

    def __init__(self, source: Source, meter: Meter) -> None:
        self._source, self._meter = source, meter
        source.seek(0)
        self._data, self._at, self._base, self._ended = b"", 0, 0, False
        self._fill()
        if self._data.startswith(_BOM):
            self._at = len(_BOM)

    def _fill(self) -> bool:
        data = self._source.read(CHUNK * 4)
        self._meter.take(len(data))
        self._ended = not data
        self._base += self._at
        self._data, self._at = self._data[self._at :] + data, 0
        if len(self._data) > _LONGEST:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"a JSON string of more than {_LONGEST} bytes"
            )
        return bool(data)

    @property
    def place(self) -> int:
        """The byte after the last token."""
        return self._base + self._at

    def next(self) -> tuple[bytes, int] | None:
        """A token and its place; None at the end."""
        while True:
            found = _TOKEN.match(self._data, self._at)
            # A token that touches the window's end may go on behind it.
            if found and (found.end() < len(self._data) or self._ended):
                self._at = found.end()
                return found[1], self._base + found.start(1)
            if not self._ended:
                self._double()
                continue
            blank = _BLANK.match(self._data, self._at)
            if blank and blank.end() == len(self._data):
                return None
            raise self.wrong()

    def _double(self) -> None:
        """Read on; a long string twice as far each time, so that it is matched a few times only."""
        wanted = 2 * (len(self._data) - self._at)
        while self._fill() and len(self._data) < wanted:
            continue

    def wrong(self) -> NotReadableError:
        """What to raise where no token fits."""
        return NotReadableError(Obstacle.MALFORMED, "not JSON", f"byte {self.place}")


class _Builder:
    """Builds records from tokens without recursion, so that depth costs nothing of ours."""

    def __init__(self, tokens: _Tokens, split: str) -> None:
        self._tokens, self._split = tokens, split
        self._stack: list[Object | Array] = []
        self._keys: list[Leaf | None] = []
        self._ordinal = self._start = 0

    def run(self) -> Iterator[Record]:
        expect_value, seen, after = True, False, b"{"
        while token := self._tokens.next():
            word, offset = token
            first = word[:1]
            if first in b"{[":
                self._open(Object([]) if first == b"{" else Array([]), offset, ready=expect_value)
                expect_value, seen = first == b"[", True
            elif first in b"}]":
                if after == b",":
                    raise self._tokens.wrong()
                yield from self._close(first)
                expect_value = False
            elif first == b",":
                expect_value = self._comma(after)
            elif first == b":":
                expect_value = self._colon()
            else:
                expect_value, seen = self._leaf(word, offset, ready=expect_value), True
                if not self._stack:
                    yield self._record((), _leaf(word, offset, self._tokens))
            after = first
        if self._stack or not seen:
            raise NotReadableError(Obstacle.MALFORMED, "the JSON is cut short")

    def _open(self, made: Object | Array, offset: int, *, ready: bool) -> None:
        if not self._stack:
            ready = True
        if not ready:
            raise self._tokens.wrong()
        if len(self._stack) >= DEEPEST:
            raise NotReadableError(Obstacle.TOO_DEEP, f"JSON nested deeper than {DEEPEST}")
        if len(self._stack) <= 2:  # noqa: PLR2004 - where records begin
            self._start = offset
        elif offset - self._start > _LONGEST:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"a JSON record of more than {_LONGEST} bytes"
            )
        self._stack.append(made)
        self._keys.append(None)

    def _close(self, mark: bytes) -> Iterator[Record]:
        if not self._stack or isinstance(self._stack[-1], Object) != (mark == b"}"):
            raise self._tokens.wrong()
        if self._keys[-1] is not None:
            raise self._tokens.wrong()
        done = self._stack.pop()
        self._keys.pop()
        if self._is_record():
            yield self._record(self._path(), done)
        elif self._stack:
            self._attach(done)
        else:
            yield self._record((), done)

    def _is_record(self) -> bool:
        """Whether what was just closed is an element of one of the outermost arrays."""
        outer = self._stack
        top_array = len(outer) == 1 and isinstance(outer[0], Array)
        in_object = len(outer) == 2 and isinstance(outer[0], Object)  # noqa: PLR2004 - two levels
        if not in_object or not isinstance(outer[1], Array):
            return top_array
        return not self._split or self._path() == (self._split,)

    def _path(self) -> tuple[str, ...]:
        return tuple(decoded(key.raw) for key in self._keys if key is not None)

    def _record(self, path: tuple[str, ...], value: Value) -> Record:
        self._ordinal += 1
        return Record(self._ordinal, path, value)

    def _attach(self, value: Value) -> None:
        holder = self._stack[-1]
        if isinstance(holder, Array):
            holder.elements.append(value)
            return
        key = self._keys[-1]
        if key is None:
            raise self._tokens.wrong()
        holder.members.append((key, value))
        self._keys[-1] = None

    def _comma(self, after: bytes) -> bool:
        """A comma stands after a value, and between brackets."""
        if not self._stack or after in b"{[,:" or self._keys[-1] is not None:
            raise self._tokens.wrong()
        return isinstance(self._stack[-1], Array)

    def _colon(self) -> bool:
        if not self._stack or self._keys[-1] is None:
            raise self._tokens.wrong()
        return True

    def _leaf(self, word: bytes, offset: int, *, ready: bool) -> bool:
        leaf = _leaf(word, offset, self._tokens)
        if not self._stack:
            return False
        if isinstance(self._stack[-1], Object) and self._keys[-1] is None:
            if not leaf.quoted:
                raise self._tokens.wrong()
            self._keys[-1] = leaf
        elif ready:
            self._attach(leaf)
        else:
            raise self._tokens.wrong()
        return False


def _leaf(word: bytes, offset: int, tokens: _Tokens) -> Leaf:
    if word[:1] == b'"':
        return Leaf(word[1:-1], offset + 1, quoted=True)
    if word not in _LITERALS and not _NUMBER.fullmatch(word):
        raise tokens.wrong()
    return Leaf(word, offset, quoted=False)
