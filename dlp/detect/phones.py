"""Telephone and fax numbers by the North American numbering plan's rules, and by their labels."""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import re2

from dlp.detect import checksums
from dlp.detect.context import near_words, words_before
from dlp.detect.dates import parse_date
from dlp.detect.letterheads import is_organisations
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, compile_bounded, spans
from dlp.model import Category, Match

_LEFT = r"(?:^|[^0-9A-Za-z\-.+/_#])"
_WRITTEN = compile_bounded(
    r"(?:\+?1[-. ]?)?(?:\([2-9][0-9]{2}\)[ \-]?|[2-9][0-9]{2}[-. /])[2-9][0-9]{2}[-. ][0-9]{4}",
    left=_LEFT,
    right=r"(?:[^0-9A-Za-z\-/]|x|e|[\-/][^0-9]|$)",
)
_BARE = compile_bounded(r"1?[2-9][0-9]{9}")
_INTERNATIONAL = compile_bounded(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", left=r"(?:^|[^0-9A-Za-z+])")
"""As ITU-T E.164 has it: the sign says that it is a telephone's."""
_LOCAL = compile_bounded(r"[2-9][0-9]{2}[-. ][0-9]{4}")
_FOREIGN = compile_bounded(
    r"\+[2-9][0-9]{0,2}(?:[ .\-]?\(?[0-9]{1,4}\)?){2,6}", left=r"(?:^|[^0-9A-Za-z+])"
)
_LABELLED = re2.compile(
    rb"(?i)(?:^|[^a-z])(?:phone|telephone|tel|mobile|cell|ph|fax|call(?: me| him| her| us| them)?(?: at| on))"
    rb"(?: number| no\.?| ?#)?[ :.]{0,3}(?:is |at |on )?(\(?\+?[0-9][0-9 ().\-]{5,18}[0-9])(?:[^0-9A-Za-z]|$)"
)
_PHONE_WORDS = frozenset(
    {
        "phone",
        "tel",
        "telephone",
        "call",
        "called",
        "cell",
        "mobile",
        "ph",
        "contact",
        "number",
        "callback",
        "home",
        "work",
        "dial",
        "reach",
        "reached",
        "text",
        "voicemail",
        "vm",
        "fax",
    }
)
_STRONG = frozenset({"phone", "tel", "telephone", "cell", "mobile", "ph", "fax", "callback"})
_FAX = frozenset({"fax", "faxed", "facsimile"})
_FAX_AFTER = frozenset({"fax"})
_OWN = frozenset({"home", "cell", "mobile", "pt", "patient", "daughter", "son", "wife", "husband"})
_NOT = frozenset(
    {
        "invoice",
        "npi",
        "ndc",
        "lot",
        "check no",
        "po",
        "tracking",
        "claim",
        "icn",
        "dcn",
        "auth",
        "ref",
        "reference",
        "trace",
        "eft",
    }
)
_TOLL_FREE = frozenset({"800", "888", "877", "866", "855", "844", "833", "822", "900"})
_DIGITS = re.compile(r"[^0-9]")
_TEN, _SHORTEST, _LONGEST, _LOCAL_LENGTH = 10, 8, 15, 7


def find_phones(reading: Reading) -> Iterator[Match]:
    """Telephone numbers, one confidence by how they are written and what stands near."""
    possible = _SCREEN.among(reading.data)
    for expression, valid, confidence in _FORMS:
        for start, end in spans(expression, reading.data) if expression in possible else ():
            if valid(reading, start, end):
                yield _match(reading, start, end, confidence)


def _is_written(reading: Reading, start: int, end: int) -> bool:
    return checksums.nanp(_number(reading, start, end))


def _is_bare(reading: Reading, start: int, end: int) -> bool:
    return _is_written(reading, start, end) and _named(reading, start, end, _PHONE_WORDS)


def _is_local(reading: Reading, start: int, end: int) -> bool:
    return _named(reading, start, end, _STRONG)


def _is_foreign(reading: Reading, start: int, end: int) -> bool:
    return _SHORTEST <= len(_number(reading, start, end)) <= _LONGEST


def _is_labelled(reading: Reading, start: int, end: int) -> bool:
    # Written as other countries do, or by hand: the label says what it is.
    digits = _number(reading, start, end)
    written = reading.text[start:end]
    return _LOCAL_LENGTH <= len(digits) <= _LONGEST and not parse_date(written)


_FORMS: tuple[tuple[re2._Regexp, Callable[[Reading, int, int], bool], float], ...] = (
    (_WRITTEN, _is_written, 0.8),
    (_BARE, _is_bare, 0.75),
    (_INTERNATIONAL, _is_written, 0.75),
    (_LOCAL, _is_local, 0.55),
    (_FOREIGN, _is_foreign, 0.7),
    (_LABELLED, _is_labelled, 0.6),
)
_SCREEN = Screen(expression for expression, _, _ in _FORMS)


def _number(reading: Reading, start: int, end: int) -> str:
    digits = _DIGITS.sub("", reading.folded[start:end])
    return digits[1:] if len(digits) == _TEN + 1 and digits[0] == "1" else digits


def _named(reading: Reading, start: int, end: int, words: frozenset[str]) -> bool:
    return near_words(reading, start, end, words) and not near_words(
        reading, start, end, _NOT, after=False
    )


def _match(reading: Reading, start: int, end: int, confidence: float) -> Match:
    before = words_before(reading, start)[-3:]
    following = reading.lower[end : end + 8].replace("-", " ").split()[:1]
    is_fax = not _FAX.isdisjoint(before) or not _FAX_AFTER.isdisjoint(following)
    if _number(reading, start, end)[:3] in _TOLL_FREE and not near_words(
        reading, start, end, _OWN, after=False
    ):
        # An 800 line is a payer's or a firm's.
        confidence = 0.3
    elif is_organisations(reading, start):
        confidence = 0.3
    return Match(
        Category.FAX if is_fax else Category.PHONE,
        start,
        end,
        confidence,
        "fax" if is_fax else "phone",
    )
