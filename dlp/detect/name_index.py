"""The names of a file's own people, and where a text speaks of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from dlp.detect.bearers import Bearers
from dlp.detect.cues import STAFF_AFTER, STAFF_BEFORE, THINGS_AFTER, TITLES
from dlp.detect.reading import Asked, Reading, Token, words
from dlp.detect.typos import TypoIndex, one_error_apart
from dlp.detect.words import is_exactly_word, is_given_name, is_not_name, is_word
from dlp.model import Category, Match

DETECTOR = "same-file-identity"
# How sure each kind of agreement makes us; below 0.5 nothing is decided by default.
FULL, FULL_TYPO, INITIAL = 0.98, 0.9, 0.88
SURNAME, SURNAME_TITLED, SURNAME_SHORT, SURNAME_TYPO = 0.85, 0.85, 0.65, 0.65
GIVEN, WEAK = 0.55, 0.35

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "md", "do", "phd", "dds", "np", "rn"})
PARTICLES = frozenset({"de", "la", "del", "los", "las", "van", "von", "der", "den", "da", "di",
                       "dos", "st", "el", "al", "bin", "le", "du"})  # fmt: skip
MOST_JOINED = 3
"""Words that a surname of one word may be written as: "de la Cruz" for DELACRUZ."""
_GAP_CHARACTERS = frozenset(" ,.-\t\r\n;:\u00a0\u2010\u2011^*/_")
_GAP = 4
_MANY = 5
_SHORT = 3
_LONGEST_SURNAME = 4
LONGEST_NAME = 40
# Bearers of one surname whose given names are compared letter by letter.
_COMPARED = 200
_MOST_ASKED = 20_000


def near(text: str, left: Token, right: Token) -> bool:
    """Whether two tokens stand side by side with nothing but name punctuation between."""
    gap = right.start - left.end
    return gap <= _GAP and _GAP_CHARACTERS.issuperset(text[left.end : right.start])


class NameIndex:
    """Surnames with the given names that go with each."""

    def __init__(self) -> None:
        self._given = Bearers()
        self._long: dict[str, set[tuple[str, ...]]] = {}
        self._counts: dict[str, int] = {}
        self._passed: set[int] = set()
        self._typos = TypoIndex()
        self._texts: Asked | None = None
        self._asked: dict[str, bool] = {}
        self.providers: dict[str, set[str]] = {}

    def keep_only(self, texts: Asked) -> None:
        """From now on keep of a person only what these texts may say."""
        self._texts = texts

    def _matters(self, word: str) -> bool:
        if self._texts is None:
            return True
        known = self._asked.get(word)
        if known is None:
            if len(self._asked) >= _MOST_ASKED:
                self._asked.clear()
            known = self._asked[word] = self._texts.may_name(word)
        return known

    def _may_call(self, given: str) -> bool:
        """Whether a text may call somebody by a given name, or by its beginning ("Jon")."""
        if self._texts is None or self._matters(given):
            return True
        starts = (given[:size] for size in range(_SHORT, len(given)))
        return any(self._texts.says(start) and _is_short_form(start) for start in starts)

    def _says(self, given: str) -> bool:
        """Whether a text may call somebody by a given name alone: no typing error is one there."""
        return self._texts is None or self._texts.says(given)

    def learn(self, last: str, first: str, middle: str = "") -> int:
        """Add a person; says how many new entries that took."""
        parts = [word[:LONGEST_NAME] for word in words(last) if word not in _SUFFIXES]
        given = [word[:LONGEST_NAME] for word in words(first)]
        second = [word for word in words(middle) if len(word) > 1]
        if not parts or all(len(p) == 1 for p in parts):
            return 0
        # An initial may be meant though the name isn't written anywhere.
        given = [word if self._may_call(word) else word[0] for word in given]
        second = [word for word in second if self._may_call(word)]
        if not any(map(self._matters, (*parts, "".join(parts)))) and self._are_many(given):
            return 0
        added = self._add(tuple(parts), given + second)
        if len(parts) > 1:
            # "DELACRUZ" for "DE LA CRUZ", and half of a double surname with its given name.
            added += self._add(("".join(parts),), given)
            for part in parts:
                if len(part) > _SHORT and part not in PARTICLES:
                    added += self._add((part,), given)
        return added

    def _are_many(self, given: Sequence[str]) -> bool:
        """Whether more bear these names already than one of them alone can tell apart."""
        return not any(self._counts.get(word, 0) <= _MANY for word in given if self._says(word))

    def learn_provider(self, last: str, first: str) -> int:
        """Add a provider's name: evidence against."""
        given = set(words(first))
        added = 0
        for word in words(last):
            if word not in self.providers:
                added += 1
            self.providers.setdefault(word, set()).update(given)
        return added

    def _add(self, parts: tuple[str, ...], given: Sequence[str]) -> int:
        surname = " ".join(parts[:_LONGEST_SURNAME])
        added = 0
        if surname not in self._given:
            if not self._index(surname, parts[:_LONGEST_SURNAME]):
                return self._pass(surname, given)
            self._given.add(surname)
            added += 1
        for name in given:
            if self._given.join(surname, name):
                added += 1
                if self._says(name):
                    self._counts[name] = self._counts.get(name, 0) + 1
        return added

    def _index(self, surname: str, parts: tuple[str, ...]) -> bool:
        """Make a surname findable; false where no text can lead to it, so that it isn't kept."""
        if len(parts) > 1:
            if self._texts is not None and not all(map(self._texts.says, parts)):
                return False
            self._long.setdefault(parts[0], set()).add(parts)
            return True
        wanted = self._texts.may_misspell if self._texts else None
        misspelt = self._selective(surname) and self._typos.add(surname, wanted)
        return misspelt or self._texts is None or self._texts.says(surname)

    def _pass(self, surname: str, given: Sequence[str]) -> int:
        """Count who bears a given name, once a surname, without keeping the surname."""
        added = 0
        for name in given:
            count = self._counts.get(name, 0)
            person = hash((surname, name))
            if count <= _MANY and self._says(name) and person not in self._passed:
                self._passed.add(person)
                self._counts[name] = count + 1
                added += 1
        return added

    @staticmethod
    def _selective(surname: str) -> bool:
        return not (is_exactly_word(surname) or is_not_name(surname) or is_word(surname))

    def find(self, reading: Reading) -> Iterator[Match]:
        """Mentions of the people learned; linear in the text."""
        if not (self._given or self._counts):
            return
        tokens, place, taken = reading.tokens, 0, -1
        pending: Match | None = None
        while place < len(tokens):
            match, used = self._at(reading, tokens, place, taken)
            if match is None:
                match = self._given_alone(tokens, place, taken)
                if match is not None:
                    # Held back: the surname after it takes the given name in.
                    if pending is not None:
                        yield pending
                    pending = match
            else:
                if pending is not None and pending.end <= match.start:
                    yield pending
                pending = None
                yield match
                taken = match.end
            place += used
        if pending is not None:
            yield pending

    def _at(
        self, reading: Reading, tokens: list[Token], place: int, taken: int
    ) -> tuple[Match | None, int]:
        token = tokens[place]
        for parts in sorted(self._long.get(token.norm, ()), key=len, reverse=True):
            if tuple(t.norm for t in tokens[place : place + len(parts)]) == parts:
                found = self._mention(reading, place, place + len(parts), " ".join(parts), taken)
                return found, len(parts)
        if token.norm in PARTICLES and (used := self._apart(reading, place)):
            whole = _joined(tokens[place : place + used])
            return self._mention(reading, place, place + used, whole, taken), used
        if token.norm in self._given:
            found = self._mention(reading, place, place + 1, token.norm, taken)
            if found is not None:
                return found, 1
        elif self._may_be_typo(token):
            surname = self._typos.near(token.norm)
            if surname is not None:
                typo = self._mention(reading, place, place + 1, surname, taken, exact=False)
                return typo, 1
        return None, 1

    def _apart(self, reading: Reading, place: int) -> int:
        """How many words from one on are a surname that was learned as one word; 0 for none."""
        tokens = reading.tokens
        for used in range(MOST_JOINED, 1, -1):
            some = tokens[place : place + used]
            if len(some) == used and _joined(some) in self._given:
                beside = (near(reading.text, *pair) for pair in pairwise(some))
                return used if all(beside) else 0
        return 0

    @staticmethod
    def _may_be_typo(token: Token) -> bool:
        norm = token.norm
        return _SHORT < len(norm) <= LONGEST_NAME and norm.isalpha() and not (
            is_word(norm) or is_not_name(norm) or is_given_name(norm)
        )  # fmt: skip

    def _mention(
        self,
        reading: Reading,
        begin: int,
        end: int,
        surname: str,
        taken: int,
        *,
        exact: bool = True,
    ) -> Match | None:
        tokens = reading.tokens
        companion = self._companion(reading, begin, end, self._given.of(surname))
        if companion is not None:
            start, stop, confidence = companion
            if tokens[start].start < taken:
                start = begin
            return _match(tokens, start, stop, confidence if exact else min(confidence, FULL_TYPO))
        if tokens[begin].start < taken:
            return None
        return _match(tokens, begin, end, self._alone(reading, begin, end, surname, exact=exact))

    def _companion(
        self, reading: Reading, begin: int, end: int, given: Collection[str]
    ) -> tuple[int, int, float] | None:
        """The given name beside a surname: first token, one past the last, confidence."""
        tokens, text = reading.tokens, reading.text
        best: tuple[int, int, float] | None = None
        # FIRST LAST, FIRST M LAST; then LAST FIRST, LAST, FIRST, LAST SUFFIX FIRST.
        for first in (begin - 1, begin - 2, end, end + 1):
            if not 0 <= first < len(tokens):
                continue
            low, high = min(first, begin), max(first + 1, end)
            if not all(near(text, tokens[i], tokens[i + 1]) for i in range(low, high - 1)):
                continue
            between = tokens[low + 1 : begin] if first < begin else tokens[end : high - 1]
            if any(
                len(t.norm) > 1 and t.norm not in _SUFFIXES and is_word(t.norm) for t in between
            ):
                continue
            confidence = self._agreement(reading, tokens[first], given, initial=not between)
            if confidence and (best is None or confidence > best[2]):
                best = (low, self._with_middle(reading, high, first >= end), confidence)
        return best

    @staticmethod
    def _with_middle(reading: Reading, high: int, surname_first: bool) -> int:
        """Take in the initial after ``SMITH, JOHN Q``."""
        tokens = reading.tokens
        if (
            surname_first
            and high < len(tokens)
            and near(reading.text, tokens[high - 1], tokens[high])
        ):
            raw = tokens[high].raw
            if len(raw) == 1 and raw.isupper() and raw not in "AI":
                return high + 1
        return high

    @staticmethod
    def _agreement(
        reading: Reading, token: Token, given: Collection[str], *, initial: bool
    ) -> float:
        norm = token.norm
        if norm in given and len(norm) > 1:
            return FULL
        if len(norm) == 1 and initial and token.raw.isupper():
            dotted = reading.text[token.end : token.end + 1] == "."
            if any(name[0] == norm for name in given) and (dotted or norm not in "ai"):
                return INITIAL
        if _SHORT <= len(norm) <= LONGEST_NAME and len(given) <= _COMPARED and not is_word(norm):
            close = (g for g in given if len(g) >= _SHORT and g[0] == norm[0])
            short = _is_short_form(norm)
            if any(one_error_apart(norm, g) or (short and g.startswith(norm)) for g in close):
                return FULL_TYPO
        return 0.0

    def _alone(self, reading: Reading, begin: int, end: int, surname: str, *, exact: bool) -> float:
        tokens = reading.tokens
        before = tokens[begin - 1].norm if begin else ""
        after = tokens[end].norm if end < len(tokens) else ""
        if before in STAFF_BEFORE or after in STAFF_AFTER | THINGS_AFTER:
            return WEAK
        if tokens[begin].norm in self.providers:
            return WEAK
        if not exact:
            return SURNAME_TYPO
        if before in TITLES:
            return SURNAME_TITLED
        return _surname_alone(surname, tokens[begin].raw, shouts=reading.shouts)

    def _given_alone(self, tokens: list[Token], place: int, taken: int) -> Match | None:
        token = tokens[place]
        count = self._counts.get(token.norm, 0)
        if not count or token.start < taken or len(token.norm) <= _SHORT:
            return None
        before = tokens[place - 1].norm if place else ""
        if is_word(token.norm) or is_not_name(token.norm) or before in STAFF_BEFORE:
            return None
        if count > _MANY or not token.raw[0].isupper() or token.norm in self.providers:
            return None
        return _match(tokens, place, place + 1, GIVEN)


def _joined(tokens: Sequence[Token]) -> str:
    return "".join(token.norm for token in tokens)


def _is_short_form(word: str) -> bool:
    """Whether a word is a name that longer ones begin with: "Jon", and no syllable."""
    return is_given_name(word) and not is_word(word)


def _surname_alone(surname: str, raw: str, *, shouts: bool) -> float:
    """How telling a surname is without a given name beside it."""
    if len(surname) < _SHORT:
        return 0.0
    capital = raw[0].isupper()
    if all(map(is_word, surname.split())) or is_not_name(surname):
        return WEAK if capital and not shouts else 0.0
    if len(surname) == _SHORT or is_given_name(surname):
        return SURNAME_SHORT if capital else WEAK
    return SURNAME


def _match(tokens: list[Token], begin: int, end: int, confidence: float) -> Match | None:
    if not confidence:
        return None
    return Match(Category.NAME, tokens[begin].start, tokens[end - 1].end, confidence, DETECTOR)
