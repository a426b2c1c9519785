"""One passage's text, prepared once for every detector.

Patterns run on a *folded* copy of the same length (RE2 then gives byte offsets that are character
offsets), and dictionaries on tokens that keep their place.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import NamedTuple, Protocol

_WORD = re.compile(r"[^\W_]+(?:['\u2019\u02bc`][^\W\d_]+)*")
_DIGIT = re.compile(r"[0-9]")
_APOSTROPHES = re.compile(r"['\u2019\u02bc`]")
_SPECIAL = {
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u2028": "\n",
    "\u2029": "\n", "\u00df": "s", "\u00f8": "o", "\u00d8": "O", "\u0142": "l", "\u0141": "L",
}  # fmt: skip


_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
"""Soft hyphens, marks of no width: a reader doesn't see them, and they cut a number in two."""


def seen(text: str) -> tuple[str, list[int]] | None:
    """A text as it is seen, and where each of its characters stands; None if all of it is seen."""
    if text.isascii() or not _UNSEEN.search(text):
        return None
    places = [place for place, each in enumerate(text) if not _UNSEEN.match(each)]
    return "".join(text[place] for place in places), places


class _Fold(dict[int, str]):
    """Character to one ASCII character: digits to digits, letters to letters, spaces to spaces."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if character.isascii() or character in _SPECIAL:
        return _SPECIAL.get(character, character)
    base = unicodedata.normalize("NFKD", character)[:1]
    if base and base.isascii() and base.isprintable():
        return base
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if character.isalpha():
        # Foreign letters stay letters of the same case, so that shapes and boundaries hold.
        return "X" if character.isupper() else "x"
    return " " if character.isspace() else "~"


_FOLD = _Fold()


def fold(text: str) -> str:
    """The text in ASCII, character for character at the same places."""
    return text if text.isascii() else text.translate(_FOLD)


def plain(word: str) -> str:
    """A word without case, accents and apostrophes: what dictionaries are keyed by."""
    if word.isascii() and word.isalnum():
        return word.lower()
    if not word.isascii():
        word = "".join(
            _SPECIAL.get(c, c)
            for c in unicodedata.normalize("NFKD", word)
            if not unicodedata.combining(c)
        )
    word = _APOSTROPHES.sub("'", word.casefold())
    word = word.removesuffix("'s")
    return word.replace("'", "")


class Token(NamedTuple):
    """A word or number with its place.

    Attributes:
        norm: The word as :func:`plain` makes it.
        start: First character.
        end: One past the last.
        raw: As written.
    """

    norm: str
    start: int
    end: int
    raw: str


def tokenise(text: str) -> list[Token]:
    """Words and numbers in order, in linear time."""
    return [Token(plain(m[0]), m.start(), m.end(), m[0]) for m in _WORD.finditer(text)]


def words(text: str) -> tuple[str, ...]:
    """The normalised words alone."""
    if text.isascii() and text.isalnum():
        return (text.lower(),)
    return tuple(token.norm for token in tokenise(text) if token.norm)


class Reading:
    """A text with its folded copy, bytes and tokens, each made once and on demand."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def folded(self) -> str:
        """ASCII, same length."""
        return fold(self.text)

    @cached_property
    def lower(self) -> str:
        """The folded text in lower case."""
        return self.folded.lower()

    @cached_property
    def data(self) -> bytes:
        """The folded text as bytes, for RE2."""
        return self.folded.encode("ascii", "replace")

    @cached_property
    def has_digits(self) -> bool:
        """Whether anything numeric can be found at all."""
        return _DIGIT.search(self.folded) is not None

    @cached_property
    def tokens(self) -> list[Token]:
        """Words and numbers with their places."""
        return tokenise(self.text)

    @cached_property
    def shouts(self) -> bool:
        """Whether the text is written in capitals throughout, so that case says nothing."""
        return self.text.upper() == self.text

    @cached_property
    def whispers(self) -> bool:
        """Whether the text has no capitals at all, so that case says nothing."""
        return self.text.lower() == self.text


class Asked(Protocol):
    """All the texts that will be searched, taken together."""

    def says(self, word: str) -> bool:
        """Whether any of them says a normalised word."""
        ...

    def may_name(self, word: str) -> bool:
        """The same, or one a typing error away."""
        ...

    def may_misspell(self, part: str) -> bool:
        """Whether any of their words is this one, or this one and one letter more."""
        ...
