"""Reports in columns: a value is what the head above it says, pages below, too."""

from __future__ import annotations

import pytest

from config.contracts import Action
from dlp.model import Category
from tests.support.inspecting import Inspected

LABELLED = [
    ("SSN", "236458714", Category.SSN),
    ("DOB", "03/14/1962", Category.BIRTH_DATE),
    ("MRN", "00482913", Category.MEDICAL_RECORD_NUMBER),
    ("MRN", "77120", Category.MEDICAL_RECORD_NUMBER),
    ("B-day", "03/14/1962", Category.BIRTH_DATE),
    ("Member ID", "W482913001", Category.MEMBER_ID),
    ("Account Number", "48291300", Category.ACCOUNT_NUMBER),
]


def report(label: str, value: str, *, rule: str = "", right: bool = False) -> str:
    """A report of 40 lines, five to a paragraph."""
    side = ">" if right else "<"
    lines = [f"{'SITE':<8}{label:{side}20}{'AMT':>10}", rule]
    for i in range(40):
        lines.append(f"{'A' + str(i):<8}{value:{side}20}{i * 2.5:>10}")
        if i % 5 == 4:
            lines.append("")
    return "ACME BILLING\n\n" + "\n".join(lines) + "\n\nEND OF REPORT\n"


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("rule", ["", "=" * 38, "------  ----------  ------"])
@pytest.mark.parametrize(("label", "value", "category"), LABELLED)
def test_every_value_under_a_head_is_found(
    inspected: Inspected, label: str, value: str, category: Category, rule: str, *, right: bool
) -> None:
    data = report(label, value, rule=rule, right=right).encode()
    found, verdict = inspected(data, "no-phi", name="a.txt")
    assert verdict.action is Action.HOLD
    places = {f.offset for f in found.findings if f.category is category}
    assert len(places) == 40
    assert all(data[at or 0 :].startswith(value.encode()) for at in places)


@pytest.mark.parametrize(
    "text",
    [
        report("CLAIMS", "12034"), report("CHECK NO", "236458714"), report("SERVICE", "10/01/2026"),
        "Field     Start   Length\nSSN       1            9\nDOB       10           8\n",
        "SSN       DOB     counts by site\nNorth clinic had 12 and 40\nSouth clinic had 3 and 4\n",
    ],
    ids=["claims", "checks", "service", "dictionary", "counts"],
)  # fmt: skip
def test_reports_about_nobody_release(inspected: Inspected, text: str) -> None:
    assert inspected(text.encode(), "totals", name="a.txt")[1].action is Action.RELEASE
