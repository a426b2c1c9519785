"""Words that stand near a place in a text: whole words, in a window of bounded size."""

from __future__ import annotations

import re

from dlp.detect.reading import Reading

BEFORE, AFTER = 56, 28
_WORD = re.compile(r"[a-z0-9]+(?:['.][a-z]+)*")
_TORN_FIRST, _TORN_LAST = re.compile(r"\A[a-z0-9]\S*"), re.compile(r"\S*[a-z0-9]\Z")
_SENTENCE = re.compile(r"[.!?;]\s|\n\s*\n")


def words_before(reading: Reading, start: int, reach: int = BEFORE) -> list[str]:
    """Lower-case words that end before ``start``, in the same sentence, nearest last."""
    low = max(0, start - reach)
    window = reading.lower[low:start]
    if low:
        # The first word may be a torn one ("lic" of "public").
        window = _TORN_FIRST.sub("", window)
    ends = [m.end() for m in _SENTENCE.finditer(window)]
    return _words(window[ends[-1] :] if ends else window)


def words_after(reading: Reading, end: int, reach: int = AFTER) -> list[str]:
    """Lower-case words that start after ``end``, in the same sentence, nearest first."""
    window = reading.lower[end : end + reach]
    if end + reach < len(reading.lower):
        window = _TORN_LAST.sub("", window)
    stop = _SENTENCE.search(window)
    return _words(window[: stop.start()] if stop else window)


def _words(window: str) -> list[str]:
    """As they stand, but "her cell's" is her cell."""
    return [word.removesuffix("'s") for word in _WORD.findall(window)]


def near_words(
    reading: Reading, start: int, end: int, wanted: frozenset[str], *, after: bool = True
) -> bool:
    """Whether one of the words (or phrases of words) stands near, as whole words."""
    around = " ".join(words_before(reading, start))
    if after:
        around = f"{around} | {' '.join(words_after(reading, end))}"
    padded = f" {around} "
    return any(f" {word} " in padded for word in wanted)
