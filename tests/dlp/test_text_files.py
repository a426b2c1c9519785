"""Files inside plain text: uuencoded lines and Ascii85."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import pytest

from config.contracts import Action
from tests.support.inspecting import Inspected

NOTE = b"Patient Marisol Quintero, SSN 536-22-8714, called about the statement she had.\n"
TOTALS = b"Totals by payer for November: Acme 12 claims, Buckeye 33 claims, others 7.\n"


def _lines(data: bytes) -> str:
    return "".join(binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))


FORMS: dict[str, Callable[[bytes], str]] = {
    "a file": lambda data: f"See below.\n\nbegin 644 n.txt\n{_lines(data)}`\nend\nthanks\n",
    "a short one": lambda data: f"Notes\nbegin 644 n.txt\n{_lines(data[8:44])}`\nend\n",
    "without blanks": lambda data: "\n".join(map(str.rstrip, _lines(data).split("\n"))),
    "lines alone": _lines,
    "Ascii85": lambda data: f"data {base64.a85encode(data, adobe=True).decode()} end\n",
    "Ascii85 in lines": lambda data: base64.a85encode(data, adobe=True, wrapcol=40).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_text_carries_is_read(inspected: Inspected, form: str) -> None:
    _, verdict = inspected(FORMS[form](NOTE).encode(), name="n.txt")
    assert verdict.action is Action.HOLD


@pytest.mark.parametrize("form", FORMS)
def test_what_names_nobody_is_released(inspected: Inspected, form: str) -> None:
    _, verdict = inspected(FORMS[form](TOTALS).encode(), name="n.txt")
    assert verdict.action is Action.RELEASE


@pytest.mark.parametrize(
    "text",
    ["MEDICARE PART B TOTALS FOR THE QUARTER THAT ENDED IN SEPTEMBER 26\n" * 3, "a <~ b ~> c\n"],
)
def test_capitals_and_marks_are_no_file(inspected: Inspected, text: str) -> None:
    _, verdict = inspected(text.encode(), name="n.txt")
    assert verdict.action is Action.RELEASE
