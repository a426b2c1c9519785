from __future__ import annotations

from collections.abc import Callable

import pytest

from config.contracts import Rules
from gateway.reason_check import reason_check

Check = Callable[[str], str | None]


@pytest.fixture(scope="module")
def check() -> Check:
    return reason_check(Rules())


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("SSN 536-22-8714 of the patient", "ssn"),
        ("Spoke with Jane Doe born 1970-02-03", "birth_date"),
        ("Patient MARIA GONZALEZ consents", "name"),
        ("mail jane.doe@example.com", "email"),
    ],
)
def test_a_reason_that_names_somebody_is_found_out(check: Check, text: str, category: str) -> None:
    assert category in (check(text) or "").split(", ")


@pytest.mark.parametrize(
    "text",
    [
        "False alarm: a provider's name, seen twice",
        "Wrong recipient",
        "Approved by compliance, ticket 4711",
        "ok",
        "This batch was checked with the clinic: the note is theirs to send",
        "Reviewed 2026-03-01; a member id of the format the payer itself uses",
    ],
)
def test_a_reason_that_names_nobody_passes(check: Check, text: str) -> None:
    assert check(text) is None


def test_what_cannot_be_inspected_does_not_pass(check: Check) -> None:
    assert check("\x00\x01\x02\x03" * 50) == "something that can't be inspected"
