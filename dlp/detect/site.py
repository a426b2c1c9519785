"""A site's own patterns: its partners' identifiers, in linear time whatever was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import re2

from config.contracts import Pattern
from dlp.detect.context import near_words
from dlp.detect.reading import Reading
from dlp.detect.scan import compile_site
from dlp.model import Category, Match

# A match is linear in what it looks at; pieces keep an expression such as "a(.*z)?" from looking
# at the rest of the text for each of its matches.
_PIECE, _OVERLAP = 4096, 256


class _Compiled(NamedTuple):
    pattern: Pattern
    expression: re2._Regexp
    context: frozenset[str]


class SitePatterns:
    """Patterns of ``Rules.patterns``, applied to text with accents folded to ASCII.

    Raises:
        DlpError: At construction, naming the rule, when an expression isn't usable.
    """

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self._compiled = tuple(
            _Compiled(p, compile_site(p.name, p.regex), frozenset(w.lower() for w in p.context))
            for p in patterns
        )

        #: The patterns' own names.
        self.names = frozenset(pattern.name for pattern in patterns)

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def find(self, reading: Reading) -> Iterator[Match]:
        """Matches of each pattern; one that is longer than 256 characters may be cut."""
        for compiled in self._compiled:
            for start, end in _pieces(compiled.expression, reading.data):
                if compiled.context and not near_words(reading, start, end, compiled.context):
                    continue
                pattern = compiled.pattern
                yield Match(
                    Category(pattern.category), start, end, pattern.confidence, pattern.name
                )


def _pieces(expression: re2._Regexp, data: bytes) -> Iterator[tuple[int, int]]:
    done = -1
    for base in range(0, len(data), _PIECE - _OVERLAP):
        for match in expression.finditer(data[base : base + _PIECE]):
            start, end = base + match.start(), base + match.end()
            if end > start >= done:
                yield start, end
                done = end
        if base + _PIECE >= len(data):
            return
