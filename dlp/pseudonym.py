"""Pseudonyms: the same value gives the same word, and nobody without the key can tell which.

They are words that no language has (consonants alone, a fixed beginning, two check letters), so
that a reader of any format knows one without the key, and a file full of them releases by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from typing import Final

from dlp.model import Category

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_START: Final = "ZQ"
_SECRET: Final = 8
_CHECK: Final = 2
_WORDS: Final = re.compile(r"[^\W_]+")
LENGTH: Final = len(_START) + _SECRET + _CHECK
"""Characters of a pseudonym: 20**8 of them for one key, so two values of 10,000 share one in 500
files."""


def pseudonym(key: bytes, category: Category, value: str) -> str:
    """The pseudonym of a value: its HMAC-SHA-256 (RFC 2104) as letters.

    Args:
        key: Who has it can try values out, so it is of one flow alone.
        category: What the value is.
        value: As :func:`dlp.normalise.normalise` gives it.

    Raises:
        ValueError: If ``key`` has fewer than 32 bytes.
    """
    if len(key) < 32:  # noqa: PLR2004 - HMAC-SHA-256's own strength, RFC 2104 section 3
        raise ValueError("a key for pseudonyms has 32 bytes or more")
    message = f"{category}\0{value}".encode()
    number = int.from_bytes(hmac.new(key, message, hashlib.sha256).digest())
    secret = _START + _letters(number, _SECRET)
    return secret + _check(secret)


def is_pseudonym(text: str) -> bool:
    """Whether a word is one; one random word of this shape in 400 is taken for one."""
    word = text.strip().upper()
    if len(word) != LENGTH or not word.startswith(_START) or not set(word) <= set(_LETTERS):
        return False
    return _check(word[:-_CHECK]) == word[-_CHECK:]


def is_redacted(text: str) -> bool:
    """Whether a text has nothing but what redaction writes: Xs and pseudonyms."""
    words = _WORDS.findall(text)
    return bool(words) and all(map(_is_written, words))


def has_redacted(text: str) -> bool:
    """Whether a text has a word that redaction writes; one X alone is an initial as well."""
    return any(len(word) > 1 and _is_written(word) for word in _WORDS.findall(text))


def without_redacted(text: str) -> str:
    """A text without the words that redaction writes."""
    return _WORDS.sub(lambda found: "" if _is_written(found.group()) else found.group(), text)


def _is_written(word: str) -> bool:
    return set(word) == {"X"} or is_pseudonym(word)


def _check(secret: str) -> str:
    return _letters(zlib.crc32(secret.encode()), _CHECK)


def _letters(number: int, count: int) -> str:
    letters = ""
    for _ in range(count):
        number, index = divmod(number, len(_LETTERS))
        letters += _LETTERS[index]
    return letters
