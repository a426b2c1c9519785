"""Text in bytes whose structure isn't known."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from dlp.model import Carrier, Passage
from dlp.parse.slots import is_author

_RUN: Final = re.compile(rb"[\x20-\x7e]{6,}")
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")
_WIDE_BIG: Final = re.compile(rb"(?:\x00[\x20-\x7e]){6,}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NAMESPACE: Final = re.compile(r"\sxmlns(?::[\w.-]*)?\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_ATTRIBUTE: Final = re.compile(r"\"([^\"<>]*)\"|'([^'<>]*)'")
_MARKUP: Final = re.compile(r"<[^<>]*>")
_STAMP: Final = re.compile(
    r"\d{4}[:-]\d\d[:-]\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
)
_HANDLE: Final = re.compile(r"(?:(?:uuid|xmp\.[ido]id|adobe:docid:\w+):)?[0-9A-Fa-f-]{32,40}")
_WRITERS: Final = ("dc:creator", "xmp:CreatorTool", "pdf:Producer")
_STEP: Final = 4096
_SHARED: Final = 200


def passages(text: str, where: str) -> Iterator[Passage]:
    """Free text in pieces of at most 4,096 characters, 200 of them shared; none for blanks."""
    readable = _CONTROL.sub(" ", text)
    for start in range(0, max(len(readable) - _SHARED, 1), _STEP - _SHARED):
        piece = readable[start : start + _STEP]
        if piece.strip():
            yield Passage(piece, where, Carrier.FREE_TEXT)


def decoded(data: bytes) -> str | None:
    """Bytes that are text as a whole: UTF-8, UTF-16 with its mark, or Latin-1; else None."""
    data = data.rstrip(b"\0")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if _binary(data):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        high = len(data.translate(None, bytes(range(128))))
        return data.decode("latin-1") if high * 4 <= len(data) else None


def text_of(data: bytes) -> str:
    """All of it where it is text, else its printable runs of six and more, one a line."""
    whole = decoded(data)
    if whole is not None:
        return whole
    runs = [run.decode() for run in _RUN.findall(data)]
    runs += [run.decode("utf-16-le") for run in _WIDE.findall(data)]
    runs += [run.decode("utf-16-be") for run in _WIDE_BIG.findall(data)]
    return "\n".join(runs)


def xml_text(data: bytes) -> str:
    """The values of an XML packet (XMP, XFA): text and attributes, without markup.

    No parser: nothing is resolved, so there is nothing to expand, and damaged XML is read too.
    Stamps and identifiers that a program made are left out.
    """
    text = _without_writers(_NAMESPACE.sub("", text_of(data)))
    values = [first or second for first, second in _ATTRIBUTE.findall(text)]
    values += [line.strip() for line in _MARKUP.sub("\n", text).split("\n")]
    plain = (html.unescape(value) for value in values if value)
    return "\n".join(value for value in plain if not is_stamp(value))


def _without_writers(text: str) -> str:
    """An XMP packet without the names of who and what made the document."""
    for name in _WRITERS:
        first, *others = text.split(f"<{name}>")
        text = first + "".join(_unless_author(part, f"</{name}>") for part in others)
    return text


def _unless_author(part: str, end: str) -> str:
    body, closed, rest = part.partition(end)
    said = filter(None, map(str.strip, _MARKUP.sub("\n", body).split("\n")))
    return rest if closed and all(map(is_author, said)) else part


def is_stamp(value: str) -> bool:
    """Whether a value is no more than a time or an identifier as programs write them."""
    trimmed = value.strip("\0 ")
    return bool(_STAMP.fullmatch(trimmed) or _HANDLE.fullmatch(trimmed))


def _binary(data: bytes) -> bool:
    """Whether control characters stand in it that no text has."""
    kept = data.translate(
        None, b"\x00\x01\x02\x03\x04\x05\x06\x07\x0b\x0e\x0f" + bytes(range(16, 32))
    )
    return len(kept) < len(data)
