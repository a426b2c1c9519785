"""Findings as they come: expected or not, counted in full, listed up to a limit."""

from __future__ import annotations

import hmac
from collections import Counter
from fnmatch import fnmatchcase
from typing import Final

from config.contracts import Contract, Expectation, Rules
from dlp.mask import mask
from dlp.model import (
    Category,
    Finding,
    Label,
    Match,
    Passage,
    Uninspectable,
)
from dlp.normalise import normalise
from dlp.parse.place import LinePlace
from dlp.walk import Spot

_ENCODINGS: Final = ("utf-8", "latin-1", "utf-16-le")
_MOST_TROUBLES: Final = 1_000


class Tally:
    """What an inspection has found so far."""

    def __init__(self, contract: Contract, rules: Rules, limit: int) -> None:
        self._contract, self._key, self._limit = contract, rules.digest_key, limit
        self._listed: dict[bool, list[tuple[int, int, Finding]]] = {True: [], False: []}
        self._seen: set[tuple[str, str, Category, int]] = set()
        self._troubles: dict[Uninspectable, None] = {}
        self.counts: Counter[tuple[Category, bool]] = Counter()
        self.label_counts: Counter[Label] = Counter()

    def add(self, order: int, spot: Spot, fmt: str, passage: Passage, match: Match) -> None:
        """Count a match, and list it while there is room.

        Args:
            order: The passage's ordinal in the file.
            spot: Its member.
            fmt: The member's format.
            passage: Where it was found.
            match: What was found.
        """
        offset, length = _bytes_at(passage, match)
        if offset is not None and length and not self._is_new(spot, match, offset):
            return
        where = _where(passage, match.start)
        expected = any(
            _fits(expectation, fmt, passage, match.category, where)
            for expectation in self._contract.expect
        )
        self.counts[match.category, expected] += 1
        self.label_counts.update(match.labels)
        listed = self._listed[expected]
        if len(listed) < self._limit:
            text = passage.text[match.start : match.end]
            listed.append(
                (order, match.start, Finding(
                    match.category, expected, match.confidence, match.detector, passage.carrier,
                    where, spot.member, spot.place, offset, length, mask(text),
                    self._digest(match.category, text), match.labels,
                ))
            )  # fmt: skip

    def _is_new(self, spot: Spot, match: Match, offset: int) -> bool:
        """Whether this place was not counted: the pieces of a long line overlap."""
        key = (spot.place, match.detector, match.category, offset)
        if key in self._seen:
            return False
        if len(self._seen) > self._limit:
            self._seen.clear()
        self._seen.add(key)
        return True

    def _digest(self, category: Category, text: str) -> str:
        if not self._key:
            return ""
        message = f"{category}\0{normalise(category, text)}".encode()
        return hmac.new(self._key, message, "sha256").hexdigest()

    def trouble(self, trouble: Uninspectable) -> None:
        """Note what could not be read, once."""
        if len(self._troubles) < _MOST_TROUBLES:
            self._troubles[trouble] = None

    @property
    def troubles(self) -> tuple[Uninspectable, ...]:
        """Everything that could not be read."""
        return tuple(self._troubles)

    def findings(self) -> tuple[Finding, ...]:
        """The listed findings in the order of the file."""
        listed = sorted(
            (*self._listed[True], *self._listed[False]), key=lambda entry: (entry[0], entry[1])
        )
        return tuple(finding for _, _, finding in listed)


def _fits(
    expectation: Expectation, fmt: str, passage: Passage, category: Category, where: str
) -> bool:
    return (
        category.value in expectation.categories
        and expectation.in_ in ("anywhere", passage.carrier.value)
        and (not expectation.formats or any(fnmatchcase(fmt, p) for p in expectation.formats))
        and (not expectation.at or any(fnmatchcase(where, p) for p in expectation.at))
    )


def _where(passage: Passage, start: int) -> str:
    if isinstance(passage.where, LinePlace):
        return passage.where.at(start)
    return passage.where if isinstance(passage.where, str) else passage.where()


def _bytes_at(passage: Passage, match: Match) -> tuple[int | None, int | None]:
    """The match's bytes where characters map to bytes, else those of the whole passage."""
    text, offset, length = passage.text, passage.offset, passage.length
    if offset is None or length is None or (match.start == 0 and match.end == len(text)):
        return offset, length
    if len(text) == length:
        return offset + match.start, match.end - match.start
    for encoding in _ENCODINGS:
        try:
            if len(text.encode(encoding)) == length:
                before = len(text[: match.start].encode(encoding))
                return offset + before, len(text[match.start : match.end].encode(encoding))
        except UnicodeEncodeError:
            continue
    return offset, length
