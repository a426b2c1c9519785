"""Escape sequences of HL7 v2 (chapter 2, section 2.7), with every character's place in bytes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from dlp.model import Spans

_LINES: Final = re.compile(rb"\.(?:br|sp|fi|nf|in|ti|sk|ce) ?[+-]?[0-9]{0,3}|")
"""Formatting commands (section 2.7.6)."""
_CODED: Final = re.compile(rb"[XCM](?:[0-9A-Fa-f]{2})+")


class Delimiters(NamedTuple):
    """The separators that MSH-1 and MSH-2 declare, one byte each.

    Attributes:
        field: ``|`` by default.
        component: ``^``.
        repetition: ``~``.
        escape: A backslash; b"" for none.
        subcomponent: ``&``.
    """

    field: bytes = b"|"
    component: bytes = b"^"
    repetition: bytes = b"~"
    escape: bytes = b"\\"
    subcomponent: bytes = b"&"

    @classmethod
    def declared(cls, head: bytes) -> Delimiters:
        """Those of a header segment; what it doesn't declare stays the default."""
        field = head[3:4] or b"|"
        four = head[4:8].split(field)[0]
        shown = [four[i : i + 1] or default for i, default in enumerate(cls()[1:])]
        return cls(field, *shown)


class Text(NamedTuple):
    """Decoded text.

    Attributes:
        text: Without escapes.
        spans: Characters to bytes of the member; None where they are one to one in an encoding.
    """

    text: str
    spans: Spans | None = None


def decoded(raw: bytes, offset: int, marks: Delimiters) -> Text:
    """A value as text: UTF-8, else code page 1252, with its escapes undone.

    Args:
        raw: The value's bytes.
        offset: The first one's place in the member.
        marks: The message's separators.
    """
    if not marks.escape or marks.escape not in raw:
        return Text(plain(raw))
    mark = re.escape(marks.escape)
    pattern = re.compile(mark + rb"([^\r\n" + mark + rb"]*+)" + mark)
    characters: list[str] = []
    places: list[int] = []
    end = 0
    for found in pattern.finditer(raw):
        _add(characters, places, plain(raw[end : found.start()]), raw[end : found.start()], end)
        meant = _meaning(found[1], marks)
        characters.extend(meant)
        places.extend([found.start()] * len(meant))
        end = found.end()
    _add(characters, places, plain(raw[end:]), raw[end:], end)
    places.append(len(raw))
    return Text("".join(characters), _spans(places, offset))


def prose(raw: bytes, offset: int, marks: Delimiters) -> Text:
    """A value as people would write it: a comma after a surname, a blank behind a label.

    Other separators stay: side by side, a ward, a room and a bed would read as an address.

    Args:
        raw: As in :func:`decoded`.
        offset: Likewise.
        marks: Likewise.
    """
    if marks.component not in raw and marks.subcomponent not in raw:
        return decoded(raw, offset, marks)
    written = _parting(marks).sub(_written, raw)
    found = decoded(written, offset, marks)
    if found.spans is not None or written == raw:
        return found
    places: list[int] = []
    _add([], places, found.text, written, 0)
    return Text(found.text, _spans([*places, len(raw)], offset))


def _written(found: re.Match[bytes]) -> bytes:
    return b",".ljust(len(found[1])) if found[1] else b" "


@lru_cache(maxsize=64)
def _parting(marks: Delimiters) -> re.Pattern[bytes]:
    """Separators between words (the first group), between a word and a number, and none but those.

    A word is two letters long where a name may be, three where a label may be.
    """
    component, either = re.escape(marks.component), re.escape(marks.component + marks.subcomponent)
    letter = rb"[A-Za-z\x80-\xff.']"
    words = rb"(?=[A-Za-z\x80-\xff][A-Za-z\x80-\xff.' -]{0,60}+(?:%b|\Z))" % component
    number = rb"(?=[A-Za-z]{0,5}-?[0-9])"
    return re.compile(
        rb"(?<=%b)(%b+)%b|(?<=[A-Za-z.#:]{3})[%b]%b"
        % (letter * 2, component, words, either, number)
    )


def plain(raw: bytes) -> str:
    """Bytes as UTF-8, else as code page 1252, else (it lacks five bytes) as Latin-1."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _add(characters: list[str], places: list[int], text: str, raw: bytes, start: int) -> None:
    characters.extend(text)
    if len(text) == len(raw):
        places.extend(range(start, start + len(raw)))
        return
    at = start
    for character in text:
        places.append(at)
        at += len(character.encode())


def _spans(places: list[int], offset: int) -> Spans:
    def spans(start: int, end: int) -> tuple[int, int]:
        return offset + places[start], places[end] - places[start]

    return spans


def _meaning(name: bytes, marks: Delimiters) -> str:
    """What an escape stands for; what nobody knows stands for itself, as in a path's folders."""
    letters = {b"F": marks.field, b"S": marks.component, b"T": marks.subcomponent,
               b"R": marks.repetition, b"E": marks.escape}  # fmt: skip
    if name in letters:
        return letters[name].decode("latin-1")
    if name in (b"H", b"N"):
        return ""
    if _LINES.fullmatch(name):
        return "\n" if name[:3] in (b".br", b".sp") else " "
    if _CODED.fullmatch(name):
        return plain(bytes.fromhex(name[1:].decode("ascii")))
    return f" {plain(name.removeprefix(b'Z'))} "
