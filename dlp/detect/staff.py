"""Names that a business paper gives as its own people's: officers', authors', attendees'.

A job's title beside a name, the head of a list of attendees, "Prepared by" and a memo's head say
so, but only where all that is said around is business. A patient has a job too, and writes, signs
and attends: with one word near that is none of business, or an identifier, the name stays.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from dlp.detect.business import is_business
from dlp.detect.reading import Reading
from dlp.detect.words import vocabulary
from dlp.model import Category, Match

_NEAR: Final = 300
"""Characters on either side in which every word must be one of business."""
_GUESSES: Final = frozenset({"name-model", "name-pattern"})
_FULL: Final = 2
"""Words of a name that is the same person's wherever it stands."""
_HEAD: Final = (
    r"(?:officer|director|manager|president|vp|cfo|ceo|coo|cio|cto|cmo|ciso|controller"
    r"|comptroller|treasurer|secretary|chair(?:man|woman|person)?|supervisor|coordinator"
    r"|administrator|specialist|analyst|coder|biller|clerk|accountant|bookkeeper|auditor"
    r"|(?:general )?counsel|engineer|developer|architect|consultant|executive|representative"
    r"|(?:team|billing|coding|technical|project) lead|trainer|poster|recruiter"
    r"|managing (?:member|partner)|photographer)"
)
_MODIFIER: Final = (
    r"(?:chief|executive|vice|senior|sr\.?|junior|jr\.?|assistant|associate|deputy|interim|acting"
    r"|regional|national|managing|general|financial|operating|information|technology|technical"
    r"|medical|compliance|privacy|security|account|accounts|receivable|payable|accounting|finance"
    r"|billing|coding|claims|revenue|cycle|payment|project|program|product|practice|office|sales"
    r"|marketing|support|client|customer|provider|network|relations|enrollment|credentialing"
    r"|implementation|integration|software|systems?|data|quality|operations|human|resources|hr|it"
    r"|edi|legal|training|education|development|business|contracts?|contracting|executive|of|and|&)"
)
_ROLE: Final = rf"(?:{_MODIFIER} ){{0,4}}{_HEAD}(?: (?:and|&) {_HEAD})?"
_UNIT: Final = rf"(?:,? (?:of|for|-)? ?{_MODIFIER}(?: {_MODIFIER}){{0,3}})?"
_CREDENTIAL: Final = (
    r"(?:CPC(?:-[A-Z])?|CPMA|CPB|CPPM|RHIT|RHIA|CCS(?:-P)?|CHC|CHPS|CPA|MBA|MHA|FACHE|FHFMA|CRCR|PMP"
    r"|CISSP|Esq\.?|J\.?D\.?)"
)
_END: Final = r"(?=\s*(?:$|[,.;|)!]|-|\u2013|\n| of\b| at\b))"
_AFTER: Final = re.compile(
    rf"\s?(?:,|-|\u2013|\u2014|\||\(|\t) ?(?i:the )?(?i:{_ROLE}){_UNIT}{_END}"
)
_CREDENTIALED: Final = re.compile(rf", ?{_CREDENTIAL}(?![A-Za-z])")
_BELOW: Final = re.compile(
    rf"(?:, ?{_CREDENTIAL})*[ \t]*\r?\n[ \t]*(?i:title: ?)?(?i:{_ROLE}){_UNIT}{_END}"
)
_DESK: Final = re.compile(
    r"(?i), ?(?:accounts (?:payable|receivable)|(?:provider|customer) (?:relations|services)"
    r"|human resources|legal|billing|compliance|finance)(?=\s*(?:$|[.;\n]))"
)
_BEFORE: Final = re.compile(rf"(?i)(?:^|[\s(]){_ROLE}{_UNIT}(?: ?[:,-])? ?$")
_START: Final = r"(?:^|[\n.;|]|\*\*)[ \t>*#-]{0,4}"
_MADE: Final = re.compile(
    rf"(?i)(?:{_START}(?:prepared|reviewed|approved|created|modified|updated|revised|written|drafted"
    r"|compiled|issued|authored|verified|checked|tested|implemented|posted|released|audited"
    r"|minutes taken|recorded)[- ]by:\**"
    r"|\b(?:prepared|written|drafted|compiled|authored|photographed|photograph|photo|minutes taken"
    r"|(?:motion|moved|seconded)) by:?"
    rf"|{_START}(?:author|presenter|instructor|trainer|speaker|facilitator|maintainer"
    r"|(?:document|policy|process|system|product) owner|approver"
    r"|(?:executive|project) sponsor|(?:technical|project|billing) lead"
    r"|(?:vendor|escalation|technical|business) contact|note[- ]?taker"
    r"|(?:it )?help ?desk)s?:\**|\bcopyright (?:\(c\) |\u00a9 )?(?:[0-9]{4}(?:-[0-9]{4})?,? )?) ?$"
)
_LIST_HEAD: Final = re.compile(
    rf"{_START}(?i:present|in attendance|attendees|participants|absent|regrets|excused|invitees"
    r"|guests|distribution|members present):"
)
_JOINTS: Final = frozenset({"and", "&", "-", "*", "\u2022"})
_MEETING: Final = re.compile(
    r"(?i)\b(?:minutes|agenda|action items?|board|committee|quorum|stand-?up|steering|budget)\b"
)
_ADDRESSED: Final = re.compile(r"(?i:to|from|cc):[ \t]*(?:[A-Z][\w'.\-]*(?:, ?| )){0,6}$")
_MEMO: Final = re.compile(r"(?im)^[ \t]*(?:interoffice )?memo(?:randum)?[ \t]*:?[ \t]*$")
_PAPER: Final = re.compile(
    r"(?i)\b(?:policy|version|revision|rev\.?|document|report|memo|manual|guideline|standard)\b"
)
_PASSED: Final = re.compile(r"(?i)\b(?:approved|reviewed|updated|revised|issued) by:? ?$")
_SAID_AFTER: Final = re.compile(
    r"(?i) (?:called the meeting to order|adjourned the meeting|chief [a-z]{2,12} officer"
    rf"|(?:has been |was )?promoted to {_ROLE}|as (?:our |the )?(?:new )?{_ROLE}"
    rf"|(?:has )?join(?:s|ed) (?:us|the (?:company|firm|team)) as {_ROLE})"
)
_TREATING: Final = re.compile(
    rf"(?i){_START}(?:surgeon of record|assistant surgeon|primary care(?: provider)?"
    r"|referring(?: (?:provider|physician|md))?): ?$"
)
"""Whoever stands behind it treats, whatever stands around."""
_ALONE: Final = re.compile(r" ?(?:[.;\n]|$)")
_INSIDE_END: Final = re.compile(rf",? (?:(?i:{_ROLE})|{_CREDENTIAL})$")
_INSIDE_START: Final = re.compile(rf"(?i:{_ROLE}):? ")
_PERSONS: Final = vocabulary(
    "patient pt member subscriber insured guarantor claimant client dear mr mrs ms miss dependent"
)
_LAST_WORD: Final = re.compile(r"([A-Za-z]+)[\s:.,]*$")
_CONTACT_LINE: Final = re.compile(
    r"(?i)[\s|,:;./()+x0-9-]*(?:(?:phone|tel|telephone|office|direct|main|fax|e-?mail|mail|p|o|t|f|d"
    r"|ext)\b[\s|,:;./()+x0-9-]*){0,4}$"
)
_BLOCK: Final = 6
"""Lines of a signature below its name."""
_CONTACTS: Final = frozenset({Category.PHONE, Category.EMAIL})


