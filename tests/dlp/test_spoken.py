"""What a voicemail's transcript holds: numbers, dates and mail addresses in words."""

from __future__ import annotations

import pytest

from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.detect.spoken import spoken_digits
from dlp.model import Carrier, Category, Passage

DETECTORS = Detectors(Rules())


def _found(text: str) -> set[Category]:
    matches = DETECTORS.find(Passage(text, "here", Carrier.FREE_TEXT), Identities())
    return {m.category for m in matches if m.confidence >= 0.5}


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("five one seven, six two", "51762"),
        ("oh nineteen sixty-one", "01961"),
        ("double four, triple two", "44222"),
        ("eight hundred five fifty", "800550"),
    ],
)
def test_a_number_in_words_is_read_digit_by_digit(text: str, digits: str) -> None:
    assert spoken_digits(text) == digits


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("my social is two three six, four five, six seven eight nine", Category.SSN),
        ("reach me on five oh three, five five five, zero one four four", Category.PHONE),
        ("call me at five five five, oh one four four", Category.PHONE),
        ("my member number is double seven four two nine oh one", Category.MEMBER_ID),
        ("the account number is four four one eight eight two nine", Category.ACCOUNT_NUMBER),
        ("date of birth is march third nineteen sixty one", Category.BIRTH_DATE),
        ("she was born the ninth of may 1971", Category.BIRTH_DATE),
        ("my email is bea dot holloway at example dot com", Category.EMAIL),
        ("b_holloway at yahoo dot com for the portal", Category.EMAIL),
    ],
)
def test_what_is_said_is_found(text: str, category: Category) -> None:
    assert category in _found(text)


@pytest.mark.parametrize(
    "text",
    [
        "for claims press one, for appeals press two, for billing press three",
        "count one two three four five six seven",
        "find us at humana dot com",
        "one or two tablets every four to six hours",
    ],
)
def test_what_is_counted_or_public_is_nobodys(text: str) -> None:
    assert _found(text) == set()
