"""Driver's licences: the formats of 51 departments behind a label, and nothing without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.states import NAMES
from dlp.detect.licences import FORMATS, find_licences
from dlp.detect.reading import Reading
from dlp.model import Category


def _found(text: str) -> list[str]:
    return [text[m.start : m.end] for m in find_licences(Reading(text))]


# One number in the format that each department prints most.
NUMBERS = {
    "AL": "1234567", "AK": "7123456", "AZ": "D01234567", "AR": "912345678", "CA": "D1234567",
    "CO": "123456789", "CT": "012345678", "DE": "1234567", "DC": "1234567",
    "FL": "F123-456-78-901-0", "GA": "012345678", "HI": "H01234567", "ID": "AB123456C",
    "IL": "B123-4567-8901", "IN": "1234-56-7890", "IA": "123AB4567", "KS": "K01-234-567",
    "KY": "K12-345-678", "LA": "012345678", "ME": "1234567", "MD": "S-123-456-789-012",
    "MA": "S12345678", "MI": "S 123 456 789 012", "MN": "S123456789012", "MS": "123-45-6780",
    "MO": "S123456789", "MT": "0123456789012", "NE": "H12345678", "NV": "1234567890",
    "NH": "12ABC34567", "NJ": "F1234 56789 01234", "NM": "012345678", "NY": "123 456 789",
    "NC": "123456789012", "ND": "ABC123456", "OH": "AB123456", "OK": "S123456789", "OR": "1234567",
    "PA": "12 345 678", "RI": "1234567", "SC": "123456789", "SD": "12345678", "TN": "012345678",
    "TX": "12345678", "UT": "123456789", "VT": "12345678", "VA": "A12-34-5678",
    "WA": "WDL4P2R8T61A", "WV": "E123456", "WI": "S123-4567-8901-23", "WY": "123456-789",
}  # fmt: skip


def test_every_state_and_the_district_has_a_format() -> None:
    assert set(FORMATS) == set(NUMBERS) == set(NAMES) - {"AS", "GU", "MP", "PR", "VI"}


@pytest.mark.parametrize("state", NUMBERS)
def test_a_number_behind_a_label_and_its_state_is_found_whole(state: str) -> None:
    assert _found(f"has driver's license {state} {NUMBERS[state]}, seen") == [NUMBERS[state]]


@pytest.mark.parametrize("state", ["TX", "NY", "WV", "NH"])
def test_a_state_may_be_written_out_before_the_label(state: str) -> None:
    text = f"a {NAMES[state]} driver license no. {NUMBERS[state]}."

    assert _found(text) == [NUMBERS[state]]


@pytest.mark.parametrize("number", ["12345678", "1234567", "D1234567", "123456789"])
def test_dl_before_a_long_number_means_a_licence(number: str) -> None:
    assert _found(f"Copy of DL {number} on file") == [number]


@pytest.mark.parametrize(
    "text",
    [
        "glucose 100 mg/dL 12345678",
        "dL CA D1234567",
        "DL 123456",
        "GLUCOSE 95 MG DL 12345678",
        "the CA number D1234567",
        "software license TX 12345678",
        "medical license CA D1234567",
        "driver's license expires 01-02-1980",
        "driver's license on file",
        "driver's license CA D12345",
    ],
)
def test_without_label_format_or_meaning_nothing_is_found(text: str) -> None:
    assert _found(text) == []


@given(st.text(alphabet="dlDL driver's license CATXNY#: -0123456789*", max_size=200))
def test_any_text_gives_places_inside_it(text: str) -> None:
    for match in find_licences(Reading(text)):
        assert match.category is Category.LICENSE_NUMBER
        assert 0 <= match.start < match.end <= len(text)
