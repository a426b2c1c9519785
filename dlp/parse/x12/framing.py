"""Bytes to segments at constant memory: interchanges, what stands around them, and binary data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import re2

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.parse.x12.delimiters import ISA_LENGTH, WELL_FORMED, Delimiters, read_isa

CHUNK: Final = 2**20
"""Bytes read at a time."""
LONGEST_SEGMENT: Final = 2**20
"""Bytes; the longest segment of any guide is under 10 KiB, so a longer one is no segment."""
LONGEST_BINARY: Final = 32 * 2**20
"""Bytes of a BIN or BDS payload that is read (it is held in memory); a longer one is passed over
and said to be too large."""
LONGEST_PREFIX: Final = 64 * 2**10
"""Bytes before the first ISA; beyond that the file isn't X12."""
PADDING: Final = b"\r\n\t \x00\x1a"
"""May stand between segments and around interchanges: line ends, block padding, CP/M's end mark."""

LONGEST_PADDING: Final = 64
"""Bytes of padding that may stand before an IEA, BIN or BDS segment."""

_BINARY_HEADER: Final = 64
"""Bytes within which the declared length of a BIN or BDS segment must have ended."""


_LATIN: Final = re2.Options()
_LATIN.encoding = re2.Options.Encoding.LATIN1
_PADDING_RUN: Final = re.compile(b"[%s]+" % re.escape(PADDING))
_NAMED: Final = re2.compile(rb"(?:IEA|BIN|BDS)[^0-9A-Za-z]", _LATIN)
_ISA_START: Final = re.compile(rb"ISA[^A-Za-z0-9\s]")


class Opening(NamedTuple):
    """An ISA segment and the separators it declares."""

    offset: int
    raw: bytes
    delimiters: Delimiters


class Segments(NamedTuple):
    """Consecutive segments, each followed by one terminator, from ``offset`` on."""

    offset: int
    raws: list[bytes]


class Block(NamedTuple):
    """Consecutive segments from ``offset`` on, the last one's terminator at the end."""

    offset: int
    data: bytes


class Binary(NamedTuple):
    """A BIN or BDS segment: BDS01, the payload's place, and the payload unless it is too long."""

    name: bytes
    coding: bytes
    offset: int
    length: int
    payload: bytes | None


class Outside(NamedTuple):
    """Bytes before, between or after interchanges that aren't padding."""

    offset: int
    raw: bytes


Frame = Opening | Block | Segments | Binary | Outside


