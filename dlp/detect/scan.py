"""Walking a text with a linear-time expression whose first group is the value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import re2

from dlp.model import DlpError

# What may stand beside a value without being part of a longer one (a GUID, a path, a decimal).
LEFT = r"(?:^|[^0-9A-Za-z\-./+_])"
RIGHT = r"(?:[^0-9A-Za-z\-_/]|$)"


def compile_bounded(value: str, *, left: str = LEFT, right: str = RIGHT) -> re2._Regexp:
    """Compile a value's expression between boundaries; case is ignored."""
    return re2.compile(f"(?i){left}({value}){right}".encode())


def compile_site(name: str, expression: str) -> re2._Regexp:
    """Compile a site's own expression.

    Raises:
        DlpError: When it isn't RE2 syntax, grows too large, or matches the empty string.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(expression.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise DlpError(
            f"rules: pattern {name!r}: not a valid RE2 expression ({reason}); "
            "RE2 has no back-references and no look-around"
        ) from error
    if compiled.search(b"") is not None:
        raise DlpError(f"rules: pattern {name!r}: matches nothing at all; make it ask for a value")
    return compiled


_LONG = 4_096
"""Bytes from which on expressions take longer than calling them."""


class Screen:
    """Tells in one pass which of several expressions a text matches at all.

    Most short texts match none, and calling an expression costs more than running it: 47 of them
    take 55 microseconds for a note of 46 bytes, their screen takes one.

    Args:
        expressions: They may match anywhere.
    """

    def __init__(self, expressions: Iterable[re2._Regexp]) -> None:
        self._expressions = tuple(expressions)
        self._all = frozenset(self._expressions)
        options = re2.Options()
        options.max_mem = 64 * 2**20
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for expression in self._expressions:
            self._set.Add(expression.pattern)
        # Matches always: without it the automaton has failed, and nothing is known.
        self._set.Add(b"")
        self._set.Compile()

    def among(self, data: bytes) -> Collection[re2._Regexp]:
        """Those that match, all of them where that can't be told or wouldn't pay."""
        if len(data) > _LONG:
            return self._all
        found = self._set.Match(data)
        if not found or len(self._expressions) not in found:
            return self._all
        # In order; the last is the one that always matches.
        return {self._expressions[number] for number in found if number < len(self._expressions)}


def spans(expression: re2._Regexp, data: bytes) -> Iterator[tuple[int, int]]:
    """Places of the first group, left to right; neighbours may share a boundary character."""
    position = 0
    while match := expression.search(data, position):
        start, end = match.span(1)
        yield start, end
        position = max(end, match.start() + 1)