_SILENT: Final = _CONTACTS | {
    Category.NAME, Category.ADDRESS, Category.OTHER_DATE, Category.OTHER_ID, Category.URL
}  # fmt: skip
"""What business papers have too. Anything else is said of a patient."""


class _Place(NamedTuple):
    before: str
    after: str
    words: int
    around: str


def without_staff(matches: Iterable[Match], reading: Reading, around: str = "") -> list[Match]:
    """The matches but for names, and contacts below them, that are a business paper's own people's.

    Linear: what is looked at around a match is bounded.

    Args:
        matches: In any order.
        reading: Where they were found.
        around: What stands before and after, all of it business.
    """
    found = list(matches)
    text, said = reading.text, _unnamed(reading.text, found)
    marks = sorted(m.start for m in found if m.category not in _SILENT)
    theirs = [
        m
        for m in found
        if is_guess(m)
        # Of two lines read as one name the second may be somebody else's.
        and "\n" not in text[m.start : m.end]
        and not _is_marked(m, marks)
        and _is_staffs(_place(text, said, m), around)
    ]
    if not theirs:
        return found
    known = {_written(reading, m) for m in theirs if len(_written(reading, m)) >= _FULL}
    told = {(m.start, m.end) for m in theirs}
    titled = sorted(m.end for m in theirs if _has_title(_place(text, said, m)))
    return [m for m in found if not _goes(m, reading, said, known, told, titled)]


def _unnamed(text: str, found: list[Match]) -> str:
    """The text without its names, which are words too: Marsh, Pike."""
    parts, place = [], 0
    for match in sorted(filter(is_guess, found), key=lambda m: m.start):
        if match.start >= place:
            parts += [text[place : match.start], " " * (match.end - match.start)]
            place = match.end
    return "".join([*parts, text[place:]])


