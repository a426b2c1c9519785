"""Labelled identifiers in which a reader of pictures took one character for another."""

from __future__ import annotations

import pytest

from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Category, Passage

DETECTORS = Detectors(Rules())


def _found(text: str) -> set[Category]:
    matches = DETECTORS.find(Passage(text, "here", Carrier.FREE_TEXT), Identities())
    return {m.category for m in matches if m.confidence >= 0.5}


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("MBI 1EG4-TES-MK73", Category.MEDICARE_ID),
        ("Medicare # lEG4-TE5-MK7B", Category.MEDICARE_ID),
        ("SSN: 2l6-4S-6789", Category.SSN),
        ("VlN 2T3RFREVlJW78I4S9", Category.VEHICLE_ID),
        ("DEA BK48Z1737", Category.LICENSE_NUMBER),
        ("IBAN GB69 BARC 2OO4 0161 5844 37", Category.BANK_ACCOUNT),
        ("DOB: O3/14/196l", Category.BIRTH_DATE),
        ("Phone: (5O3) 555-OI44", Category.PHONE),
    ],
)
def test_a_misread_identifier_is_found_behind_its_label(text: str, category: Category) -> None:
    assert category in _found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Medicare part B covers 12 visits a year",
        "MBI missing on the claim",
        "VIN not given by the insurer",
        "ss soil 12 bags",
        "DEA schedule II, 30 tablets",
        "1EG4-TES-MK73 is a part number",
    ],
)
def test_what_has_no_label_or_no_shape_is_left_alone(text: str) -> None:
    assert _found(text) == set()
