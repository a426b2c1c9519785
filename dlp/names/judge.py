"""What stands in and around a name that the model found: whose it is, or that it is nobody's."""

from __future__ import annotations

import re
from typing import Final

from dlp.detect.cues import CLINICAL_THINGS, STAFF_AFTER, STAFF_BEFORE, THINGS_AFTER, TITLES
from dlp.detect.reading import Reading, Token
from dlp.detect.words import is_given_name, is_not_name, is_word, vocabulary
from dlp.model import Category, Match
from dlp.names.filter import CUES, SAID, is_ordinary
from dlp.names.spans import Name

_DETECTOR: Final = "name-model"
_ROLES: Final = STAFF_BEFORE | vocabulary(
    "provider physician attending surgeon therapist pharmacist dentist hygienist practitioner pcp "
    "anesthetist radiologist specialist rep representative agent operator supervisor adjuster "
    "examiner hospitalist resident-physician counselor psychologist optometrist chiropractor "
    "podiatrist technician tech assistant coordinator biller coder auditor scribe intern fellow "
    "facility clinic hospital payer insurance pharmacy carrier plan vendor"
)
_PERSONS: Final = TITLES | vocabulary(
    "patient pt name member subscriber insured spouse wife husband daughter son mother father "
    "sister brother guarantor guardian mom dad caller policyholder dependent beneficiary named "
    "parent aunt uncle niece nephew dear grandmother grandfather"
)
_ORGANISATIONS: Final = THINGS_AFTER | vocabulary(
    "hospitals clinics centers cancer regional general community county state city healthcare "
    "wellness rehabilitation rehab nursing assisted living manor oaks pines dental pediatrics "
    "cardiology internal family urgent emergency dialysis oncology dermatology partners bros sons "
    "network systems solutions technologies sign signs maneuvers disease diseases score"
)
_AT: Final = frozenset({"at", "from", "of", "with"})
_LISTS: Final = re.compile(r"\s?(?:,|/|&|and|or)\s(?:and\s)?|/")
_NEXT_INITIAL: Final = re.compile(r"(?:,? |\.)([A-Zb-hj-z])(?![0-9A-Za-z'\u2019/&])")
_PREVIOUS_INITIALS: Final = re.compile(r"(?:(?<=[\s(,:;\"'])|^)(?:[A-Z]\.? ?){1,2}$")
_GENERATION: Final = re.compile(r",? (?:[Jj][Rr]|[Ss][Rr]|III|II|IV)\b\.?")
_COMMA: Final = re.compile(r" ?,\s?")
_SURE, _LIKELY, _SUPPORTED, _POSSIBLE = 0.88, 0.6, 0.35, 0.2
_ABBREVIATION: Final = 4
_LONGEST: Final = 6
"""Words of a name."""
_CLOSE: Final = 3
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
        if self._is_thing(first, last):
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

    def _norm(self, index: int) -> str:
        return self._tokens[index].norm if 0 <= index < len(self._tokens) else ""

    def _gap(self, index: int) -> str:
        """What stands between a token and the one before it."""
        if not 0 < index < len(self._tokens):
            return "\n\n"
        return self._text[self._tokens[index - 1].end : self._tokens[index].start][:8]

    def _is_staff(self, name: Name, first: int, last: int) -> bool:
        """A provider, payer's or staff member's name: no PHI."""
        before, after = self._norm(first - 1), self._norm(last)
        if (before in _ROLES or before.endswith("ologist")) and len(self._gap(first)) <= _CLOSE:
            return True
        if after in STAFF_AFTER and len(self._gap(last)) <= _CLOSE and self._is_degree(last):
            return True
        if any(t.norm in STAFF_AFTER and self._is_degree(i) for i, t in self._inner(first, last)):
            return True
        if after in _AT and is_not_name(self._norm(last + 1)) and after != "with":
            return True
        if self._staff_end < 0 or name.start - self._staff_end > _LONGEST_LIST:
            return False
        return _LISTS.fullmatch(self._text[self._staff_end : name.start]) is not None

    def _inner(self, first: int, last: int) -> list[tuple[int, Token]]:
        return [(i, self._tokens[i]) for i in range(first + 1, last)]

    def _is_degree(self, index: int) -> bool:
        """``MD``, ``Md``, ``md``: but not ``do`` and ``pa`` in a sentence of small letters."""
        raw = self._tokens[index].raw
        return raw[0].isupper() or len(raw) > 2 or raw == "md"  # noqa: PLR2004 - "do", "pa", "np"

    def _is_thing(self, first: int, last: int) -> bool:
        """An eponym, place, firm or drug."""
        tokens = self._tokens[first:last]
        cued = self._norm(first - 1) in _PERSONS
        full = [t for t in tokens if len(t.norm) > 1]
        if not full:
            return not cued
        if all(is_not_name(t.norm) and not is_given_name(t.norm) for t in full) and not cued:
            return True
        if len(full) == 2 and full[1].norm in CLINICAL_THINGS and not cued:  # noqa: PLR2004 - "BELL PALSY"
            return True
        for step in range(_AHEAD):
            index = last + step
            if len(self._gap(index)) > _CLOSE or self._gap(index).strip(" '\u2019-"):
                break
            norm, raw = self._norm(index), self._tokens[index].raw
            if norm in _ORGANISATIONS:
                # Capitals alone say nothing of "JOHN SMITH PLANS TO RETURN".
                written = raw[0].isupper() and not raw.isupper()
                return len(full) == 1 or written or not any(is_given_name(t.norm) for t in full)
            if raw.isupper() or not raw[0].isupper():
                break
        return False

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
        place = index
        while place < index + 3 and self._norm(place) in _PARTICLES and self._gap(place) == " ":
            place += 1
        if place == index or place >= len(self._tokens) or self._gap(place) != " ":
            return 0
        token = self._tokens[place]
        return place + 1 - index if self._name_like(token) and not is_ordinary(token.norm) else 0

    def _goes_on(self, index: int) -> bool:
        token, gap = self._tokens[index], self._gap(index)
        if not self._name_like(token):
            return False
        if _COMMA.fullmatch(gap):
            # "Okafor, Chidi": after a comma only a given name, or a list would be one person.
            return is_given_name(token.norm) and not is_given_name(self._norm(index - 1))
        if gap not in (" ", "-", " - "):
            return False
        # "Avi Washington": towns are surnames too, after a given name.
        place = is_not_name(token.norm) and is_given_name(self._norm(index - 1))
        return place or not is_ordinary(token.norm)

    def _goes_before(self, index: int) -> bool:
        token, gap = self._tokens[index - 1], self._gap(index)
        if not self._name_like(token) or token.norm in _PERSONS or token.norm in _ROLES:
            return False
        if _COMMA.fullmatch(gap):
            return is_given_name(self._norm(index)) and not is_ordinary(token.norm)
        return gap in (" ", "-") and (is_given_name(token.norm) or not is_ordinary(token.norm))

    @staticmethod
    def _name_like(token: Token) -> bool:
        return len(token.norm) > 1 and token.raw[0].isupper() and token.norm.isalpha()

    def _confidence(self, chance: float, first: int, last: int, *, initials: bool) -> float:
        tokens = self._tokens[first:last]
        full = [t for t in tokens if len(t.norm) > 1]
        cued = self._norm(first - 1) in _PERSONS and len(self._gap(first)) <= _CLOSE
        listed = any(is_given_name(t.norm) and not is_word(t.norm) for t in full)
        small = all(t.raw.islower() for t in full)
        if small and not cued and all(is_ordinary(t.norm) or is_word(t.norm) for t in full):
            return 0.0
        if len(full) == 1 and is_ordinary(full[0].norm):
            if self._norm(last) in _SEXES:
                return 0.0
            if not (cued or initials or self._introduced(first, last)) and self._flat(first):
                return _DOUBTFUL
        if len(full) == 1 and not (cued or listed or initials) and self._is_code(full[0], first):
            return 0.0
        needed = _SUPPORTED if cued or listed or initials or len(full) > 1 else _LIKELY
        if needed == _LIKELY and self._introduced(first, last):
            needed = _SUPPORTED if is_ordinary(full[0].norm) else _POSSIBLE
        if chance >= needed:
            return min(_SURE, 0.5 + 0.4 * chance)
        return _DOUBTFUL if chance >= _POSSIBLE else 0.0

    def _flat(self, index: int) -> bool:
        """Whether case says nothing around a word."""
        around = "".join(t.raw for t in self._tokens[max(0, index - 4) : index + 5])
        return around.isupper() or around.islower()

    def _introduced(self, first: int, last: int) -> bool:
        """Whether what stands beside it is mostly said of persons."""
        before = self._norm(first - 1) in CUES and len(self._gap(first)) <= _CLOSE
        return before or (self._norm(last) in SAID and len(self._gap(last)) <= _CLOSE)

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
