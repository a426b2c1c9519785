"""JSON's values (RFC 8259 section 3), each string with its bytes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dlp.model import Spans

_ESCAPE: Final = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt])|(.?))', re.DOTALL)
_MEANT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES: Final = range(0xD800, 0xE000)


class Leaf(NamedTuple):
    """A string, number or literal.

    Attributes:
        raw: Its bytes, without the quotes of a string.
        offset: The first one's place in the member.
        quoted: Whether it is a string.
        said: Its text, where it was read already: a tree made from another syntax.
    """

    raw: bytes
    offset: int
    quoted: bool
    said: Said | None = None


class Said(NamedTuple):
    """A text that has no JSON string's escapes; the place as :class:`~dlp.model.Passage` has it."""

    text: str
    offset: int | None
    length: int | None
    spans: Spans | None


class Object(NamedTuple):
    """An object's members, in order, duplicates included."""

    members: list[tuple[Leaf, Value]]


class Array(NamedTuple):
    """An array's elements; those given as records of their own are left out."""

    elements: list[Value]


Value = Leaf | Object | Array


class Text(NamedTuple):
    """A string's text; ``spans`` as :class:`~dlp.model.Passage` has it."""

    text: str
    spans: Spans | None


def text_of(leaf: Leaf) -> Text:
    """A leaf's text without escapes; bytes that are no UTF-8 are read as code page 1252."""
    if leaf.said:
        return Text(leaf.said.text, leaf.said.spans)
    written = decoded(leaf.raw)
    if "\\" not in written:
        return Text(written, None)
    characters, places = _unescaped(written)
    return Text("".join(characters), _spans(places, leaf.offset))


def places_of(leaf: Leaf) -> tuple[str, list[int]]:
    """A leaf's text, and for each character (and the end) its first byte from the leaf's start."""
    characters, places = _unescaped(decoded(leaf.raw))
    return "".join(characters), places


def decoded(raw: bytes) -> str:
    """The characters of a string's bytes, its escapes as they stand."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _width(character: str) -> int:
    """Bytes of a character as it was decoded."""
    return len(character.encode("utf-8", "surrogatepass"))


def _unescaped(written: str) -> tuple[list[str], list[int]]:
    characters: list[str] = []
    places: list[int] = []
    at = index = 0
    while index < len(written):
        found = _ESCAPE.match(written, index) if written[index] == "\\" else None
        piece = found.group() if found else written[index]
        characters.append(_meaning(found) if found else piece)
        places.append(at)
        at += sum(map(_width, piece))
        index += len(piece)
    places.append(at)
    return characters, places


def _meaning(found: re.Match[str]) -> str:
    if found[1]:
        code = int(found[1], 16)
        # Half of a pair: joined they would be a symbol, and no detector looks for one.
        return "\ufffd" if code in _SURROGATES else chr(code)
    letter = found[2] or found[3]
    return _MEANT.get(letter, letter) or " "


def _spans(places: list[int], offset: int) -> Spans:
    def spans(start: int, end: int) -> tuple[int, int]:
        return offset + places[start], places[end] - places[start]

    return spans
