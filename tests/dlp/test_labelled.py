"""Numbers told by the label in front of them, however a form sets the two apart."""

from __future__ import annotations

import pytest

from config.contracts import Action
from tests.support.inspecting import Inspected

LABELLED = [
    ("MRN", "00482913"),
    ("Medical Record No.", "482913"),
    ("Member ID", "W482913001"),
    ("Policy Number", "XY4829130"),
    ("Account Number", "48291300"),
    ("SSN", "236458714"),
    ("Date of Birth", "03/14/1962"),
]
FORMS = {
    "dot leaders": "Status ....... open\n{label} ........ {value}\n",
    "dots and colon": "Status........: open\n{label}........: {value}\n",
    "blanks": "Status           open\n{label}            {value}\n",
    "next line": "Status\nopen\n{label}\n{value}\nend\n",
    "next line, colon": "{label}:\r\n  {value}\r\n",
    "quoted": "{{'status': 'open', '{label}': '{value}'}}\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("label", "value"), LABELLED)
def test_a_value_set_apart_from_its_label_is_found(
    inspected: Inspected, form: str, label: str, value: str
) -> None:
    text = FORMS[form].format(label=label, value=value).encode()
    assert inspected(text, "no-phi", name="a.txt")[1].action is Action.HOLD


@pytest.mark.parametrize("text", ["loaded member_id=W482913001\n", "?policy_no=XY4829130&x=1\n"])
def test_a_label_may_be_a_programs_name_of_it(inspected: Inspected, text: str) -> None:
    assert inspected(text.encode(), "no-phi", name="a.txt")[1].action is Action.HOLD


@pytest.mark.parametrize(
    "text",
    [
        "4829137 is her MRN\n", "04211955 is the birthdate on the card\n", "Hosp # 4829137\n",
        "HAR 482913377 late charges\n", "MR 0048291\n", "guarantor number 4829137\n",
        "her member i.d. is R48291377\n", "last 4 of social 7714\n", "Her SSN ends in 3381\n",
        "statement acct no: 3310-4471-02\n", "born 08/1931\n", "turned one hundred today\n",
        "Aetna ID W482913771\n", "V.I.N. KNDJP3A5TH74O6288\n",
        "Lic plate BXR-4471 seen\n", "CDL D221-4471-8823 copied\n", "pt is ninety three\n",
        "lives at 2950 S 1300 E now\n", "post office box 1204, Gallup\n", "her cell's 8085550127\n",
    ],
)  # fmt: skip
def test_a_label_may_stand_behind_or_be_shorthand(inspected: Inspected, text: str) -> None:
    assert inspected(text.encode(), "no-phi", name="a.txt")[1].action is Action.HOLD


@pytest.mark.parametrize(
    "text",
    [
        "Total claims: 12034\n", "Claims 12034 paid, 311 denied\n", "Claims ......... 12034\n",
        "Medicare: 43120\nMedicaid: 120344\n", "Policy 2024-15 applies\n",
        "up ninety percent\n", "MR 3 tesla\n", "he was ninety minutes late\n",
        "Claim count\n12034\n", "Account            Balance\n", "Members ....... 40211\n",
    ],
)  # fmt: skip
def test_counts_and_versions_are_nobodys(inspected: Inspected, text: str) -> None:
    assert inspected(f"Report\n{text}End\n".encode(), "totals", name="a.txt")[1].action is (
        Action.RELEASE
    )


@pytest.mark.parametrize("text", ["DOB: 03 14 1961\n", "Date of birth  3  14  61\n"])
def test_a_birth_date_may_stand_in_three_boxes(inspected: Inspected, text: str) -> None:
    assert inspected(text.encode(), "no-phi", name="a.txt")[1].action is Action.HOLD
