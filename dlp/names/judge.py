"""What stands in and around a name that the model found: whose it is, or that it is nobody's."""

from __future__ import annotations

import re
from typing import Final

from dlp.detect.cues import (
    STAFF_AFTER,
    STAFF_ROLES,
    has_dotted_degree,
    is_staff_before,
)
from dlp.detect.reading import Reading, Token
from dlp.detect.words import is_given_name, is_not_name, is_payer, is_word, vocabulary
from dlp.model import Category, Match
from dlp.names.filter import CUES, SAID, is_ordinary, is_surname_too
from dlp.names.spans import Name
from dlp.names.things import CLOSE, PERSONS, Beside, is_thing

_DETECTOR: Final = "name-model"
_HOUSES: Final = vocabulary("facility clinic hospital payer insurance pharmacy carrier plan vendor")
_ROLES: Final = STAFF_ROLES | _HOUSES
_AT: Final = frozenset({"at", "from", "of", "with"})
_DEPARTMENTS: Final = vocabulary(
    "billing scheduling registration claims coding admissions enrollment accounting intake "
    "pharmacy radiology compliance credentialing contracting collections"
)
_LISTS: Final = re.compile(r"\s?(?:,|/|&|and|or)\s(?:and\s)?|/")
_NEXT_INITIAL: Final = re.compile(r"(?:,? |\.)([A-Zb-hj-z])(?![0-9A-Za-z'\u2019/&])")
_PREVIOUS_INITIALS: Final = re.compile(r"(?:(?<=[\s(,:;\"'])|^)(?:[A-Z]\.? ?){1,2}$")
_GENERATION: Final = re.compile(r",? (?:[Jj][Rr]|[Ss][Rr]|III|II|IV)\b\.?")
_INSIDE: Final = re.compile(r"[ ,'\u2019\-/(&]{1,3}")
"""Between words of one sentence."""
_COMMA: Final = re.compile(r" ?,\s?")
_SURE, _LIKELY, _SUPPORTED, _POSSIBLE = 0.88, 0.6, 0.35, 0.2
_ABBREVIATION: Final = 4
_DEGREE: Final = 16
"""Characters that a degree behind a name takes."""
_SELF: Final = frozenset({"this", "name"})
_GREETING: Final = 120
"""Characters of a greeting before who gives it."""
_LONGEST: Final = 6
"""Words of a name."""
_AHEAD: Final = 2
_DOUBTFUL: Final = 0.35
"""Reported, and decides nothing."""
_SEXES: Final = vocabulary("male female man woman boy girl males females yo y race")
_PLANS: Final = vocabulary("ppo hmo epo hdhp")
_TRIMMED: Final = 0.75
_PARTICLES: Final = vocabulary("de la del der van von da di dos du le el al bin ben st san")
_LONGEST_LIST: Final = len(", and ")


