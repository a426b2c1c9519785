"""A number that the end of a full line breaks, or cuts off from its label, is found."""

from __future__ import annotations

import pytest

from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Category, Passage

FILLING = "Discussed the results of the studies with the family and then the "


def found(detectors: Detectors, text: str) -> list[tuple[Category, str]]:
    passage = Passage(text, "here", Carrier.FREE_TEXT)
    matches = detectors.find(passage, Identities(limit=0))
    return [(m.category, text[m.start : m.end]) for m in matches if m.confidence >= 0.5]


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n "])
@pytest.mark.parametrize(
    ("before", "after", "category", "value"),
    [
        ("medical record", "number 00482913", Category.MEDICAL_RECORD_NUMBER, "00482913"),
        ("driver's license", "RT482913", Category.LICENSE_NUMBER, "RT482913"),
        ("patient account", "number 88213774", Category.ACCOUNT_NUMBER, "88213774"),
    ],
)
def test_a_number_is_found_whose_label_ends_a_full_line(
    detectors: Detectors, before: str, after: str, category: Category, value: str, end: str
) -> None:
    text = f"{FILLING}{before}{end}{after} was given."
    assert found(detectors, text) == [(category, value)]


def test_a_telephone_number_is_found_over_two_lines(detectors: Detectors) -> None:
    text = f"{FILLING}daughter said to call (614)\n447-0182 in the evening."
    assert found(detectors, text) == [(Category.PHONE, "(614)\n447-0182")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "after", "category"),
    [
        ("SSN 236-45", "-8714", Category.SSN),
        ("SSN 2364", "58714", Category.SSN),
        ("phone 614-44", "7-0182", Category.PHONE),
        ("mail mquintero61", "@example.com", Category.EMAIL),
        ("MBI 1EG4TE5", "MK73", Category.MEDICARE_ID),
        ("member id W2381", "74650", Category.MEMBER_ID),
    ],
)
def test_a_number_cut_by_the_end_of_a_full_line_is_found_whole(
    detectors: Detectors, before: str, after: str, category: Category, end: str
) -> None:
    text = f"{FILLING}{before}{end}{after} was given."
    assert (category, f"{before.rsplit(maxsplit=1)[-1]}{end}{after}") in found(detectors, text)


@pytest.mark.parametrize(
    "text",
    [
        "Medical record\nnumber 00482913 of copies",
        "Rooms 236-45\n-8714 was the balance",
        f"{FILLING}total was 236\n45 of them and 8714 others.",
        f"{FILLING}claims were paid, of the year 2026\n1234567 in all.",
    ],
)
def test_what_a_short_line_or_a_sentence_ends_in_stays_apart(
    detectors: Detectors, text: str
) -> None:
    assert not found(detectors, text)
