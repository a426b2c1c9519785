"""Word lists shipped with the package: ordinary words, given names, and names that are no person's.

The lists are ours. They are data, not code, so that an analyst can read and extend them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

_SUFFIXES = (
    ("ies", "y"), ("ied", "y"), ("ily", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"),
    ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"), ("ers", ""), ("ly", ""), ("al", ""),
    ("est", ""), ("ness", ""), ("able", ""), ("ment", ""), ("ful", ""), ("less", ""),
    ("ation", "e"), ("ions", "ion"), ("ive", ""), ("ic", ""), ("ity", ""), ("y", ""), ("ally", ""),
)  # fmt: skip
_PREFIXES = ("un", "re", "non", "pre", "post", "mis", "over", "sub", "in", "anti")
_SHORTEST_STEM = 3
# Word formation that people's names hardly share, but clinical words do.
_CLINICAL_ENDINGS = (
    "itis", "osis", "ectomy", "otomy", "ostomy", "scopy", "graphy", "gram", "logy", "logist",
    "pathy", "plasty", "emia", "uria", "algia", "oma", "omas", "pril", "sartan", "statin", "olol",
    "azole", "cillin", "mycin", "floxacin", "tidine", "prazole", "dipine", "tion", "tions", "sion",
    "sions", "ment", "ments", "ness", "ative", "itive", "ically", "opathy", "trophy", "plegia",
    "paresis", "phagia", "pnea", "rrhea", "rrhage", "centesis", "desis", "ility", "ology", "ized",
    "izing", "ization", "ously", "aceous", "ular", "oid", "oids",
)  # fmt: skip
_SHORTEST_WITH_ENDING = 7
# No word is longer; a longer token would make every look-up cost its length.
_LONGEST = 40


def _load(name: str) -> frozenset[str]:
    text = resources.files("dlp.detect").joinpath(name).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


def vocabulary(text: str) -> frozenset[str]:
    """A set of words written as a sentence, so that a long one stays readable."""
    return frozenset(text.split())


WORDS = _load("words.txt")
GIVEN_NAMES = _load("given_names.txt")
PAYERS = _load("payers.txt")
NOT_NAMES = _load("not_names.txt") | PAYERS


def _stems(word: str) -> list[str]:
    stems = [word[: -len(suffix)] + ending for suffix, ending in _SUFFIXES if word.endswith(suffix)]
    # "stopped", "planning": the consonant that was doubled.
    stems += [s[:-1] for s in stems if len(s) > _SHORTEST_STEM and s[-1] == s[-2]]
    return [s for s in stems if len(s) >= _SHORTEST_STEM]


@lru_cache(maxsize=65_536)
def is_word(word: str) -> bool:
    """Whether a normalised word is an ordinary, billing or clinical one, in any usual form."""
    if len(word) > _LONGEST:
        return False
    if word in WORDS or any(stem in WORDS for stem in _stems(word)):
        return True
    if len(word) >= _SHORTEST_WITH_ENDING and word.endswith(_CLINICAL_ENDINGS):
        return True
    return any(
        word.startswith(p) and len(word) > len(p) + _SHORTEST_STEM and word[len(p) :] in WORDS
        for p in _PREFIXES
    )


def is_exactly_word(word: str) -> bool:
    """Whether a word is in the list as it stands, or as a plain plural or past form.

    A surname such as "Banks" or "Hunter" may be an ordinary word's form; "Fielder" hardly is one.
    """
    return word in WORDS or (word.endswith("s") and word[:-1] in WORDS)


def is_given_name(word: str) -> bool:
    """Whether a normalised word is a given name common in the United States."""
    return word in GIVEN_NAMES


def is_not_name(word: str) -> bool:
    """Whether it stands for an eponym, drug, payer, place or month."""
    return word in NOT_NAMES


def is_payer(word: str) -> bool:
    """Whether it stands for a payer, a clearing house, a vendor: who works there is staff."""
    return word in PAYERS
