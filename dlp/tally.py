"""Findings as they come: expected or not, counted in full, listed up to a limit."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final

from config.contracts import Contract, Expectation, Rules
from dlp.batch import Kind
from dlp.listing import Listing, Place
from dlp.mask import mask
from dlp.model import (
    Carrier,
    Category,
    Finding,
    Label,
    Match,
    Passage,
    Uninspectable,
)
from dlp.normalise import normalise
from dlp.parse.lines import LinesPlace
from dlp.parse.place import LinePlace, bytes_of
from dlp.walk import Spot

_MOST_TROUBLES: Final = 1_000
_OF_LINES: Final = (LinePlace, LinesPlace)


Unexpected = Callable[[Spot, str, Passage, Match], None]
"""Told of every match that decides against a file: its member, the format, the place, the match."""


class Tally:
    """What an inspection has found so far.

    Args:
        contract: What belongs where.
        rules: For the key of the findings' hashes.
        limit: Findings listed.
        unexpected: Told of every finding that decides, the ones not listed too.
    """

    def __init__(
        self, contract: Contract, rules: Rules, limit: int, unexpected: Unexpected | None = None
    ) -> None:
        self._told = unexpected
        self._contract, self._key, self.limit = contract, rules.digest_key, limit
        self._expected_ones, self._deciding, self._doubtful = (Listing(limit) for _ in range(3))
        self._members: dict[str, int] = {}
        self._seen: set[tuple[str, str, Category, int | None]] = set()
        self._expected: dict[tuple[str, Carrier, Category], bool] = {}
        self._troubles: dict[Uninspectable, None] = {}
        self.counts: Counter[tuple[Category, bool]] = Counter()
        self.label_counts: Counter[Label] = Counter()

    def add(self, order: int, spot: Spot, fmt: str, passage: Passage, match: Match) -> None:
        """Count a match, and list it if it is among the first.

        Args:
            order: The passage's ordinal in the file.
            spot: Its member.
            fmt: The member's format.
            passage: Where it was found.
            match: What was found.
        """
        if _may_repeat(passage) and not self._is_new(spot, passage, match):
            return
        expected = self._expects(fmt, passage, match)
        self.counts[match.category, expected] += 1
        if match.labels:
            self.label_counts.update(match.labels)
        if self._told and not expected and match.confidence >= self._contract.confidence:
            self._told(spot, fmt, passage, match)
        self._list(order, spot, passage, match, expected=expected)

    def add_counts(self, fmt: str, kind: Kind, count: int) -> bool:
        """Count fields of one kind at once; false if it matters where each of them stands."""
        key = (fmt, kind.carrier, kind.category)
        if any(e.at for e in self._contract.expect if _fits(e, *key)):
            return False
        if self._told and not self._expects_kind(*key):
            return False
        self.counts[kind.category, self._expects_kind(*key)] += count
        for label in kind.labels:
            self.label_counts[label] += count
        return True

    def has_room(self, order: int, spot: Spot, fmt: str, kind: Kind, start: int) -> bool:
        """Whether any field of a kind that :meth:`add_counts` counted can still be listed.

        Args:
            order: The batch's ordinal in the file.
            spot: Its member.
            fmt: The member's format.
            kind: Of the fields.
            start: A byte of the member that none of them stands before.
        """
        expected = self._expects_kind(fmt, kind.carrier, kind.category)
        place = Place(self._member(spot), start, order, 0, "")
        listings = (self._expected_ones,) if expected else (self._deciding, self._doubtful)
        return any(listing.has_room(place) for listing in listings)

    def _member(self, spot: Spot) -> int:
        return self._members.setdefault(spot.place, len(self._members))

    def list_only(self, order: int, spot: Spot, fmt: str, passage: Passage, match: Match) -> bool:
        """List one of the fields that :meth:`add_counts` counted; false once there is no room."""
        expected = self._expects(fmt, passage, match)
        return self._list(order, spot, passage, match, expected=expected)

    def _list(
        self, order: int, spot: Spot, passage: Passage, match: Match, *, expected: bool
    ) -> bool:
        listing = self._expected_ones if expected else self._unexpected(match)
        offset, _ = bytes_at(passage, match)
        place = Place(
            self._member(spot),
            -1 if offset is None else offset,
            order,
            match.start,
            match.category.value,
        )
        return listing.add(place, lambda: self._finding(spot, passage, match, expected))

    def _unexpected(self, match: Match) -> Listing:
        """The list for an unexpected match: doubtful ones never crowd out those that decide."""
        return self._deciding if match.confidence >= self._contract.confidence else self._doubtful

    def _finding(self, spot: Spot, passage: Passage, match: Match, expected: bool) -> Finding:
        text = passage.text[match.start : match.end]
        offset, length = bytes_at(passage, match)
        return Finding(
            category=match.category,
            expected=expected,
            confidence=match.confidence,
            detector=match.detector,
            carrier=passage.carrier,
            where=_where(passage, match.start),
            member=spot.member,
            member_place=spot.place,
            offset=offset,
            length=length,
            masked=mask(text),
            digest=self._digest(match.category, text),
            labels=match.labels,
        )

    def _is_new(self, spot: Spot, passage: Passage, match: Match) -> bool:
        """Whether this place was not counted: the pieces of a long text overlap."""
        offset, _ = bytes_at(passage, match)
        key = (spot.place, match.detector, match.category, offset)
        if key in self._seen:
            return False
        if len(self._seen) > self.limit:
            self._seen.clear()
        self._seen.add(key)
        return True

    def _expects(self, fmt: str, passage: Passage, match: Match) -> bool:
        """Whether the contract calls for the match there."""
        key = (fmt, passage.carrier, match.category)
        known = self._expected.get(key)
        if known is not None:
            return known
        fitting = [e for e in self._contract.expect if _fits(e, *key)]
        if any(expectation.at for expectation in fitting):
            where = _where(passage, match.start)
            return any(
                not e.at or any(fnmatchcase(where, pattern) for pattern in e.at) for e in fitting
            )
        return self._expects_kind(*key)

    def _expects_kind(self, fmt: str, carrier: Carrier, category: Category) -> bool:
        """The same for a kind of place of which the contract doesn't ask where; kept."""
        key = (fmt, carrier, category)
        if key not in self._expected:
            self._expected[key] = any(_fits(e, *key) for e in self._contract.expect)
        return self._expected[key]

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
        room = self.limit - len(self._deciding)
        listed = sorted(
            (
                *self._expected_ones.first(self.limit),
                *self._deciding.first(self.limit),
                *self._doubtful.first(room),
            ),
            key=lambda entry: entry[0],
        )
        return tuple(finding for _, finding in listed)


def _fits(expectation: Expectation, fmt: str, carrier: Carrier, category: Category) -> bool:
    """Whether an expectation speaks of that kind of place, whichever one it is."""
    return (
        category.value in expectation.categories
        and expectation.in_ in ("anywhere", carrier.value)
        and (not expectation.formats or any(fnmatchcase(fmt, p) for p in expectation.formats))
    )


def _may_repeat(passage: Passage) -> bool:
    """Whether some of a passage may be given twice.

    Texts cut at a line share it; a field at fault is read alone and with its neighbours.
    """
    return isinstance(passage.where, _OF_LINES) or bool(passage.fault)


def _where(passage: Passage, start: int) -> str:
    if isinstance(passage.where, _OF_LINES):
        return passage.where.at(start)
    return passage.where if isinstance(passage.where, str) else passage.where()


def bytes_at(passage: Passage, match: Match) -> tuple[int | None, int | None]:
    """The match's bytes where characters map to bytes, else those of the whole passage."""
    return bytes_of(passage, match.start, match.end)
