"""Numbers that a line's end breaks: in front of them from their label, or in their midst.

Labels and numbers are sought in a line, since below a short one something else begins. A long one
was broken because it was full, and goes on in the next: at a blank, or wherever it was full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.detect.dated import find_dated
from dlp.detect.labelled import find_labelled
from dlp.detect.licences import find_licences
from dlp.detect.patterns import find_patterns
from dlp.detect.phones import find_phones
from dlp.detect.reading import Reading
from dlp.model import Match

_FULL: Final = 48
"""Characters of a line that may go on in the next one, as for names."""
_CUT: Final = 60
"""Characters of a line that may be cut in the midst of a word."""
_REACH: Final = 48
"""Characters of either line that are read."""
_NEAR: Final = 24
"""Characters into the next line in which a value begins that its label is cut off from."""
_END: Final = re.compile(r"[ \t]{0,8}\r?\n[ \t>]{0,8}(?=\S)")
_LABEL: Final = re.compile(
    r"(?i)(?:ssn|social|security|mrn|medical|record|account|acct|member|subscriber|insured|policy"
    r"|claim|chart|licen[cs]e|driver'?s|dob|birth|born|card|mbi|medicare|medicaid|routing|phone|call"
    r"|cell|tel|fax|number|no\.?|#|id|\(?[0-9]{3}\)?)[ \t:.#-]{0,4}\Z"
)
"""What a line ends in whose number the next one begins with."""
_DIGIT: Final = re.compile(r"[0-9]")
_HALF: Final = re.compile(r"[0-9A-Za-z(@./-]\Z")
_OTHER_HALF: Final = re.compile(r"[0-9@./-]|[0-9A-Za-z]{2}[0-9]")


class _Seam(NamedTuple):
    """Two lines' ends put together.

    Attributes:
        reading: Their text.
        low: Where it begins in the whole one.
        cut: Where the second line begins in it.
        gap: Characters that the whole text has there besides.
    """

    reading: Reading
    low: int
    cut: int
    gap: int


def find_wrapped(reading: Reading) -> Iterator[Match]:
    """Numbers over a line's end, or cut off from their label by one; linear in the text."""
    if "\n" not in reading.folded:
        return
    line = 0
    for end in _END.finditer(reading.folded):
        size, line = end.start() - line, end.end()
        if size >= _FULL:
            yield from _over(reading, end, size)


def _over(reading: Reading, end: re.Match[str], size: int) -> Iterator[Match]:
    left = reading.folded[max(0, end.start() - _REACH) : end.start()]
    right = reading.folded[end.end() : end.end() + _REACH].partition("\n")[0]
    if _LABEL.search(left) and _DIGIT.search(right):
        yield from _found(_seam(end, left, " ", right), reach=_NEAR)
    if size >= _CUT and _is_cut(end, left, right):
        yield from _found(_seam(end, left, "", right), reach=0)


def _is_cut(end: re.Match[str], left: str, right: str) -> bool:
    """Whether a number may go on over a line's end, without a blank at it."""
    between = end[0].strip("\r") == "\n"
    return bool(between and _HALF.search(left) and _OTHER_HALF.match(right))


def _seam(end: re.Match[str], left: str, between: str, right: str) -> _Seam:
    cut = len(left) + len(between)
    return _Seam(
        Reading(left + between + right), end.start() - len(left), cut, len(end[0]) - len(between)
    )


def _found(seam: _Seam, *, reach: int) -> Iterator[Match]:
    """What stands over the cut, or begins at most ``reach`` characters behind it."""
    length = len(seam.reading.text)
    for find in (find_labelled, find_patterns, find_phones, find_licences, find_dated):
        for match in find(seam.reading):
            whole = (match.start > 0 or not seam.low) and match.end < max(length, seam.cut + _REACH)
            if whole and match.start < seam.cut + reach and match.end > seam.cut:
                yield match._replace(
                    start=_place(seam, match.start), end=_place(seam, match.end - 1) + 1
                )


def _place(seam: _Seam, at: int) -> int:
    return seam.low + at + (seam.gap if at >= seam.cut else 0)
