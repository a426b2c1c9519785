"""Expressions for values that can't be fillers: RE2 has no negation, so a trie spells it out."""

from __future__ import annotations

from collections.abc import Collection
from string import ascii_lowercase, digits
from typing import Final

from dlp.detect.fields import FILLERS

_REDACTED: Final = "zq"
"""How pseudonyms start (:mod:`dlp.pseudonym`)."""


def but_not(alphabet: str, exact: Collection[str], prefixes: Collection[str], gap: str) -> str:
    """An expression for all words of an alphabet except some, whatever their case.

    Args:
        alphabet: Lower case letters or digits.
        exact: Words left out.
        prefixes: Words that start so are left out too.
        gap: An expression that may follow each letter and doesn't count.
    """
    known = {word[:size] for word in (*exact, *prefixes) for size in range(1, len(word) + 1)}
    every = f"(?:{_one(alphabet)}{gap})*"

    def after(prefix: str) -> str:
        children = [letter for letter in alphabet if prefix + letter in known]
        others = "".join(letter for letter in alphabet if letter not in children)
        branches = [f"{_one(others)}{gap}{every}"] if others else []
        branches += [
            f"{_one(child)}{gap}{after(prefix + child)}"
            for child in children
            if prefix + child not in prefixes
        ]
        whole = f"(?:{'|'.join(branches)})"
        return f"{whole}?" if prefix and prefix not in exact else whole

    return after("")


def _one(letters: str) -> str:
    return f"[{letters}{letters.upper()}]" if letters.isalpha() else f"[{letters}]"


_WORDS: Final = {*(word for word in FILLERS if word.isalpha()), "x", "xx", "xxx", "xxxx"}
_STARTS: Final = {"xxxxx", _REDACTED}
WORD: Final = but_not(ascii_lowercase, _WORDS, _STARTS, "")
"""A name of one word: one of more may be a site's own, which only the detectors know."""
NAME: Final = but_not(ascii_lowercase, _WORDS, _STARTS, "[ '-]?")
"""A name of up to as many words as it has letters; the walker's five are counted apart."""
WORDS: Final = but_not(ascii_lowercase, _WORDS, _STARTS, " ?")
"""Letters with single blanks."""
_NUMBERS: Final = but_not(
    digits,
    {"0", "00", "000", "0000"},
    {*(digit * 5 for digit in digits), "12345678", "98765432", "01234567", "19000101", "01011900"},
    "",
)
NUMBER: Final = f"(?:{_NUMBERS})"
"""Digits, none of the fillers among them."""
MIXED: Final = "(?:[A-Za-z]+[0-9][A-Za-z0-9]*|[0-9]+[A-Za-z][A-Za-z0-9]*)"
"""Letters and digits: neither a filler, nor a card, nor an SSN with its dashes."""
ID: Final = f"(?:{NUMBER}|{MIXED})"
DAY: Final = (
    "(?:(?:18[0-9][0-9]|19(?:0[1-9]|[1-9][0-9])|20[0-9][0-9])"
    "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))"
)
"""A day, 1900 aside: the first of it is a filler."""
FIVE: Final = "(?:{})".format(
    "|".join(
        f"{digit * run}[{''.join(other for other in digits if other != digit)}][0-9]{{{4 - run}}}"
        for digit in digits
        for run in range(1, 5)
    )
)
"""Five digits that aren't all the same."""
