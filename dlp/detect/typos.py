"""Words one typing error away: Damerau-Levenshtein distance one, without comparing with all.

Two words are one insertion, deletion, substitution or transposition apart only if deleting at most
one letter of each gives a common string; so an index of deletions needs a handful of look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

MIN_LENGTH = 5
_SLOTS_LIMIT = 500_000


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
        self._slots: dict[str, tuple[str, ...]] = {}

    @property
    def full(self) -> bool:
        """Whether later words are found exactly only."""
        return len(self._slots) >= _SLOTS_LIMIT

    def add(self, word: str, wanted: Callable[[str], bool] | None = None) -> None:
        """Index a word once; the caller asks no second time for the same one.

        Args:
            word: Normalised.
            wanted: Whether any word that will be asked for has a deletion; None for any may.
        """
        if self.full or len(word) < MIN_LENGTH:
            return
        for key in filter(wanted, deletions(word)) if wanted else deletions(word):
            held = self._slots.get(key, ())
            # A slot that many words share tells little; the bound keeps look-ups constant.
            if len(held) < 8 and word not in held:  # noqa: PLR2004 - the bound explained above
                self._slots[key] = (*held, word)

    def near(self, word: str) -> str | None:
        """An indexed word one typing error away, or None."""
        for key in deletions(word):
            for candidate in self._slots.get(key, ()):
                if one_error_apart(word, candidate):
                    return candidate
        return None
