"""What is nobody's: a note of it alone releases, and the real thing beside it is found."""

from __future__ import annotations

import pytest

from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Category, Passage

RULES = Rules(not_phi=("Marisol Quintero", "Aetna Better Health", "Harbor Point Orthopedics"))
DECIDES = 0.5
HARMLESS = {
    "a listed member of staff": "Called by Marisol Quintero of billing.",
    "a listed payer": "Resubmitted to Aetna Better Health.",
    "a listed provider": "Seen at Harbor Point Orthopedics.",
    "a titled provider with a credential": "Denied by the payer's medical director, an MD.",
    "a drug": "Started on Lipitor and Lisinopril.",
    "a description of a code": "Office or other outpatient visit, established patient.",
    "a dose": "Metformin 500 mg twice daily, insulin 10 units.",
    "an eponym": "History of Parkinson disease, Foley catheter in place.",
    "a bare year": "Smoker since 1987, quit in 2014.",
    "an age under 90": "A 64-year-old with back pain.",
    "a famous example": "SSN 078-05-1120 is the one on the wallet card.",
    "a test card that is no card": "Test value 4111111111111112 was rejected.",
}
REAL = {
    "457-12-3321": ("Her SSN is 457-12-3321.", Category.SSN),
    "1EG4-TE5-MK73": ("Medicare MBI 1EG4-TE5-MK73.", Category.MEDICARE_ID),
}


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    return Detectors(RULES)


def _found(detectors: Detectors, text: str) -> list[tuple[Category, str]]:
    matches = detectors.find(Passage(text, "note", Carrier.FREE_TEXT), Identities())
    return [(m.category, text[m.start : m.end]) for m in matches if m.confidence >= DECIDES]


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_note_that_holds_only_this_has_no_finding(detectors: Detectors, kind: str) -> None:
    assert _found(detectors, HARMLESS[kind]) == []


@pytest.mark.parametrize("kind", HARMLESS)
@pytest.mark.parametrize("value", REAL)
def test_it_hides_nothing_that_stands_beside_it(
    detectors: Detectors, kind: str, value: str
) -> None:
    sentence, category = REAL[value]

    assert _found(detectors, f"{HARMLESS[kind]} {sentence}") == [(category, value)]


def test_a_listed_name_does_not_cover_another_of_the_same_surname(detectors: Detectors) -> None:
    text = "Patient Deshawn Quintero called Marisol Quintero."

    assert (Category.NAME, "Deshawn Quintero") in _found(detectors, text)