def _goes(
    match: Match,
    reading: Reading,
    said: str,
    known: set[tuple[str, ...]],
    told: set[tuple[int, int]],
    titled: list[int],
) -> bool:
    if match.category in _CONTACTS:
        return _is_signers(match, reading.text, titled)
    if not is_guess(match):
        return False
    if (match.start, match.end) in told:
        return True
    # "Helen Marsh presented the report", who was told further up to be the CFO.
    return _written(reading, match) in known and not _is_persons(_place(reading.text, said, match))


def _is_marked(match: Match, marks: list[int]) -> bool:
    """Whether an identifier of a patient's stands near."""
    place = bisect_left(marks, match.start - _NEAR)
    return place < len(marks) and marks[place] < match.end + _NEAR


def is_guess(match: Match) -> bool:
    """Whether a match is a name that only its looks tell."""
    return match.category is Category.NAME and match.detector in _GUESSES


def _written(reading: Reading, match: Match) -> tuple[str, ...]:
    return tuple(reading.text[match.start : match.end].lower().split())


def _place(text: str, said: str, match: Match) -> _Place:
    """What stands around it; a title that the guess took in is none of the name."""
    written = text[match.start : match.end]
    first, last = _INSIDE_START.match(written), _INSIDE_END.search(written)
    start = match.start + (first.end() if first else 0)
    end = match.start + last.start() if last else match.end
    begin, stop = max(0, start - _NEAR), end + _NEAR
    # The window may begin and end in the midst of a word.
    while 0 < begin < start and said[begin - 1].isalpha():
        begin += 1
    while end < stop < len(said) and said[stop].isalpha():
        stop -= 1
    words = len(text[start:end].split())
    return _Place(text[begin:start], text[end:stop], words, f"{said[begin:start]} {said[end:stop]}")


def _is_persons(place: _Place) -> bool:
    """Whether a word announces a person, or one that is none of business stands near."""
    last = _LAST_WORD.search(place.before[-20:])
    if last is not None and last[1].lower() in _PERSONS:
        return True
    return not is_business(place.around)


def _is_staffs(place: _Place, around: str) -> bool:
    if _TREATING.search(place.before[-60:]) and _ALONE.match(place.after):
        return place.words == 1
    return (_has_title(place) or _is_headed(place, around)) and not _is_persons(place)


def _has_title(place: _Place) -> bool:
    """``Helen Marsh, CFO``, ``Director of Coding: Janet Obi``, a title on the line below."""
    after = (_AFTER, _CREDENTIALED, _BELOW, _DESK, _SAID_AFTER)
    return any(p.match(place.after) for p in after) or bool(_BEFORE.search(place.before[-80:]))


def _is_headed(place: _Place, beyond: str) -> bool:
    """``Prepared by:``, a list of attendees of a meeting, the head of a memo."""
    if _MADE.search(place.before[-60:]):
        return True
    around = f"{place.before}\n{place.after}\n{beyond}"
    if _MEETING.search(around) and _is_listed(place.before):
        return True
    if _PAPER.search(around) and _PASSED.search(place.before[-30:]):
        return True
    line = place.before.rpartition("\n")[2]
    return _ADDRESSED.match(line) is not None and _MEMO.search(around) is not None


def _is_listed(before: str) -> bool:
    """Whether nothing but names stands between the head of a list and here."""
    heads = list(_LIST_HEAD.finditer(before))
    if not heads:
        return False
    words = before[heads[-1].end() :].replace("*", " ").split()
    return all(word in _JOINTS or word.lstrip("(")[:1].isupper() for word in words)


def _is_signers(match: Match, text: str, titled: list[int]) -> bool:
    """Whether a telephone or mailbox stands alone on a line of a signature with a title."""
    begin = text.rfind("\n", max(0, match.start - _NEAR), match.start) + 1
    end = text.find("\n", match.end, match.end + _NEAR)
    rest = text[begin : match.start] + text[match.end : end if end >= 0 else match.end + _NEAR]
    if not begin or not _CONTACT_LINE.match(rest):
        return False
    # In order of place: the nearest before it is whose block it may be.
    place = bisect_left(titled, match.start) - 1
    return place >= 0 and _in_block(text, titled[place], match.start)


def _in_block(text: str, name: int, start: int) -> bool:
    if not name < start <= name + _NEAR:
        return False
    between = text[name:start].split("\n")
    return len(between) <= _BLOCK and all(map(str.strip, between[1:-1]))