class Judge:
    """Judges the names of one text, in order of place.

    Args:
        reading: The text.
    """

    def __init__(self, reading: Reading) -> None:
        self._text, self._tokens = reading.text, reading.tokens
        self._beside = Beside(reading)
        self._place = 0
        self._staff_end = -1

    def match(self, name: Name) -> Match | None:
        """The name as a finding, grown to its whole; None if it is nobody's whom we protect."""
        first, last = self._tokens_of(name)
        first, last = self._trimmed(name, first, last)
        if first == last:
            return None
        if self._is_staff(name, first, last):
            self._staff_end = name.end
            return None
        if is_thing(self._beside, first, last) or self._is_prose(first, last):
            return None
        first, last = self._grown(first, last)
        start, end = self._tokens[first].start, self._tokens[last - 1].end
        whole = self._initials(start, end)
        inside = [w.name for w in name.words if start <= w.start < end and w.end - w.start > 1]
        chance = sum(inside) / len(inside) if inside else 0.0
        confidence = self._confidence(chance, first, last, initials=whole != (start, end))
        if not confidence:
            return None
        start, end = whole
        return Match(Category.NAME, start, end, confidence, _DETECTOR)

    def _tokens_of(self, name: Name) -> tuple[int, int]:
        tokens = self._tokens
        # Names come in order of place, so one walk serves them all.
        while self._place < len(tokens) and tokens[self._place].end <= name.start:
            self._place += 1
        last = self._place
        while last < len(tokens) and tokens[last].start < name.end:
            last += 1
        return self._place, last

    def _trimmed(self, name: Name, first: int, last: int) -> tuple[int, int]:
        """Without ordinary words at its ends that the model half took for a part of it."""
        chances = {word.start: word.name for word in name.words}
        capital = any(t.raw[0].isupper() and not t.raw.isupper() for t in self._tokens[first:last])

        def loose(token: Token) -> bool:
            if token.norm in _PARTICLES:
                return False
            if token.norm in SAID or token.norm in _PLANS:
                return True
            sure = chances.get(token.start, 0.0) >= _TRIMMED
            if not is_ordinary(token.norm):
                # "Smith_John_EOB": short capitals beside a name that isn't written in capitals.
                code = capital and token.raw.isupper() and len(token.raw) <= _ABBREVIATION
                cue = token.norm in CUES and not is_given_name(token.norm)
                return cue or (code and len(token.raw) > 1 and not sure)
            return not sure or (capital and (token.raw.islower() or token.raw.isupper()))

        while last > first and loose(self._tokens[last - 1]):
            last -= 1
        while first < last and loose(self._tokens[first]):
            first += 1
        return first, last

    def _is_staff(self, name: Name, first: int, last: int) -> bool:
        """A provider, payer's or staff member's name: no PHI."""
        after = self._beside.norm(last)
        if self._follows_staff(first) or self._has_degree(first, last):
            return True
        if after in STAFF_AFTER and len(self._beside.gap(last)) <= CLOSE and self._is_degree(last):
            return True
        if any(t.norm in STAFF_AFTER and self._is_degree(i) for i, t in self._inner(first, last)):
            return True
        if self._works_at(first, last) or self._answers(first):
            return True
        if self._staff_end < 0 or name.start - self._staff_end > _LONGEST_LIST:
            return False
        return _LISTS.fullmatch(self._text[self._staff_end : name.start]) is not None

    def _follows_staff(self, first: int) -> bool:
        """``Dr. A. Fitzgerald``, ``rep Tonya``, ``read by Castellanos``: initials are skipped."""
        place = first
        while place > 0 and self._is_initial(place - 1):
            place -= 1
        before = self._beside.norm(place - 1)
        if len(self._beside.gap(place)) > CLOSE:
            return False
        return before in _HOUSES or is_staff_before(before, self._beside.norm(place - 2))

    def _is_initial(self, index: int) -> bool:
        raw = self._tokens[index].raw
        return len(raw) == 1 and raw.isupper() and len(self._beside.gap(index + 1)) <= _AHEAD

    def _has_degree(self, first: int, last: int) -> bool:
        """``R. Castellanos, M.D.``: its letters may have been taken for initials."""
        ends = (token.end for token in self._tokens[first:last])
        return any(has_dotted_degree(self._text[end : end + _DEGREE]) for end in ends)

    def _works_at(self, first: int, last: int) -> bool:
        """``Kim at Humana``, ``brandon @ uhc``, ``this is Chloe with Anthem``: a payer's own."""
        after, sign = self._beside.norm(last), self._beside.gap(last).strip()
        if sign == "@":
            return is_payer(after)
        if after in _AT and self._beside.norm(last + 1) in _DEPARTMENTS:
            return True
        if after not in _AT or not is_payer(self._beside.norm(last + 1)):
            return False
        return after != "with" or self._introduces_itself(first)

    def _introduces_itself(self, first: int) -> bool:
        return self._beside.norm(first - 1) == "is" and self._beside.norm(first - 2) in _SELF

    def _answers(self, first: int) -> bool:
        """``Thank you for calling Sutter, this is Alexis``: who answers works there."""
        start = self._tokens[first].start
        said = self._text[max(0, start - _GREETING) : start].lower()
        return self._introduces_itself(first) and "for calling" in said

    def _inner(self, first: int, last: int) -> list[tuple[int, Token]]:
        return [(i, self._tokens[i]) for i in range(first + 1, last)]

    def _is_degree(self, index: int) -> bool:
        """``MD``, ``Md``, ``md``: but not ``do`` and ``pa`` in a sentence of small letters."""
        raw = self._tokens[index].raw
        return raw[0].isupper() or len(raw) > 2 or raw == "md"  # noqa: PLR2004 - "do", "pa", "np"

    def _grown(self, first: int, last: int) -> tuple[int, int]:
        """``LAST, FIRST`` and neighbours that are names by the list, though not by the model."""
        while last < len(self._tokens) and last - first < _LONGEST:
            step = self._particles(last) or self._goes_on(last)
            if not step:
                break
            last += step
        while first > 0 and last - first < _LONGEST and self._goes_before(first):
            first -= 1
        return first, last

    def _particles(self, index: int) -> int:
        """How many words ``de la Cruz`` is, if it goes on so; 0 if not."""
        place, gap = index, self._beside.gap
        while place < index + 3 and self._beside.norm(place) in _PARTICLES and gap(place) == " ":
            place += 1
        if place == index or place >= len(self._tokens) or gap(place) != " ":
            return 0
        token = self._tokens[place]
        return place + 1 - index if self._name_like(token) and not is_ordinary(token.norm) else 0

    def _goes_on(self, index: int) -> bool:
        token, gap = self._tokens[index], self._beside.gap(index)
        if not self._name_like(token):
            return False
        if _COMMA.fullmatch(gap):
            # "Okafor, Chidi": after a comma only a given name, or a list would be one person.
            return is_given_name(token.norm) and not is_given_name(self._beside.norm(index - 1))
        if gap not in (" ", "-", " - "):
            return False
        # "Avi Washington": towns are surnames too, after a given name.
        place = is_not_name(token.norm) and is_given_name(self._beside.norm(index - 1))
        return place or not is_ordinary(token.norm)

    def _goes_before(self, index: int) -> bool:
        token, gap = self._tokens[index - 1], self._beside.gap(index)
        if not self._name_like(token) or token.norm in PERSONS or token.norm in _ROLES:
            return False
        if _COMMA.fullmatch(gap):
            return is_given_name(self._beside.norm(index)) and not is_ordinary(token.norm)
        return gap in (" ", "-") and (is_given_name(token.norm) or not is_ordinary(token.norm))

    @staticmethod
    def _name_like(token: Token) -> bool:
        return len(token.norm) > 1 and token.raw[0].isupper() and token.norm.isalpha()

    def _confidence(self, chance: float, first: int, last: int, *, initials: bool) -> float:
        tokens = self._tokens[first:last]
        full = [t for t in tokens if len(t.norm) > 1]
        cued = self._is_cued(first)
        listed = any(is_given_name(t.norm) and not is_word(t.norm) for t in full)
        if len(full) == 1 and is_ordinary(full[0].norm):
            if self._beside.norm(last) in _SEXES:
                return 0.0
            if not (cued or initials or self._introduced(first, last)) and self._says_nothing(
                first
            ):
                return _DOUBTFUL
        if len(full) == 1 and not (cued or listed or initials) and self._is_code(full[0], first):
            return 0.0
        needed = _SUPPORTED if cued or listed or initials or len(full) > 1 else _LIKELY
        if needed == _LIKELY and self._introduced(first, last):
            needed = _SUPPORTED if is_ordinary(full[0].norm) else _POSSIBLE
        if chance >= needed:
            return min(_SURE, 0.5 + 0.4 * chance)
        return _DOUBTFUL if chance >= _POSSIBLE else 0.0

    def _is_cued(self, first: int) -> bool:
        return self._beside.norm(first - 1) in PERSONS and len(self._beside.gap(first)) <= CLOSE

    def _is_prose(self, first: int, last: int) -> bool:
        """Whether words in small letters are none: ordinary ones, or where others have capitals."""
        full = [t for t in self._tokens[first:last] if len(t.norm) > 1]
        if self._is_cued(first) or not all(t.raw.islower() for t in full):
            return False
        if all(is_ordinary(t.norm) or is_word(t.norm) for t in full):
            return True
        if self._beside.is_flat(first) or self._introduced(first, last):
            return False
        return any(is_word(t.norm) for t in full) or not any(is_given_name(t.norm) for t in full)

    def _says_nothing(self, index: int) -> bool:
        """Whether a word's capital means nothing: all have one, or it begins a sentence."""
        opens = index == 0 or not _INSIDE.fullmatch(self._beside.gap(index))
        norm = self._beside.norm(index)
        return self._flat(index) or (opens and is_word(norm) and not is_surname_too(norm))

    def _flat(self, index: int) -> bool:
        """Whether case says nothing around a word."""
        around = "".join(t.raw for t in self._tokens[max(0, index - 4) : index + 5])
        return around.isupper() or around.islower()

    def _introduced(self, first: int, last: int) -> bool:
        """Whether what stands beside it is mostly said of persons."""
        before = self._beside.norm(first - 1) in CUES and len(self._beside.gap(first)) <= CLOSE
        return before or (self._beside.norm(last) in SAID and len(self._beside.gap(last)) <= CLOSE)

    def _is_code(self, token: Token, first: int) -> bool:
        """``CT``, ``ABC``: short capitals among small letters; or no letters alone."""
        if not token.norm.isalpha():
            return True
        return token.raw.isupper() and len(token.raw) <= _ABBREVIATION and not self._flat(first)

    def _initials(self, start: int, end: int) -> tuple[int, int]:
        """Initials before and after, and ``Jr``."""
        before = _PREVIOUS_INITIALS.search(self._text[max(0, start - 7) : start])
        if before and before.group().strip():
            start -= len(before.group())
        after = _NEXT_INITIAL.match(self._text[end : end + 6])
        if after:
            end += after.end(1)
        generation = _GENERATION.match(self._text[end : end + 8])
        return start, end + (len(generation.group()) if generation else 0)
