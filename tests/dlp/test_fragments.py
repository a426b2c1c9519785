"""What segments copied into a text say of a patient is found, and nothing of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp.detect.fragments import find_fragments
from dlp.detect.reading import Reading
from dlp.model import Category


def found(text: str) -> list[tuple[Category, str]]:
    return [(m.category, text[m.start : m.end]) for m in find_fragments(Reading(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "see NM1*IL*1*OKONKWO*CHIDI*B***MI*W123~",
            [(Category.NAME, "OKONKWO*CHIDI*B"), (Category.MEMBER_ID, "W123")],
        ),
        ("NM1*QC*1*De La Cruz*Maria~N3*", [(Category.NAME, "De La Cruz*Maria")]),
        ("NM1|IL|1|OKONKWO|CHIDI", [(Category.NAME, "OKONKWO|CHIDI")]),
        ("it says DMG*D8*19610304*F", [(Category.BIRTH_DATE, "19610304")]),
        ("DTP*472*RD8*20240301-20240304~", [(Category.SERVICE_DATE, "20240301-20240304")]),
        ("REF*SY*236418821~", [(Category.SSN, "236418821")]),
        ("REF*EA*00482913", [(Category.MEDICAL_RECORD_NUMBER, "00482913")]),
        ("REF*1W*XQH8842~", [(Category.MEMBER_ID, "XQH8842")]),
        ("CLM*7781-2*150***11:B:1", [(Category.ACCOUNT_NUMBER, "7781-2")]),
        (
            "PID|1||00482913^^^HOSP^MR||OKONKWO^CHIDI^B||19610304|F|||12 OAK ST^^LIMA^OH^45801",
            [
                (Category.MEDICAL_RECORD_NUMBER, "00482913"),
                (Category.NAME, "OKONKWO^CHIDI^B"),
                (Category.BIRTH_DATE, "19610304"),
                (Category.ADDRESS, "12 OAK ST^^LIMA^OH^45801"),
            ],
        ),
        (
            "The line NK1|1|Halvorsen^Ingrid^^|MTH||(614)555-0142|",
            [(Category.NAME, "Halvorsen^Ingrid"), (Category.PHONE, "(614)555-0142")],
        ),
        ("PID|||||||||||||||||||236418821", [(Category.SSN, "236418821")]),
    ],
)
def test_a_copied_segment_names_its_patient(
    text: str, expected: list[tuple[Category, str]]
) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "NM1*85*1*WHITMORE*ALAN****XX*1234567893~",
        "NM1*PR*2*ACME HEALTH*****PI*60054~",
        "NM1*IL*1*~",
        "DMG*D8*19611304~",
        "REF*SY*000418821~",
        "REF*G1*236418821~",
        "PID|1||^^^HOSP||^|",
        "rates: a|b|c and 2*3*4",
        "OBX|1|NM|718-7^Hemoglobin||13.2|g/dL",
    ],
)
def test_others_and_empty_elements_are_left(text: str) -> None:
    assert found(text) == []


@given(text=st.text(alphabet="PIDNM1*|^~ILQC0123456789 \n", max_size=200))
def test_any_text_gives_places_inside_it(text: str) -> None:
    for match in find_fragments(Reading(text)):
        assert 0 <= match.start < match.end <= len(text)
