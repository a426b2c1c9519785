"""Which sentences may hold a name or an address: the model is asked about those alone.

Cheap and linear. Where case says something a name is a capital that is no ordinary word; where it
says nothing it is a word that nobody knows, or a given name. It may say yes too often; what it
costs in recall is measured in ``bench/names.py``, which runs the model with and without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple

from dlp.detect.cues import TITLES
from dlp.detect.reading import Reading, Token
from dlp.detect.words import is_given_name, is_not_name, is_word, vocabulary

CUES: Final = vocabulary(
    "patient pt pts name member subscriber insured spouse wife husband daughter son mother father "
    "sister brother guarantor guardian mom dad caller policyholder dependent beneficiary re mr "
    "mrs ms miss named parent aunt uncle grandmother grandfather grandma grandpa niece nephew "
    "partner fiance client resident deceased with called spoke see saw seen contacted texted "
    "emailed messaged met told asked informed advised attn dear hi hello thanks regards sincerely "
    "from for to by am contact per poa caregiver roommate neighbor friend girlfriend boyfriend fyi"
)
SAID: Final = vocabulary(
    "called calls states stated reports reported denies denied presents presented says said asked "
    "asks wants requested requests left returned emailed texted confirmed agreed refused declined "
    "complains complained tolerated arrived lives resides understands verbalized lm"
)
"""What is said of persons: the word after a name."""
_END: Final = re.compile(r"[.!?]+[\"')\]]*\s+|\n+|\t+| {3,}")
_ABBREVIATIONS: Final = vocabulary(
    "mr mrs ms dr drs st ste apt no jr sr prof mt ft ave blvd rd ln pt pts vs attn"
)
_WRAPPED: Final = 48
"""Characters of a line that may go on in the next one: mails are folded in the midst of a name."""
_SHORT_CAPITALS: Final = 3
_SHORTEST: Final = 2
_HOUSE: Final = re.compile(
    r"(?:^|[\s(#,:])[0-9]{1,6}[A-Za-z]?,? (?:[NSEW]{1,2}\.? )?[A-Z0-9][A-Za-z0-9]+"
    r"|[Bb][Oo][Xx] [0-9A-Za-z]|\b[A-Z]{2},? [0-9]{5}\b"
    r"|(?i:\b(?:street|avenue|road|drive|lane|court|blvd|boulevard|apt|ave|rd|ln)\b)"
)
"""A house number, a box, a state and ZIP code, a street: each piece is bounded."""
_INITIAL: Final = re.compile(
    r"(?:^|[\s(,:])[A-Z](?:\. ?| )[A-Z][A-Za-z'\u2019\-]{2,20}"
    r"|[A-Za-z][A-Za-z'\u2019\-]{1,20}, [A-Za-z](?:[\s.,:;]|$)|(?:^|\s)[a-z]\. [a-z]{3,20}"
)
"""``J. Young``, ``Young, J``: an initial makes an ordinary word a name."""


def _load(name: str) -> frozenset[str]:
    text = resources.files("dlp.names").joinpath(name).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


_ORDINARY: Final = _load("ordinary.txt")
_SURNAMES: Final = _load("surname_words.txt")
_SMALL: Final = vocabulary(
    "is as at an am be by do go he if in it me my no of on or so to up us we pt dx hx rx tx sx fx "
    "id er or ed iv im po vs re dr mr ms pm ok"
)


class Sentence(NamedTuple):
    """A part of a text.

    Attributes:
        start: First character.
        end: One past the last.
        tokens: Its words.
    """

    start: int
    end: int
    tokens: list[Token]


def is_surname_too(word: str) -> bool:
    """Whether an ordinary word is a common surname too, such as "king"."""
    return word in _SURNAMES


@lru_cache(maxsize=65_536)
def is_ordinary(word: str) -> bool:
    """Whether a normalised word is no name that the model would ever see in it."""
    if len(word) > 40:  # noqa: PLR2004 - nobody's name, and no word
        return True
    if is_given_name(word):
        return False
    return (
        word in _SMALL or word in _ORDINARY or is_word(word) or is_not_name(word) or _plural(word)
    )


def _plural(word: str) -> bool:
    return word.endswith("s") and word[:-1] in _ORDINARY


def sentences(reading: Reading) -> Iterator[Sentence]:
    """The text's sentences and lines, in order, without gaps; linear."""
    tokens, taken = reading.tokens, 0
    for start, end in _places(reading.text):
        first = taken
        while taken < len(tokens) and tokens[taken].start < end:
            taken += 1
        yield Sentence(start, end, tokens[first:taken])


