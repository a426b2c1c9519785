"""Names that open a note, where a person's act or visit follows, and surnames behind a title.

``Kekoa Kealoha seen at``, ``L Fairweather PT eval``, ``Mrs. Washington``: the model sees sentences,
and shorthand is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.detect.cues import is_staff_before
from dlp.detect.reading import plain
from dlp.detect.words import is_given_name, is_not_name
from dlp.model import Category, Match
from dlp.names.filter import CUES, SAID, is_ordinary, is_surname_too

_DETECTOR: Final = "name-pattern"
_CONFIDENCE: Final = 0.55
_NAME: Final = r"[A-Z][A-Za-z'\u2019\-]{1,20}"
_OPENING: Final = re.compile(
    rf"(?:^|[\n;] ?|[a-z]: | - )((?:{_NAME},? |[A-Z]\.? )(?:{_NAME} |[A-Z]\.? )?{_NAME})"
    r"(?=[ ,:(\-])"
)
_OPENER: Final = re.compile(
    r"(?i)[ ,:(]{0,2}(?:- ?|-- ?)?(?:c/o|f/u|s/p|h/o|d/c|r/s|n/s|no[- ]?show|pod ?#?[0-9]"
    r"|g[0-9]p[0-9]|[0-9]{1,2} ?(?:y/?o|yo[mf]|[mf])\b|(?:pt|ot|slp) (?:eval|tx|d/c|visit)"
    r"|here (?:for|today|with)|seen (?:at|in|for|today|by)|(?:is|was) (?:here|seen)|in for"
    r"|came in|comes in|has tolerated|will (?:mail|call|pay|send)|dob\b|mrn\b)"
)
"""What a note says right behind a patient's name."""
_TITLED: Final = re.compile(rf"(?:^|[\s(:])(?:M(?:rs|r|s)\b\.?|M(?:RS|R)\b\.?|Miss) ({_NAME})")
_TITLE_AFTER: Final = re.compile(
    r"(?:^|[\s(:])([A-Za-z][A-Za-z'\u2019\-]{2,20}),? (?:mrs|mr)\b\.?(?= ?[\-,;:)\n]|$)"
)
_OWNER: Final = re.compile(
    rf"(?:^|[\s(:])({_NAME})'s (?i:eob|appt|appointment|chart|account|acct|balance|labs?|mri|dob"
    r"|surgery|refill|rx|mother|mom|dad|father|wife|husband|daughter|son|copay|deductible|ssn)\b"
)
"""``Trujillo's EOB``: what persons have."""
_WORD: Final = re.compile(r"[A-Za-z]+")
_PART: Final = re.compile(r"[A-Za-z][A-Za-z'\u2019\-]*")
_REACH: Final = 24


def find_openings(text: str) -> Iterator[Match]:
    """Names by where they stand and what follows; linear.

    Args:
        text: Folded.
    """
    for match in _OPENING.finditer(text):
        end = _opening_end(text, match)
        if end:
            yield Match(Category.NAME, match.start(1), end, _CONFIDENCE, _DETECTOR)
    for match in _TITLED.finditer(text):
        norm = plain(match[1])
        if is_surname_too(norm) and not _in_capitals(text, match):
            yield Match(Category.NAME, match.start(1), match.end(1), _CONFIDENCE, _DETECTOR)
    for match in _OWNER.finditer(text):
        if _unknown(plain(match[1])) and not _in_capitals(text, match):
            yield Match(Category.NAME, match.start(1), match.end(1), _CONFIDENCE, _DETECTOR)
    for match in _TITLE_AFTER.finditer(text):
        norm = plain(match[1])
        if _unknown(norm) and norm not in CUES:
            yield Match(Category.NAME, match.start(1), match.end(1), _CONFIDENCE, _DETECTOR)


def is_opener(following: str) -> bool:
    """Whether what follows a name is said of a person or of a visit.

    Args:
        following: A few words.
    """
    first = _WORD.match(following.lstrip(" ,-:("))
    if following[:3] in (" - ", " -- "):
        return True
    said = first is not None and first[0].lower() in SAID
    return said or _OPENER.match(following) is not None


def _opening_end(text: str, match: re.Match[str]) -> int:
    """Where the name ends that opens a note, 0 if none does: its last word may be shorthand."""
    start = match.start(1)
    before = _WORD.findall(text[max(0, start - _REACH) : start].lower())
    if is_staff_before(before[-1] if before else "", before[-2] if len(before) > 1 else ""):
        return 0
    written = list(_PART.finditer(match[1]))
    for count in (len(written), len(written) - 1):
        end = start + written[count - 1].end()
        if count > 1 and _names([plain(part[0]) for part in written[:count]]):
            return end if is_opener(text[end : end + _REACH]) else 0
    return 0


def _names(norms: list[str]) -> bool:
    full = [norm for norm in norms if len(norm) > 1]
    return bool(full) and all(_unknown(norm) or is_surname_too(norm) for norm in full)


def _unknown(norm: str) -> bool:
    """Whether a word is nothing else that we know."""
    if is_given_name(norm):
        return True
    return not is_ordinary(norm) and not is_not_name(norm)


def _in_capitals(text: str, match: re.Match[str]) -> bool:
    """``MR HEAD AND NECK``: a scan, in a text that is written in capitals."""
    return match[1].isupper() and text[match.start() : match.start(1)].strip(" .(:") == "MR"
