"""Every object that is in the file, whether or not anything refers to it.

A PDF is changed by appending: what was on a page before stays in the file. So objects are found by
their heads, not by the last table of contents.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, PdfObject, StreamObject, read_object

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle

MOST_OBJECTS: Final = 200_000
_HEAD: Final = re.compile(
    rb"(?<!\d)(\d{1,10})[\s\0]{1,20}(\d{1,5})[\s\0]{1,20}obj(?![A-Za-z])[\s\0]*"
)
_TRAILER: Final = re.compile(rb"trailer[\s\0]{0,20}(?=<<)")
_SYNTAX: Final = re.compile(
    rb"endobj|endstream|startxref\s{1,20}\d{1,12}|xref\s{1,20}|\d{10} \d{5} [nf]|%%EOF|"
    rb"%PDF-\d\.\d|\b\d{1,10} \d{1,10}\b|trailer"
)
_COMMENT: Final = re.compile(rb"%[^\r\n]{3,}")
_MANY: Final = 4


class Found(NamedTuple):
    """One object.

    Attributes:
        number: Its object number, 0 for a trailer.
        value: None where it can't be parsed.
        current: Whether the last table of contents points to it.
    """

    number: int
    value: PdfObject | None
    current: bool = True


class Sweep:
    """One pass over a file.

    Attributes:
        gaps: The bytes between objects, once :meth:`objects` is through.
    """

    def __init__(self, data: bytes, reader: PdfReader, meter: Meter) -> None:
        self._data, self._reader, self._meter = data, reader, meter
        self._count = 0
        self._gaps: list[bytes] = []
        self._listed = {
            place: number for numbers in reader.xref.values() for number, place in numbers.items()
        }

    @property
    def gaps(self) -> str:
        """What stands between the objects and isn't PDF's own syntax."""
        rest = (_SYNTAX.sub(b" ", gap) for gap in self._gaps)
        lines = (line.strip() for gap in rest for line in re.split(rb"[\r\n]+", gap))
        readable = (line.decode("latin-1") for line in lines if _is_text(line))
        return "\n".join(readable)

    def objects(self) -> Iterator[Found]:
        """All of them, in the order of the file, those in object streams after their stream.

        Raises:
            NotReadableError: There are too many, or a budget is spent.
        """
        end = 0
        for head in _HEAD.finditer(self._data):
            listed = head.start() in self._listed
            if head.start() < end and not listed:
                continue
            if head.start() > end:
                yield from self._between(end, head.start())
            number, generation = int(head[1]), int(head[2])
            value, after = self._parsed(head.end(), number, generation)
            self._comments(head.end(), after)
            end = max(end, after)
            yield self._counted(Found(number, value, listed))
            if isinstance(value, StreamObject) and value.get("/Type") == "/ObjStm":
                yield from self._packed(value)
        yield from self._between(end, len(self._data))

    def _counted(self, found: Found) -> Found:
        self._count += 1
        self._meter.check_time()
        if self._count > MOST_OBJECTS:
            raise NotReadableError(Obstacle.TOO_LARGE, f"a PDF of over {MOST_OBJECTS} objects")
        return found

    def _comments(self, start: int, end: int) -> None:
        """What a comment inside an object says; a per cent sign in a string counts as one."""
        written = self._data[start:end].partition(b"stream")[0]
        self._gaps += _COMMENT.findall(written) if b"%" in written else []

    def _between(self, start: int, end: int) -> Iterator[Found]:
        gap = self._data[start:end]
        for trailer in _TRAILER.finditer(gap):
            value, after = self._parsed(start + trailer.end(), 0, 0)
            yield self._counted(Found(0, value))
            self._gaps.append(gap[: trailer.start()])
            gap = self._data[max(after, start) : end]
            break
        if end < len(self._data):
            self._gaps.append(gap)
        else:
            self._gaps.append(gap[: gap.find(b"%%EOF") + 1])

    def _parsed(self, at: int, number: int, generation: int) -> tuple[PdfObject | None, int]:
        stream = self._reader.stream
        stream.seek(at)
        try:
            value = read_object(stream, self._reader)
            after = stream.tell()
            encryption = self._reader._encryption  # noqa: SLF001 - it has no other door
            if encryption is not None and number and not _is_plain(value):
                value = encryption.decrypt_object(value, number, generation, strict=False)
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - pypdf raises of every kind on hostile bytes
            self._meter.check_time()
            return None, at
        return value, after

    def _packed(self, stream: StreamObject) -> Iterator[Found]:
        """The objects of an object stream (ISO 32000-2, 7.5.7)."""
        try:
            data = stream.get_data()
            first = int(stream["/First"])  # type: ignore[call-overload]  # any object; guarded
            heads = [int(word) for word in data[:first].split()]
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - as in _parsed
            yield self._counted(Found(0, None))
            return
        for number, place in zip(heads[::2], heads[1::2], strict=False):
            try:
                source = io.BytesIO(data)
                source.seek(first + place)
                value = read_object(source, self._reader)
            except (NotReadableError, MemoryError):
                raise
            except Exception:  # noqa: BLE001 - as in _parsed
                value = None
            yield self._counted(Found(number, value, number in self._reader.xref_objStm))


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - any object
    """What is never encrypted: the encryption dictionary and the cross-reference streams."""
    return isinstance(value, DictionaryObject) and (
        value.get("/Type") == "/XRef" or value.get("/Filter") == "/Standard"
    )


def _is_text(line: bytes) -> bool:
    printable = sum(32 <= byte < 127 for byte in line)  # noqa: PLR2004 - ASCII
    return printable >= _MANY and printable * 10 >= len(line) * 8
