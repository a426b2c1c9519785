"""Postal addresses of strangers: a house number, a street's name and its suffix, or a box."""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from dlp.detect.context import near_words
from dlp.detect.letterheads import is_organisations
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, spans
from dlp.detect.words import is_word, vocabulary
from dlp.model import Category, Match

_SUFFIX = (
    r"(?:street|st|avenue|ave|av|road|rd|drive|dr|lane|ln|court|ct|boulevard|blvd|circle|cir|place|pl"
    r"|terrace|ter|parkway|pkwy|highway|hwy|square|sq|trail|trl|way|loop|pike|turnpike|tpke|alley"
    r"|crescent|cove|crossing|xing|ridge|plaza|heights|hts|route|rte)"
)
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]"
    r"|T[NX]|UT|V[AIT]|W[AIVY])"
)
_TAIL = (
    r"(?:,? (?:apt|apartment|unit|suite|ste|#|lot|rm)\.? ?#?[A-Za-z0-9\-]{1,6})?"
    rf"(?:,?\s{{1,3}}[A-Za-z.'\-]{{2,20}}(?: [A-Za-z.'\-]{{2,20}}){{0,2}},? {_STATE}\b\.?(?: [0-9]{{5}}(?:-[0-9]{{4}})?)?)?"
)
_STREET = re2.compile(
    (
        r"(?i)(?:^|[^0-9A-Za-z$./:\-])([0-9]{1,6}[A-Za-z]?(?: (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?)?"
        rf"(?: [A-Za-z0-9][A-Za-z0-9'\-]{{0,20}}){{1,4}}? {_SUFFIX}\b\.?{_TAIL})"
    ).encode()
)
_BOX = re2.compile(
    rf"(?i)(?:^|[^0-9A-Za-z])((?:P\.? ?O\.?|Post ?Office) ?Box #?[0-9]{{1,7}}{_TAIL})(?:[^0-9A-Za-z]|$)".encode()
)
_ROUTE = re2.compile(
    (
        r"(?i)(?:^|[^0-9A-Za-z])((?:(?:RR|R\.R\.|HCR?|Rural Route|RFD|Star Route) ?#?[0-9]{1,4},? Box #?[0-9]{1,5}[A-Z]?"
        r"|(?:PSC|CMR|Unit) [0-9]{1,5},? Box [0-9]{1,5}(?:,? (?:APO|FPO|DPO),? A[AEP] [0-9]{5}(?:-[0-9]{4})?)?"
        rf"|(?:APO|FPO|DPO),? A[AEP] [0-9]{{5}}){_TAIL})(?:[^0-9A-Za-z]|$)"
    ).encode()
)
# Salt Lake's streets are numbers: "2950 S 1300 E".
_GRID = re2.compile(
    (
        r"(?i)(?:^|[^0-9A-Za-z$./:\-])([0-9]{2,5} (?:N|S|E|W|North|South|East|West)\.? [0-9]{1,3}(?:00|50)"
        rf" (?:N|S|E|W|North|South|East|West)\b\.?{_TAIL})"
    ).encode()
)
_TOWN = re2.compile(
    (
        r"(?:^|[^0-9A-Za-z.'\-])((?:[A-Z][A-Za-z.'\-]{1,20} ){0,2}[A-Z][A-Za-z.'\-]{1,20},? "
        rf"{_STATE}\.?,? {{1,2}}[0-9]{{5}}(?:-[0-9]{{4}})?)(?:[^0-9A-Za-z]|$)"
    ).encode()
)
_TOWN_SMALL = re2.compile(
    (
        r"(?i)(?:^|[^0-9A-Za-z.'\-])([A-Z][A-Za-z.'\-]{1,20}(?: [A-Z][A-Za-z.'\-]{1,20})?, "
        rf"{_STATE} [0-9]{{5}}(?:-[0-9]{{4}})?)(?:[^0-9A-Za-z]|$)"
    ).encode()
)
_SUFFIX_AT = re.compile(_SUFFIX + r"$")
_NUMBERED = re.compile(r"[0-9]{1,3}(?:st|nd|rd|th)$")
# Streets are called so, though these are ordinary words too.
_STREET_WORDS = vocabulary(
    "western eastern northern southern main oak maple park church pine cedar elm lake hill "
    "walnut spring north south east west ridge washington highland sunset mill forest river "
    "railroad center valley willow chestnut spruce meadow green college school view franklin "
    "jefferson madison lincoln jackson cherry dogwood hickory broadway market water front "
    "county state rose garden wood birch poplar sycamore magnolia laurel locust prospect "
    "union liberty summer winter court orchard country king queen prince pleasant central "
    "grand bay ocean beach mountain canyon creek brook old new first second third fourth "
    "fifth sixth seventh eighth ninth tenth bridge station stone silver golden"
)
# What numbers count in notes.
_COUNTED = vocabulary(
    "mg mcg ml units unit days day weeks week months month years year hours hour hrs hr "
    "minutes min mins times time tablets tablet tabs tab caps doses dose visits visit claims "
    "claim pts patients yo of to in on at per by for from with and or the a is was seen x cm "
    "mm lbs lb kg pm am bid tid"
)
_PAYER = frozenset(
    {
        "payer",
        "claims",
        "appeals",
        "remit",
        "submit",
        "insurance",
        "provider",
        "claim",
        "appeal",
        "payment",
        "payments",
        "lockbox",
        "correspondence",
    }
)
_OF_AN_ID = re.compile(
    r"(?i)\b(?:payer|provider|member|patient|plan|group|claim|user|employee|submitter|receiver|sender"
    r"|tax|facility|partner|batch|order|case|account|customer|client|vendor|site) id\.? {1,2}[0-9]{5}"
)
"""A number, and not a town in Idaho."""
_AMBIGUOUS = frozenset({"dr", "ct", "way", "place", "pl", "court", "st", "ave", "av", "cir", "ter"})
_WHOLE, _LINE, _KNOWN, _BOXED, _DOUBTFUL, _PAYER_BOX = 0.85, 0.75, 0.6, 0.6, 0.45, 0.35
_BOX_BEFORE, _BOX_WITHIN = 24, 16
_SCREEN = Screen((_STREET, _BOX, _ROUTE, _GRID, _TOWN, _TOWN_SMALL))
_DIRECTIONS = frozenset({"n", "s", "e", "w", "ne", "nw", "se", "sw"})


