"""Street lines of a file's own people, and their cities with ZIP codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlp.detect.name_index import DETECTOR
from dlp.detect.reading import Reading, Token, words
from dlp.model import Category, Match

SUFFIXES = {
    "street": "st", "avenue": "ave", "av": "ave", "aven": "ave", "road": "rd", "drive": "dr",
    "drv": "dr", "lane": "ln", "court": "ct", "crt": "ct", "boulevard": "blvd", "boul": "blvd",
    "circle": "cir", "place": "pl", "terrace": "ter", "terr": "ter", "parkway": "pkwy",
    "highway": "hwy", "square": "sq", "trail": "trl", "way": "way", "loop": "loop", "pike": "pike",
    "turnpike": "tpke", "expressway": "expy", "alley": "aly", "crescent": "cres", "cove": "cv",
    "crossing": "xing", "ridge": "rdg", "run": "run", "path": "path", "plaza": "plz",
    "heights": "hts", "point": "pt", "route": "rte",
}  # fmt: skip
_CANONICAL = frozenset(SUFFIXES.values())
_DIRECTIONS = {
    "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne", "northwest": "nw",
    "southeast": "se", "southwest": "sw",
}  # fmt: skip
_UNITS = frozenset({"apt", "apartment", "unit", "ste", "suite", "lot", "rm", "room", "fl", "bldg",
                    "building", "floor", "trlr", "spc"})  # fmt: skip
_BOX = "box"
_SURE, _LIKELY, _PLACE = 0.96, 0.75, 0.7
_ZIP = 5
_LOOK_BACK = 8


def shortened(word: str) -> str:
    """A street type or direction in its postal short form; any other word as it is."""
    return SUFFIXES.get(word) or _DIRECTIONS.get(word) or word


class AddressIndex:
    """Street lines by house number; cities by ZIP code."""

    def __init__(self) -> None:
        self._streets: dict[str, set[tuple[str, ...]]] = {}
        self._cities: dict[str, set[tuple[str, ...]]] = {}

    def learn_street(self, text: str) -> int:
        """Add a street line or a post-office box; says how many new entries that took."""
        parts = words(text)
        if _BOX in parts:
            place = parts.index(_BOX)
            return self._add(_BOX, parts[place + 1 : place + 2])
        if len(parts) < 2 or not parts[0][0].isdigit():  # noqa: PLR2004 - a number and a name
            return 0
        street = _trim([shortened(p) for p in parts[1:]])
        return self._add(parts[0], tuple(street))

    def _add(self, house: str, street: tuple[str, ...]) -> int:
        known = self._streets.setdefault(house, set())
        before = len(known)
        if street:
            known.add(street)
        return len(known) - before

    def learn_city(self, city: str, zip_code: str) -> int:
        """Add a city with its ZIP; neither says anything alone."""
        parts, digits = words(city), "".join(c for c in zip_code if c.isdigit())[:_ZIP]
        if not parts or len(digits) != _ZIP:
            return 0
        known = self._cities.setdefault(digits, set())
        before = len(known)
        known.add(parts)
        return len(known) - before

    def find(self, reading: Reading) -> Iterator[Match]:
        """Mentions of the addresses learned."""
        if not (self._streets or self._cities):
            return
        tokens = reading.tokens
        for place, token in enumerate(tokens):
            if token.norm in self._streets:
                match = self._street(tokens, place, self._streets[token.norm])
                if match is not None:
                    yield match
            if token.norm in self._cities:
                match = self._city(tokens, place, self._cities[token.norm])
                if match is not None:
                    yield match

    @staticmethod
    def _street(tokens: list[Token], place: int, streets: set[tuple[str, ...]]) -> Match | None:
        # A house number that many streets share is compared through the set, not one by one.
        following = [shortened(t.norm) for t in tokens[place + 1 : place + 9]]
        for skip in (0, 1):
            if skip and following[:1] and following[0] not in _DIRECTIONS.values():
                break
            for size in range(min(len(following), 6), skip, -1):
                line = tuple(following[skip:size])
                for written in (line, _with_direction(line, streets)):
                    if written in streets:
                        start = _box_start(tokens, place)
                        end = tokens[place + size].end
                        sure = len(line) > 1 and line[-1] in _CANONICAL
                        confidence = _SURE if sure or tokens[place].norm == _BOX else _LIKELY
                        return Match(Category.ADDRESS, start, end, confidence, DETECTOR)
        return None

    @staticmethod
    def _city(tokens: list[Token], place: int, cities: set[tuple[str, ...]]) -> Match | None:
        low = max(0, place - _LOOK_BACK)
        before = [t.norm for t in tokens[low:place]]
        for start in range(len(before) - 1, -1, -1):
            for size in range(1, 5):
                if tuple(before[start : start + size]) in cities:
                    first = tokens[low + start].start
                    return Match(Category.ADDRESS, first, tokens[place].end, _PLACE, DETECTOR)
        return None


def _trim(street: Sequence[str]) -> list[str]:
    """A street line without its unit and its leading direction."""
    line: list[str] = []
    for word in street:
        if word in _UNITS:
            break
        line.append(word)
    if len(line) > 1 and line[0] in _DIRECTIONS.values():
        line = line[1:]
    return line[:6]


def _with_direction(line: tuple[str, ...], streets: set[tuple[str, ...]]) -> tuple[str, ...]:
    """A line whose suffix was left out ("12 Maple"), completed when only one fits."""
    completed = [(*line, s) for s in sorted(_CANONICAL) if (*line, s) in streets]
    return completed[0] if len(completed) == 1 else line


def _box_start(tokens: list[Token], place: int) -> int:
    start = place
    if tokens[place].norm == _BOX:
        while start and place - start < 2 and tokens[start - 1].norm in {"p", "o", "po"}:  # noqa: PLR2004 - P, O
            start -= 1
    return tokens[start].start
