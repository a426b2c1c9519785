"""Words one typing error away: Damerau-Levenshtein distance one, without comparing with all.

Two words are one insertion, deletion, substitution or transposition apart only if deleting at most
one letter of each gives a common string; so an index of deletions needs a handful of look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

MIN_LENGTH = 5
_SLOTS_LIMIT = 500_000
_SHARED = 8


def deletions(word: str) -> Iterator[str]:
    """The word, and it with each one letter left out."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def one_error_apart(a: str, b: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours turns a into b."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    if len(a) != len(b):
        longer, shorter = (rest_a, rest_b) if len(a) > len(b) else (rest_b, rest_a)
        return longer[1:] == shorter
    swapped = rest_a[1::-1] + rest_a[2:] == rest_b
    return rest_a[1:] == rest_b[1:] or swapped


class TypoIndex:
    """Words by their deletions; about eight slots a word, 500,000 slots at most."""

    def __init__(self) -> None:
        # Words of a slot with spaces between: one word, as most have, is no second object.
        self._slots: dict[str, str] = {}

    @property
    def full(self) -> bool:
        """Whether later words are found exactly only."""
        return len(self._slots) >= _SLOTS_LIMIT

    def add(self, word: str, wanted: Callable[[str], bool] | None = None) -> bool:
        """Index a word of letters once; false if nothing leads to it.

        Args:
            word: Normalised.
            wanted: Whether any word that will be asked for has a deletion; None for any may.
        """
        if self.full or len(word) < MIN_LENGTH:
            return False
        indexed = False
        for key in filter(wanted, deletions(word)) if wanted else deletions(word):
            held = self._slots.get(key, "")
            words = held.split()
            # A slot that many words share tells little; the bound keeps look-ups constant.
            if len(words) < _SHARED and word not in words:
                self._slots[key] = f"{held} {word}" if held else word
                indexed = True
        return indexed

    def near(self, word: str) -> str | None:
        """An indexed word one typing error away, or None."""
        for key in deletions(word):
            for candidate in self._slots.get(key, "").split():
                if one_error_apart(word, candidate):
                    return candidate
        return None