def find_places(reading: Reading) -> Iterator[Match]:
    """Street lines, boxes and rural routes with what follows of city, state and ZIP; towns with ZIP."""
    if not _SCREEN.among(reading.data):
        return
    for start, end in spans(_STREET, reading.data):
        confidence = _street(reading, start, end)
        if confidence:
            confidence = _PAYER_BOX if is_organisations(reading, start) else confidence
            yield Match(Category.ADDRESS, start, end, confidence, "address")
    for start, end in spans(_BOX, reading.data):
        payer = near_words(reading, start, end, _PAYER, after=False)
        payer = payer or is_organisations(reading, start)
        yield Match(Category.ADDRESS, start, end, _PAYER_BOX if payer else _BOXED, "po-box")
    for start, end in spans(_ROUTE, reading.data):
        yield Match(Category.ADDRESS, start, end, _BOXED, "po-box")
    for start, end in spans(_GRID, reading.data):
        yield Match(Category.ADDRESS, start, end, _LINE, "address")
    for start, end in spans(_TOWN_SMALL if reading.whispers else _TOWN, reading.data):
        if _OF_AN_ID.search(reading.folded, start, end):
            continue
        payer = near_words(reading, start, end, _PAYER, after=False)
        payer = payer or is_organisations(reading, start)
        yield Match(Category.ADDRESS, start, end, _PAYER_BOX if payer else _BOXED, "address")


def is_payers(reading: Reading, start: int, end: int) -> bool:
    """Whether an address is a box that claims and payments are sent to: a firm's."""
    if "box" not in reading.lower[max(0, start - _BOX_BEFORE) : min(end, start + _BOX_WITHIN)]:
        return False
    return near_words(reading, start, end, _PAYER, after=False)


def _street(reading: Reading, start: int, end: int) -> float:
    value = reading.folded[start:end]
    parts = value.replace(".", " ").replace(",", " ").split()
    place = next(
        (i for i, p in enumerate(parts[2:7], 2) if _SUFFIX_AT.match(p.lower())), len(parts) - 1
    )
    names = [p.lower() for p in parts[1:place] if p.lower() not in _DIRECTIONS]
    whole = len(parts) > place + 2  # a city and a state, or a unit
    if not _is_street_name(reading, parts[1:place], names, whole=whole):
        return 0.0
    suffix = parts[place].lower()
    if suffix == "dr" and not whole and _a_name_follows(reading, end):
        return 0.0
    if suffix in _AMBIGUOUS and (reading.shouts or reading.whispers) and not whole:
        # "2 CHEST CT": without case an abbreviation needs a name that streets have.
        known = any(n in _STREET_WORDS or _NUMBERED.match(n) for n in names)
        return _KNOWN if known else _DOUBTFUL
    return _WHOLE if whole else _LINE


def _is_street_name(reading: Reading, written: list[str], names: list[str], *, whole: bool) -> bool:
    """Whether the words between house number and suffix may name a street."""
    if not names or any(n in _COUNTED for n in names):
        return False
    capitals = all(w[0].isupper() or _NUMBERED.match(w.lower()) for w in written)
    if not (capitals or reading.whispers):
        return False
    return whole or any(n in _STREET_WORDS or _NUMBERED.match(n) or not is_word(n) for n in names)


def _a_name_follows(reading: Reading, end: int) -> bool:
    """Whether ``Dr`` at the end is a doctor's title: ``seen 3 Times by Dr Smith``."""
    rest = reading.folded[end : end + 3].lstrip(" ")
    return rest[:1].isupper()