class Framer:
    """Cuts a member into frames, in the order of the file, with no byte left out but padding."""

    def __init__(self, source: Source, meter: Meter) -> None:
        """Start at the beginning of ``source``."""
        self._source = source
        self._meter = meter
        self._buffer = b""
        self._at = 0
        self._base = 0
        self._ended = False
        self._interchanges = 0
        source.seek(0)

    def __iter__(self) -> Iterator[Frame]:
        """Every frame.

        Raises:
            NotReadableError: If the file has no interchange, a header is damaged, a segment has
                no end or the last interchange isn't closed; what came before was given out.
        """
        while True:
            yield from self._outside()
            if not self._left:
                return
            opening = self._open()
            yield opening
            yield from self._inside(opening.delimiters)

    @property
    def _left(self) -> int:
        return len(self._buffer) - self._at

    @property
    def _offset(self) -> int:
        return self._base + self._at

    def _fill(self, size: int) -> bool:
        """Have at least ``size`` bytes in the buffer, or all that are left; whether it has."""
        while self._left < size and not self._ended:
            data = self._source.read(CHUNK)
            self._meter.take(len(data))
            self._ended = not data
            self._base += self._at
            self._buffer = self._buffer[self._at :] + data
            self._at = 0
        return self._left >= size

    def _drop(self, count: int) -> bytes:
        head = self._buffer[self._at : self._at + count]
        self._at += len(head)
        return head

    def _outside(self) -> Iterator[Outside]:
        """Up to the next ISA; afterwards the buffer starts with it or is empty."""
        while self._fill(LONGEST_PREFIX + ISA_LENGTH) or self._left:
            self._skip_padding()
            if _ISA_START.match(self._buffer, self._at):
                break
            found = WELL_FORMED.search(self._buffer, self._at)
            end = found.start() - self._at if found else self._until()
            if not self._interchanges and (not found or end > LONGEST_PREFIX):
                raise NotReadableError(
                    Obstacle.MALFORMED,
                    "no interchange header (ISA): send the file as its translator wrote it",
                    "byte 0",
                )
            offset = self._offset
            if raw := self._drop(end).rstrip(PADDING):
                yield Outside(offset, raw)

    def _skip_padding(self) -> None:
        if found := _PADDING_RUN.match(self._buffer, self._at):
            self._at = found.end()

    def _until(self) -> int:
        """How many bytes surely hold no start of an ISA, cut at a blank if possible."""
        if self._ended:
            return self._left
        end = len(self._buffer) - ISA_LENGTH
        blank = max(self._buffer.rfind(mark, self._at, end) for mark in (b"\n", b" "))
        return max((blank + 1 if blank >= 0 else end) - self._at, 1)

    def _open(self) -> Opening:
        self._interchanges += 1
        # Each header costs a compilation of its separators' patterns, so time is checked here.
        self._meter.check_time()
        self._fill(ISA_LENGTH)
        offset = self._offset
        raw = self._drop(ISA_LENGTH)
        return Opening(offset, raw[:-1], read_isa(raw, self._interchanges))

    def _inside(self, delimiters: Delimiters) -> Iterator[Frame]:
        """Everything up to the segment IEA, which is the last of its frame."""
        ending = delimiters.terminator
        name = b"(IEA|BIN|BDS)" + re.escape(delimiters.element)
        first = re.compile(b"[%s]*%s" % (re.escape(PADDING), name))
        # Bounded, or a file of line ends would be searched anew from each of them.
        later = re.compile(
            re.escape(ending) + b"[%s]{0,%d}" % (re.escape(PADDING), LONGEST_PADDING) + name
        )
        self._fill(CHUNK)
        while self._left:
            buffer, at = self._buffer, self._at
            found = first.match(buffer, at)
            # An automaton finds out in a tenth of the time that there is none.
            if not found and _NAMED.search(buffer, at):
                found = later.search(buffer, at)
            cut = found.start(1) if found else buffer.rfind(ending, at) + 1
            if cut > at:
                yield self._cut(cut - at, ending)
            if found and found[1] == b"IEA":
                yield self._close(ending)
                return
            if found:
                yield self._binary(delimiters)
            elif self._ended or self._left > LONGEST_SEGMENT:
                break
            self._fill(CHUNK if found else self._left + 1)
        yield from self._broken_off()

    def _cut(self, length: int, ending: bytes) -> Block:
        offset = self._offset
        data = self._drop(length)
        # After the last terminator only padding can be left.
        end = data.rfind(ending) + 1
        return Block(offset, data if end == length else data[:end])

    def _broken_off(self) -> Iterator[Frame]:
        if not self._ended:
            raise NotReadableError(
                Obstacle.MALFORMED,
                f"a segment of more than {LONGEST_SEGMENT} bytes: its terminator is missing",
                f"byte {self._offset}",
            )
        if self._left:
            offset = self._offset
            yield Segments(offset, [self._drop(self._left)])
        raise NotReadableError(
            Obstacle.MALFORMED,
            "the file ends inside an interchange (no IEA): it is cut short, send it again",
            f"ISA#{self._interchanges}",
        )

    def _close(self, ending: bytes) -> Segments:
        """The IEA segment; the last terminator of a file may be missing."""
        self._fill(CHUNK)
        end = self._buffer.find(ending, self._at)
        offset = self._offset
        if end < 0:
            return Segments(offset, [self._drop(self._left)])
        return Segments(offset, [self._drop(end + 1 - self._at)[:-1]])

    def _binary(self, delimiters: Delimiters) -> Binary:
        """A segment whose payload runs over its declared length, whatever bytes it holds."""
        self._fill(_BINARY_HEADER)
        mark = re.escape(delimiters.element)
        header = re.compile(
            rb"(?:BIN|BDS%b([A-Za-z0-9]{0,3}))%b(\d{1,15})%b" % (mark, mark, mark)
        ).match(self._buffer, self._at)
        where = f"byte {self._offset}"
        if not header:
            raise NotReadableError(
                Obstacle.MALFORMED, "binary data without its length in bytes", where
            )
        name = header[0][:3]
        length = int(header[2])
        self._at = header.end()
        offset = self._offset
        payload = self._take(length)
        self._fill(1)
        if self._drop(1) != delimiters.terminator:
            raise NotReadableError(
                Obstacle.MALFORMED, "binary data does not end where its length says", where
            )
        return Binary(name, header[1] or b"", offset, length, payload)

    def _take(self, length: int) -> bytes | None:
        if length <= LONGEST_BINARY:
            self._fill(length)
            return self._drop(length)
        left = length
        while left and self._fill(1):
            left -= len(self._drop(left))
        return None