def _places(text: str) -> Iterator[tuple[int, int]]:
    start = line = 0
    for match in _END.finditer(text):
        wrapped = match[0] == "\n" and match.start() - line > _WRAPPED
        line = match.end() if "\n" in match[0] else line
        if wrapped or (match[0][0] == "." and _abbreviated(text, match.start())):
            continue
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _abbreviated(text: str, dot: int) -> bool:
    """Whether the full stop belongs to a title or an initial."""
    low = max(0, dot - 6)
    word = re.split(r"[^0-9A-Za-z]", text[low:dot])[-1]
    return len(word) == 1 or word.lower() in _ABBREVIATIONS


def worth_reading(reading: Reading) -> list[Sentence]:
    """The sentences that may hold a name or an address."""
    return [s for s in sentences(reading) if s.tokens and _may_name(s, reading)]


def _may_name(sentence: Sentence, reading: Reading) -> bool:
    part = reading.text[sentence.start : sentence.end]
    if part.isupper() or part.islower():
        if _open_word(sentence.tokens) or _cued_word(sentence, is_cased=False):
            return True
    elif _capital(sentence) or _cued_word(sentence, is_cased=True):
        return True
    if reading.has_digits and _HOUSE.search(part):
        return True
    return _INITIAL.search(part) is not None


def _open_word(tokens: list[Token]) -> bool:
    """Whether a word written without case may be a name.

    A given name that is a word, as "bill" in any office, only beside what names stand beside.
    """
    norms = ["", *(token.norm for token in tokens), ""]
    for place, token in enumerate(tokens, 1):
        if not _is_open(token):
            continue
        before, after = norms[place - 1], norms[place + 1]
        if (
            not is_word(token.norm)
            or not before
            or before in CUES
            or after in SAID
            or not _SURNAMES.isdisjoint((before, after))
            or 1 in (len(before), len(after))
        ):
            return True
    return False


def _is_open(token: Token) -> bool:
    """Whether a word written without case may be a name."""
    norm = token.norm
    return len(norm) > _SHORTEST and norm.isalpha() and not is_ordinary(norm)


def _capital(sentence: Sentence) -> bool:
    """Whether a capital, or a given name in small letters, stands for somebody."""
    for token in sentence.tokens:
        raw, norm = token.raw, token.norm
        if len(norm) < _SHORTEST or not (raw[0].isupper() or is_given_name(norm)):
            continue
        if not norm.isalpha() or is_ordinary(norm):
            continue
        if raw.isupper() and len(raw) <= _SHORT_CAPITALS and not is_given_name(norm):
            continue
        if raw.islower() and is_word(norm):
            continue
        return True
    return False


def _cued_word(sentence: Sentence, *, is_cased: bool) -> bool:
    """Whether a word that announces a person stands before one that may be a name there.

    Args:
        sentence: The sentence.
        is_cased: Whether its capitals say anything: "PATIENT CALLED" names nobody.
    """
    for left, right in zip(sentence.tokens, sentence.tokens[1:], strict=False):
        if left.norm not in CUES or not right.norm.isalpha() or len(right.norm) < _SHORTEST:
            continue
        if left.norm in TITLES or (is_cased and left.norm in _ANNOUNCE and right.raw[0].isupper()):
            return True
        # "DAUGHTER KING", "spoke with Hunter": but "with long acting" in small letters is prose.
        surname = right.norm in _SURNAMES and not right.raw.islower()
        if surname or (not is_ordinary(right.norm) and not is_word(right.norm)):
            return True
    return False


_ANNOUNCE: Final = vocabulary(
    "patient pt name member subscriber caller guarantor named re attn dear"
)
