"""Names of strangers by lexicon and cue: what can be told without a model of language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dlp.detect.cues import (
    STAFF_AFTER,
    STAFF_BEFORE,
    THINGS_AFTER,
    TITLES,
    has_dotted_degree,
    is_staff_before,
)
from dlp.detect.name_index import near
from dlp.detect.reading import Reading, Token, words
from dlp.detect.words import is_given_name, is_not_name, is_word, vocabulary
from dlp.model import Category, Match

_CUES = vocabulary(
    "patient pt name member subscriber insured spouse wife husband daughter son mother father "
    "sister brother guarantor guardian mom dad caller policyholder dependent beneficiary re "
    "named parent aunt uncle grandmother grandfather niece nephew partner fiance pts for with "
    "to from by am im i'm client resident deceased is"
)
_PATIENTS = frozenset({"patient", "pt", "name"})
_STRONG_CUES = _CUES - {"for", "with", "to", "from", "by", "am", "im", "i'm", "re", "is"}
_SENTENCE_END = frozenset(".!?:\n\"'")
_TITLED, _CUED, _LISTED, _CUED_SINGLE, _UPPER, _WEAK = 0.8, 0.75, 0.65, 0.55, 0.6, 0.35
_DETECTOR = "name-pattern"
_LONGEST = 4
_ATTRIBUTE = 3
_ABBREVIATION = 4
_DEGREE = 16
_HOUSES = frozenset({"manor", "pavilion", "villas", "estates", "commons"})


class _Run:
    """Tokens side by side that may be one name."""

    def __init__(self, reading: Reading, begin: int, end: int) -> None:
        self.reading = reading
        self.begin = begin
        self.end = end
        self.tokens = reading.tokens[begin:end]

    @property
    def before(self) -> str:
        """The normalised word before the run."""
        return self.reading.tokens[self.begin - 1].norm if self.begin else ""

    @property
    def after(self) -> str:
        """The normalised word after the run."""
        tokens = self.reading.tokens
        return tokens[self.end].norm if self.end < len(tokens) else ""

    @property
    def is_staff(self) -> bool:
        """Whether what stands right before or after says that somebody treats or works there."""
        tokens = self.reading.tokens
        further = tokens[self.begin - 2].norm if self.begin > 1 else ""
        following = self.reading.folded[self.tokens[-1].end : self.tokens[-1].end + _DEGREE]
        return (
            self.after in STAFF_AFTER
            or self.before in STAFF_BEFORE
            or (self.begin > 0 and self._close() and is_staff_before(self.before, further))
            or has_dotted_degree(following)
            or has_dotted_degree(self._behind_words())
        )

    def _behind_words(self) -> str:
        """What stands behind the last word that is no initial: a degree may have passed for two."""
        last = next((t for t in reversed(self.tokens) if len(t.norm) > 1), self.tokens[-1])
        return self.reading.text[last.end : last.end + _DEGREE]

    @property
    def cued(self) -> bool:
        """Whether a word that announces a person stands right before it."""
        return self.begin > 0 and self.before in _STRONG_CUES and self._close()

    def _close(self) -> bool:
        gap = self.reading.text[self.reading.tokens[self.begin - 1].end : self.tokens[0].start][:5]
        return len(gap) <= _ATTRIBUTE and not any(c in ".!?\n" for c in gap)

    @property
    def comma(self) -> bool:
        """Whether the first two words are written LAST, FIRST."""
        if len(self.tokens) < 2:  # noqa: PLR2004 - two words
            return False
        return "," in self.reading.text[self.tokens[0].end : self.tokens[1].start]


def find_people(reading: Reading, not_phi: Callable[[str], bool]) -> Iterator[Match]:
    """Names by given-name lexicon, title and cue.

    Args:
        reading: The text.
        not_phi: Says whether a name belongs to a provider, payer or staff.
    """
    place, tokens = 0, reading.tokens
    while place < len(tokens):
        end = _extend(reading, place)
        if end == place:
            place += 1
            continue
        match = _judge(_Run(reading, place, end))
        if match is not None and not not_phi(reading.text[match.start : match.end]):
            yield match
        # A run that isn't a name may hide one that starts at its second word.
        place = end if match is not None or end - place == 1 else place + 1


def _extend(reading: Reading, place: int) -> int:
    """One past the last token of a run of name-like words that starts here."""
    tokens, end = reading.tokens, place
    while (
        end < len(tokens)
        and end - place < _LONGEST
        and (_name_like(reading, tokens[end]) or _initial(tokens[end], end - place))
    ):
        if end > place and not _joined(reading, tokens[end - 1], tokens[end]):
            break
        end += 1
    while end > place and len(tokens[end - 1].norm) == 1 and end - place <= 2:  # noqa: PLR2004 - "Anna B" keeps two
        end -= 1
    return end


def _initial(token: Token, taken: int) -> bool:
    """``A`` after two words of a name is an initial, though it is an article elsewhere."""
    return taken > 1 and len(token.raw) == 1 and token.raw.isupper()


def _joined(reading: Reading, left: Token, right: Token) -> bool:
    gap = reading.text[left.end : right.start]
    if not near(reading.text, left, right) or "\n" in gap or ";" in gap or ":" in gap:
        return False
    # A full stop joins an initial to what follows and ends a sentence otherwise.
    return "." not in gap or len(left.norm) == 1


def _name_like(reading: Reading, token: Token) -> bool:
    raw = token.raw
    if not all(c.isalpha() or c in "'\u2019`" for c in raw) or len(raw) > 20:  # noqa: PLR2004 - longer is no name
        return False
    if len(token.norm) > 1 and is_not_name(token.norm) and not is_given_name(token.norm):
        return False
    if is_word(token.norm) and (
        not is_given_name(token.norm) or reading.shouts or raw.isupper() or raw.islower()
    ):
        return False
    return raw[0].isupper() or (reading.whispers and len(raw) > 1)


def _judge(run: _Run) -> Match | None:
    if run.is_staff or run.after in THINGS_AFTER:
        return None
    if any(t.norm in STAFF_AFTER or t.norm in _HOUSES for t in run.tokens[1:]):
        return None
    confidence = _confidence(run)
    if not confidence:
        return None
    return Match(Category.NAME, run.tokens[0].start, run.tokens[-1].end, confidence, _DETECTOR)


def _confidence(run: _Run) -> float:
    full = [t for t in run.tokens if len(t.norm) > 1]
    if len(full) == 1 and _abbreviation(run.reading, full[0]):
        return 0.0
    if run.before in TITLES and full:
        return _TITLED
    if len(full) == 1:
        return _single(run, full[0])
    return _several(run, full)


def _abbreviation(reading: Reading, token: Token) -> bool:
    """``CT``, ``ABC``: short capitals among small letters."""
    return token.raw.isupper() and len(token.raw) <= _ABBREVIATION and not reading.shouts


def _single(run: _Run, token: Token) -> float:
    """One word, perhaps with an initial."""
    reading = run.reading
    sure = is_given_name(token.norm) and not is_word(token.norm)
    if reading.whispers:
        return 0.0
    if run.cued and (sure or (not reading.shouts and run.before in _PATIENTS)):
        return _CUED_SINGLE
    if reading.shouts or not sure:
        return 0.0
    return _CUED_SINGLE if len(run.tokens) > 1 else _WEAK


def _several(run: _Run, full: list[Token]) -> float:
    """Two words or more; case, order, cue and lexicon each say something."""
    reading = run.reading
    same_case = reading.shouts or reading.whispers
    given = [is_given_name(t.norm) for t in full]
    if not any(given):
        return _CUED_SINGLE if run.cued and not same_case else 0.0
    if run.cued:
        return _CUED
    if not (given[0] or (run.comma and given[1])):
        return _WEAK
    if not same_case:
        return _LISTED
    sure = any(g and not is_word(t.norm) for g, t in zip(given, full, strict=True))
    return _UPPER if sure and reading.shouts else _WEAK


def name_keys(names: tuple[str, ...]) -> Callable[[str], bool]:
    """A test of names against a site's list of providers, payers and staff.

    A name is known when its words are all among one listed name's words.
    """
    listed = [frozenset(words(name)) for name in names]
    by_word: dict[str, list[frozenset[str]]] = {}
    for group in listed:
        for word in group:
            by_word.setdefault(word, []).append(group)

    def known(name: str) -> bool:
        parts = {w for w in words(name) if len(w) > 1}
        return bool(parts) and any(parts <= group for group in by_word.get(min(parts), ()))

    return known
