r"""Escapes among readable characters: ``%41``, ``=41``, ``\x41``, ``\u0041``, ``&#65;``.

An escape is given with what surrounds it, all those of a text and scheme together: a name of which
one letter is escaped is no name without the others.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_AROUND: Final = 60
"""Characters of context around an escape for a letter or digit, which a person has hidden."""
_WORD: Final = 200
_SPACE: Final = re.compile(r"\s")

_BYTES: Final = re.compile(r"[0-9A-Fa-f]{2}")
_FOUR: Final = re.compile(r"[0-9A-Fa-f]{4}")

Escaped = tuple[int, int, str, bytes]
"""First character, one past the last, scheme, the text around them undone (UTF-8)."""


def escaped(text: str) -> Iterator[Escaped]:
    """The escapes of a text, at most one piece for each scheme; linear in the text."""
    for scheme in _ESCAPES:
        if scheme.sign in text:
            yield from scheme.find(text)


def _as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _octets(found: str) -> str:
    return _as_text(bytes(int(pair, 16) for pair in _BYTES.findall(found)))


def _percents(found: str) -> str:
    if "%u" in found or "%U" in found:
        return _units(found)
    return _octets(found)


def _soft(found: str) -> str:
    """Quoted-printable: octets, and line breaks that are none (RFC 2045, section 6.7)."""
    return _octets(found) if _BYTES.search(found) else ""


def _units(found: str) -> str:
    """UTF-16 units in hex, surrogate pairs joined."""
    data = b"".join(bytes.fromhex(four) for four in _FOUR.findall(found))
    return data.decode("utf-16-be", "replace")


class _Escape(NamedTuple):
    """One way to write a character.

    Attributes:
        scheme: Its name.
        sign: A character that every escape has: looked for first.
        pattern: A group of neighbouring escapes.
        decode: Such a group to what it means.
        least: Characters of escapes in a text below which they are something else ("x=20").
    """

    scheme: str
    sign: str
    pattern: re.Pattern[str]
    decode: Callable[[str], str]
    least: int = 0

    def find(self, text: str) -> Iterator[Escaped]:
        """All escapes of a text with what is around them, as one piece."""
        places: list[tuple[int, int, str]] = []
        for found in self.pattern.finditer(text):
            meant = self.decode(found.group())
            places.append((*found.span(), _CONTROL.sub(" ", meant)))
        if sum(end - start for start, end, _ in places) < self.least or all(
            self._is_itself(text, place) for place in places
        ):
            return
        undone = "\n".join(_undone(text, places))
        if undone.strip():
            data = undone.encode("utf-8", "replace")
            yield places[0][0], places[-1][1], self.scheme, data

    @staticmethod
    def _is_itself(text: str, place: tuple[int, int, str]) -> bool:
        """Whether an escape means what it is, as an unknown entity does."""
        return text[place[0] : place[1]] == place[2]


def _undone(text: str, places: list[tuple[int, int, str]]) -> Iterator[str]:
    """Pieces of a text around its escapes, the escapes undone."""
    parts: list[str] = []
    at, until = 0, -1
    for start, end, meant in places:
        first, last = _reach(text, start, end, meant)
        if first > until:
            if parts:
                yield "".join((*parts, text[at:until]))
            parts, at = [], first
        parts += [text[at:start], meant]
        at, until = end, max(last, until)
    if parts:
        yield "".join((*parts, text[at:until]))


def _reach(text: str, start: int, end: int, meant: str) -> tuple[int, int]:
    """How far around an escape the text is taken along."""
    if any(map(str.isalnum, meant)):
        return max(start - _AROUND, 0), min(end + _AROUND, len(text))
    # "AT&amp;T" needs its word alone, or each such text would be looked at twice.
    before = text[max(start - _WORD, 0) : start]
    word = "" if before[-1:].isspace() else before.rsplit(None, 1)[-1:]
    space = _SPACE.search(text, end, end + _WORD)
    return start - sum(map(len, word)), space.start() if space else min(end + _WORD, len(text))


_ESCAPES: Final = (
    _Escape("percent", "%", re.compile(
        r"(?:%[0-9A-Fa-f]{2})+|(?:%[uU][0-9A-Fa-f]{4})+"
    ), _percents),
    _Escape("entity", "&", re.compile(
        r"(?:&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)+"
    ), html.unescape),
    _Escape("escape", "\\x", re.compile(r"(?:\\x[0-9A-Fa-f]{2})+"), _octets),
    _Escape("escape", "\\u", re.compile(r"(?:\\u\{?[0-9A-Fa-f]{4}\}?)+"), _units),
    _Escape("quoted-printable", "=", re.compile(r"(?:=[0-9A-Fa-f]{2})+|(?<!=)=\r?\n"), _soft,
        least=9),
)  # fmt: skip
