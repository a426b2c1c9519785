"""WordPiece as BERT's uncased models want it, with the place of every word.

The same cuts and ids as the ``tokenizers`` library with the model's own ``tokenizer.json``
(a test holds them side by side), in fifty lines instead of a native dependency.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

UNKNOWN: Final = 1
FIRST: Final = 2
LAST: Final = 3
_LONGEST: Final = 100
"""Letters of a word; a longer one is unknown as a whole."""
_ASCII: Final = re.compile(r"[0-9A-Za-z]+|[!-/:-@\[-`{-~]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class Word(NamedTuple):
    """A word or a punctuation mark.

    Attributes:
        start: First character in the text.
        end: One past the last.
        pieces: Its ids, at least one.
    """

    start: int
    end: int
    pieces: tuple[int, ...]


class WordPiece:
    """Cuts text into the model's pieces.

    Args:
        vocabulary: Piece to id; pieces inside a word start with ``##``.
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._short = lru_cache(maxsize=32_768)(self._cut)

    def words(self, text: str, start: int = 0, end: int | None = None) -> list[Word]:
        """The words of ``text[start:end]``, in order. Linear; any text will do."""
        part = text[start:end]
        if part.isascii() and not _CONTROL.search(part):
            return [
                Word(start + m.start(), start + m.end(), self.pieces(m[0].lower()))
                for m in _ASCII.finditer(part)
            ]
        return [
            Word(start + first, start + last, self.pieces(word))
            for word, first, last in _split(part)
        ]

    def pieces(self, word: str) -> tuple[int, ...]:
        """The ids of a normalised word."""
        # What is remembered is bounded in number; so it must be in length.
        return self._short(word) if len(word) <= _LONGEST else (UNKNOWN,)

    def _cut(self, word: str) -> tuple[int, ...]:
        """Longest match first."""
        ids: list[int] = []
        place = 0
        while place < len(word):
            for end in range(len(word), place, -1):
                piece = word[place:end] if not place else f"##{word[place:end]}"
                found = self._vocabulary.get(piece)
                if found is not None:
                    ids.append(found)
                    place = end
                    break
            else:
                return (UNKNOWN,)
        return tuple(ids) or (UNKNOWN,)


def _split(text: str) -> Iterator[tuple[str, int, int]]:
    """Normalised words with their places in the text as written."""
    word: list[str] = []
    start = end = 0
    for place, character in enumerate(text):
        kind = _kind(character)
        if kind == "control":
            continue
        if kind == "letter":
            letters = _plain(character)
            if letters:
                start = start if word else place
                word.append(letters)
            end = place + 1 if word else end
            continue
        if word:
            yield "".join(word), start, end
            word = []
        if kind == "mark":
            yield _plain(character) or character, place, place + 1
    if word:
        yield "".join(word), start, end


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    if character in "\t\n\r":
        return "space"
    category = unicodedata.category(character)
    if category[0] == "C" or character in "\0\ufffd":
        return "control"
    if character.isspace():
        return "space"
    code = ord(character)
    if category[0] == "P" or (character.isascii() and not character.isalnum()):
        return "mark"
    # An ideograph stands for itself.
    return "mark" if any(low <= code <= high for low, high in _IDEOGRAPHS) else "letter"


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """Without accents and in lower case."""
    apart = unicodedata.normalize("NFD", character)
    return "".join(c for c in apart if unicodedata.category(c) != "Mn").lower()
