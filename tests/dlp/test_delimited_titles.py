"""Titles of columns as people abbreviate them, and values that only such a title tells."""

from __future__ import annotations

import pytest

from config.contracts import Action
from dlp.model import Category
from tests.support.inspecting import Inspected


def _table(title: str, values: list[str]) -> bytes:
    rows = [f"C{number:03d},{value},{number}.50" for number, value in enumerate(values)]
    return "\n".join([f"Claim,{title},Amount", *rows, ""]).encode()


@pytest.mark.parametrize(
    ("title", "values", "category"),
    [
        ("SS", ["536228714", "412883901"], Category.SSN),
        ("SocSec", ["536228714", "412883901"], Category.SSN),
        ("MedRecNo", ["0048291", "0048292"], Category.MEDICAL_RECORD_NUMBER),
        ("Subscriber #", ["XQZ482913071", "XQZ482913072"], Category.MEMBER_ID),
        ("MemID", ["XQZ482913071", "XQZ482913072"], Category.MEMBER_ID),
        ("DOB", ["22344", "31077"], Category.BIRTH_DATE),
        ("birth date", ["22344.0", "31077.0"], Category.BIRTH_DATE),
        ("Soc", ["536228714", "412883901"], Category.SSN),
        ("Social Sec", ["536228714", "412883901"], Category.SSN),
        ("SSAN", ["536228714", "412883901"], Category.SSN),
        ("BD", ["03/14/1961", "11/02/1979"], Category.BIRTH_DATE),
        ("Med Record", ["77120", "80233"], Category.MEDICAL_RECORD_NUMBER),
        ("EMR #", ["77120", "80233"], Category.MEDICAL_RECORD_NUMBER),
        ("B-day", ["03/14/1961", "11/02/1979"], Category.BIRTH_DATE),
        ("Birthdt", ["03/14/1961", "11/02/1979"], Category.BIRTH_DATE),
        ("DoB", ["03/14/1961", "11/02/1979"], Category.BIRTH_DATE),
        ("Chart", ["77120", "80233"], Category.MEDICAL_RECORD_NUMBER),
        ("Home #", ["6145550142", "6145550177"], Category.PHONE),
        ("Home Ph", ["6145550142", "6145550177"], Category.PHONE),
    ],
)
def test_an_abbreviated_title_tells_its_column(
    inspected: Inspected, title: str, values: list[str], category: Category
) -> None:
    report, _ = inspected(_table(title, values), name="t.csv")
    assert {finding.category for finding in report.findings} == {category}


@pytest.mark.parametrize(
    ("rows", "action"),
    [
        ("C1,Marisol,Quintero,1.00\nC2,Thuy,Nguyen,2.00\n", Action.HOLD),
        ("C1,Quintero,Marisol,1.00\n", Action.HOLD),
        ("C1,open,paid,1.00\nC2,open,denied,2.00\n", Action.RELEASE),
        ("C1,1,12,1.00\nC2,13,40,2.00\n", Action.RELEASE),
    ],
)
def test_first_beside_last_is_a_name_unless_both_are_words(
    inspected: Inspected, rows: str, action: Action
) -> None:
    _, verdict = inspected(("Claim,First,Last,Amount\n" + rows).encode(), name="t.csv")
    assert verdict.action is action


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("Run Date", ["46356", "46357"]),
        ("ph", ["7.35", "7.41"]),
        ("Check #", ["100482913", "100482914"]),
        ("Lot #", ["6145550142", "6145550177"]),
    ],
)
def test_a_title_of_something_else_tells_nothing(
    inspected: Inspected, title: str, values: list[str]
) -> None:
    _, verdict = inspected(_table(title, values), name="t.csv")
    assert verdict.action is Action.RELEASE


@pytest.mark.parametrize(
    ("title", "action"),
    [
        ("Home Phone", Action.HOLD),
        ("H Phone", Action.HOLD),
        ("Pt Home Phone", Action.HOLD),
        ("Phone", Action.RELEASE),
        ("Nursing Home Phone", Action.RELEASE),
        ("Home Health Phone", Action.RELEASE),
    ],
)
def test_no_payer_has_a_telephone_at_home(inspected: Inspected, title: str, action: Action) -> None:
    rows = "Aetna,6145550142\nCigna,6145550177\nHumana,6145550103\n"
    data = f"Payer,{title}\n{rows}".encode()
    assert inspected(data, name="t.csv")[1].action is action
