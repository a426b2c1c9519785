"""Header fields: their places, encoded words (RFC 2047) and parameters (RFC 2231).

Own code instead of the standard library's, whose header parser takes time quadratic in what a
header may hold.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_NAME: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*")
_WORD: Final = re.compile(r"=\?([\w:.+-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN: Final = re.compile(r"(\?=)\s+(?==\?)")
_PARAMETER: Final = re.compile(
    r";\s*([\w.!#$&^`|~+-]{1,60}?)(?:\*(\d{1,3}))?(\*)?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]*))",
    re.DOTALL,
)
_QUOTED: Final = re.compile(r"\\(.)", re.DOTALL)
_CHARSETS: Final = re.compile(
    r"utf-(?:7|8|8-sig|16|16-le|16-be|32|32-le|32-be)|ascii|iso8859-\d+|cp\d{3,4}|koi8-[rut]|"
    r"gb2312|gbk|gb18030|hz|big5|big5hkscs|shift_jis\w*|euc_\w+|iso2022_\w+|mac-\w+|tis-620|johab"
)
"""Codecs that map bytes to characters and take linear time (IDNA and Punycode don't)."""


class Field(NamedTuple):
    """One header field.

    Attributes:
        name: Lower case; "" for a line that is no field.
        text: The value, encoded words undone.
        offset: Its first byte.
        length: Its bytes, without the line end.
        plain: Whether ``text`` is those bytes, decoded.
    """

    name: str
    text: str
    offset: int
    length: int
    plain: bool


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """The header fields from ``start``; the last one given has the name "end" and no length.

    Its offset is where the body starts.
    """
    at = start
    while at < end:
        stop = _line_end(data, at, end)
        if not data[at:stop].rstrip(b"\r\n"):
            at = stop
            break
        # A line that begins with white space goes on with the field.
        while stop < end and data[stop : stop + 1] in (b" ", b"\t"):
            stop = _line_end(data, stop, end)
        yield _field(data, at, stop)
        at = stop
    yield Field("end", "", at, 0, plain=True)


def _line_end(data: bytes, at: int, end: int) -> int:
    found = data.find(b"\n", at, end)
    return found + 1 if found >= 0 else end


def _field(data: bytes, start: int, stop: int) -> Field:
    found = _NAME.match(data, start, stop)
    name = found[1].decode("ascii").lower() if found else ""
    first = found.end() if found else start
    raw = data[first:stop].rstrip(b"\r\n")
    text = western(raw)
    undone = words(text)
    plain = undone is text and text.encode() == raw
    return Field(name, undone, first, len(raw), plain)


def western(raw: bytes) -> str:
    """Bytes of no declared encoding: UTF-8, else Windows-1252."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def words(text: str) -> str:
    """A value with its encoded words undone (RFC 2047); the same object if it has none."""
    return _WORD.sub(_word, _BETWEEN.sub(r"\1", text)) if "=?" in text else text


def _word(found: re.Match[str]) -> str:
    text = found[3]
    try:
        if found[2] in "bB":
            data = base64.b64decode(text + "=" * (-len(text) % 4))
        else:
            data = binascii.a2b_qp(text.encode(), header=True)
    except (ValueError, binascii.Error):
        return found.group()
    return decoded(data, found[1]) or western(data)


def decoded(data: bytes, charset: str) -> str | None:
    """Bytes in a declared encoding, None for one that isn't known here."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return data.decode(name, "replace") if _CHARSETS.fullmatch(name) else None


class Value(NamedTuple):
    """A structured value such as Content-Type's.

    Attributes:
        main: What stands before the parameters, lower case.
        parameters: Names in lower case.
        doubled: Whether a parameter is given twice, which readers take differently.
    """

    main: str = ""
    parameters: dict[str, str] = {}  # noqa: RUF012 - an immutable default of an immutable tuple
    doubled: bool = False


def value(text: str) -> Value:
    """A structured value with its parameters, continuations joined (RFC 2231, section 3)."""
    main, mark, rest = text.partition(";")
    pieces: dict[str, dict[int, str]] = {}
    doubled = False
    for found in _PARAMETER.finditer(mark + rest):
        parts = pieces.setdefault(found[1].lower(), {})
        number = int(found[2] or 0)
        doubled = doubled or number in parts
        written = _QUOTED.sub(r"\1", found[4]) if found[4] is not None else found[5]
        parts.setdefault(number, _extended(written) if found[3] else written)
    joined = {name: "".join(parts[i] for i in sorted(parts)) for name, parts in pieces.items()}
    return Value(main.strip().lower(), joined, doubled)


def _extended(text: str) -> str:
    """A percent-encoded value, with or without its character set (RFC 2231, section 4)."""
    pieces = text.split("'", 2)
    charset, written = (pieces[0], pieces[2]) if len(pieces) == 3 else ("", text)  # noqa: PLR2004
    data = unquote_to_bytes(written)
    return decoded(data, charset or "utf-8") or western(data)
