"""Bytes to lines of text with their byte places, and what is not text at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import CHUNK

LONGEST_LINE: Final = 2**20
"""Bytes; a longer line is refused (no hand or report writer makes one)."""

_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")
"""C0 without tab, LF, FF, CR and SUB (the CP/M end mark that old exports append)."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HIGH_SHARE: Final = 0.3
"""Share of non-ASCII letters in a legacy line beyond which it is no Western text.

EBCDIC letters and digits are all accented letters to a Latin reader, so without this check a
mainframe file would pass as gibberish.
"""
_MIN_JUDGED: Final = 20


class Line(NamedTuple):
    """One line without its end.

    Attributes:
        text: Decoded.
        offset: First byte in the member.
        encoding: What it was decoded with, to turn character places into byte places.
        end: Its line end, "" for an unfinished last line.
    """

    text: str
    offset: int
    encoding: str
    end: str = "\n"


def bom(head: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark declares, and the mark's length; ("", 0) without."""
    # UTF-32-LE's mark starts with UTF-16-LE's, so it is looked for first.
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    return "", 0


def is_text(head: bytes) -> bool:
    """Whether a file that starts so can be text: no control characters, a plausible encoding."""
    encoding, skip = bom(head)
    if encoding.startswith("utf-32"):
        return False
    try:
        if encoding.startswith("utf-16"):
            text = codecs.getincrementaldecoder(encoding)().decode(head[skip:])
            return not _CONTROLS.search(text.encode("latin-1", "replace"))
        if _CONTROLS.search(head):
            return False
        # The cut may fall inside a character or a line: judge whole lines where there are some.
        whole = head[skip : head.rfind(b"\n") + 1] or head[skip:]
        for line in whole.split(b"\n"):
            _decode(line, 0)
    except (UnicodeDecodeError, NotReadableError):
        return False
    return True


def _decode(data: bytes, offset: int) -> tuple[str, str]:
    """A line's text and encoding: UTF-8, else Windows-1252.

    Raises:
        NotReadableError: If it is neither.
    """
    if data.isascii():
        return data.decode("ascii"), "ascii"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise _not_text(offset) from None
    letters = sum(map(str.isalnum, text))
    high = sum(1 for byte in data if byte >= 0x80)  # noqa: PLR2004 - the first non-ASCII byte
    if letters > _MIN_JUDGED and high > _HIGH_SHARE * letters:
        raise _not_text(offset)
    return text, "cp1252"


def _not_text(offset: int) -> NotReadableError:
    return NotReadableError(
        Obstacle.UNKNOWN_TYPE,
        f"bytes that are not UTF-8 or Windows-1252 text near byte {offset}",
    )


def lines(source: Source, meter: Meter) -> Iterator[Line]:
    """Every line of a text, whatever its encoding and line ends (LF, CRLF or lone CR).

    Raises:
        NotReadableError: On control characters, an unknown encoding, a line over 1 MiB, or a
            spent budget.
    """
    source.seek(0)
    head = source.read(4)
    source.seek(0)
    encoding, skip = bom(head)
    if encoding.startswith("utf-16"):
        yield from _wide_lines(source, meter, encoding)
        return
    source.seek(skip)
    yield from lines_at(source, meter, skip)


def lines_at(source: Source, meter: Meter, skip: int) -> Iterator[Line]:
    """The lines from where a source stands, of a text that isn't UTF-16.

    Args:
        source: Stands at the start of a line.
        meter: Charged with every byte.
        skip: Where that is in the member, for the places.

    Raises:
        NotReadableError: As :func:`lines`.
    """
    for data, offset, end in _split(source, meter, skip):
        if _CONTROLS.search(data):
            raise NotReadableError(
                Obstacle.UNKNOWN_TYPE, f"control characters in text near byte {offset}"
            )
        text, used = _decode(data, offset)
        yield Line(text, offset, used, end)


def _split(source: Source, meter: Meter, offset: int) -> Iterator[tuple[bytes, int, str]]:
    """Byte lines, their offsets and ends."""
    rest = b""
    while chunk := source.read(CHUNK):
        meter.take(len(chunk))
        rest += chunk
        # A CR that ends the chunk may be half of a CRLF, so it waits for the next one.
        usable = len(rest) - 1 if rest.endswith(b"\r") else len(rest)
        pieces = re.split(rb"(\r\n|\n|\r)", rest[:usable])
        tail = pieces.pop() + rest[usable:]
        for data, end in zip(pieces[::2], pieces[1::2], strict=True):
            yield data, offset, end.decode()
            offset += len(data) + len(end)
        rest = tail
        if len(rest) > LONGEST_LINE:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"a line of more than {LONGEST_LINE} bytes at byte {offset}"
            )
    if rest.endswith(b"\r"):
        yield rest[:-1], offset, "\r"
    elif rest:
        yield rest, offset, ""


def _wide_lines(source: Source, meter: Meter, encoding: str) -> Iterator[Line]:
    """Lines of UTF-16, by way of UTF-8 and back for the places."""
    narrow = _Narrow(source, encoding)
    offset = 2
    source.seek(2)
    for data, _, end in _split(narrow, meter, 0):
        text = data.decode("utf-8")
        if _CONTROLS.search(data):
            raise NotReadableError(
                Obstacle.UNKNOWN_TYPE, f"control characters in text near byte {offset}"
            )
        yield Line(text, offset, encoding, end)
        offset += len((text + end).encode(encoding))


class _Narrow:
    """UTF-16 read as UTF-8; only its ``read`` is meant to be used."""

    def __init__(self, source: Source, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int = -1, /) -> bytes:
        """The next piece as UTF-8."""
        while data := self._source.read(size):
            if text := self._step(data):
                return text
        self._step(b"", final=True)
        return b""

    def _step(self, data: bytes, *, final: bool = False) -> bytes:
        try:
            return self._decoder.decode(data, final).encode("utf-8")
        except UnicodeError:
            raise NotReadableError(Obstacle.MALFORMED, "broken UTF-16 text") from None

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Not used: lines are read forward."""
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """The position in the UTF-16 bytes."""
        return self._source.tell()
