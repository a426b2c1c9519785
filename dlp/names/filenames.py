"""Names in the names of files: ``Okonkwo_Chidi_EOB.pdf``, ``OkonkwoChidi.csv``.

There is no sentence for the model to see. Two capitalised words side by side are a person's where
one is a given name and nothing else, and the other is nothing that we know or a given name as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from dlp.detect.reading import plain
from dlp.detect.words import is_given_name, is_not_name, is_word
from dlp.model import Category, Match
from dlp.names.filter import CUES, is_ordinary

_DETECTOR: Final = "name-pattern"
_CONFIDENCE: Final = 0.55
_EXTENSION: Final = re.compile(
    r"\.(?i:pdf|csv|tsv|txt|docx?|xlsx?|rtf|jpe?g|png|tiff?|zip|eml|msg|xml|json|hl7|dat|dcm|edi|x12"
    r"|83[457]|wav|mp3)(?![\w-])"
)
_HOUSE: Final = re.compile(
    r"[ _-]?(?i:health|hosp|med(?!rec)|clinic|cancer|child|univ|foundation|inc|llc|pc|group|ins)"
)
"""``HenryFord_Health``: a house called after somebody."""
_RUN: Final = re.compile(r"[\w.,-]*")
_LONGEST: Final = 80
_WORD: Final = re.compile(r"[A-Z][a-z]{2,20}|[A-Z]{3,20}")
"""``OkonkwoChidi`` has two."""
_JOINT: Final = re.compile(r",?[ _-]?")


def find_in_file_name(text: str) -> Iterator[Match]:
    """People whom the name of a file or folder names; linear."""
    yield from _pairs(text, 0, len(text))


def find_file_names(text: str) -> Iterator[Match]:
    """People whom file names in a text name; linear."""
    for match in _EXTENSION.finditer(text):
        before = text[max(0, match.start() - _LONGEST) : match.start()]
        run = _RUN.match(before[::-1])
        yield from _pairs(text, match.start() - (run.end() if run else 0), match.start())


def _pairs(text: str, start: int, end: int) -> Iterator[Match]:
    for left, right in pairwise(_WORD.finditer(text, start, end)):
        joined = _JOINT.fullmatch(text, left.end(), right.start())
        if (
            joined
            and not _HOUSE.match(text, right.end())
            and _is_person(plain(left[0]), plain(right[0]))
        ):
            yield Match(Category.NAME, left.start(), right.end(), _CONFIDENCE, _DETECTOR)


def _is_person(left: str, right: str) -> bool:
    return (_is_given(left) and _may_go_with(right)) or (_is_given(right) and _may_go_with(left))


def _is_given(norm: str) -> bool:
    return is_given_name(norm) and not (is_word(norm) or is_not_name(norm))


def _may_go_with(norm: str) -> bool:
    known = is_ordinary(norm) or is_word(norm) or is_not_name(norm) or norm in CUES
    return _is_given(norm) or not known
