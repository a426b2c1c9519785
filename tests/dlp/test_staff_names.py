"""Names that a business paper gives as its own people's, and patients' at the same places."""

from __future__ import annotations

import pytest

from config.contracts import Action
from config.policy import shipped_policy
from dlp.detect.business import is_business
from tests.support.inspecting import Inspected


@pytest.mark.parametrize(
    "text",
    [
        "Vera Holmquist, CFO",
        "Vera Holmquist, Chief Financial Officer, presented the quarterly results.",
        "Director of Coding: Anselm Ortega",
        "Vera Holmquist\nSenior Vice President, Sales\nMeridian Clearinghouse",
        "Ines Duarte, RHIT",
        "By: Vera Holmquist\nTitle: President",
        "Prepared by: Vera Holmquist\nReviewed by: Anselm Ortega",
        "Policy 12-4\nApproved by Vera Holmquist\nVersion 3",
        "Billing Committee minutes\n\nPresent: Vera Holmquist, Anselm Ortega\nAbsent: Ines Duarte",
        "Attendees:\n- Vera Holmquist\n- Anselm Ortega\n\nAction items\n- Update the payer list",
        "MEMORANDUM\nTO: All billing staff\nFROM: Anselm Ortega\nSUBJECT: New schedule",
        "Minutes\nVera Holmquist (CFO) opened the meeting.\nVera Holmquist presented the budget.",
        "Regards,\nInes Duarte\nEDI Analyst\nDirect: 415-555-0144\niduarte@meridianch.com",
        "Spetzler-Martin grade III AVM on angiogram.",
    ],
)
def test_a_business_papers_own_people_hold_nothing(inspected: Inspected, text: str) -> None:
    _, verdict = inspected(text.encode(), name="paper.txt")
    assert verdict.action is Action.RELEASE


@pytest.mark.parametrize(
    "text",
    [
        "Vera Holmquist, 54, CFO of a local firm",
        "Patient Vera Holmquist, CFO",
        "Vera Holmquist, CEO, NPO since midnight",
        "Vera Holmquist\nDirector\n\nLeft hip arthroplasty",
        "Left hip arthroplasty\n\nVera Holmquist\nDirector",
        "My claim of May was denied.\n\nSincerely,\n\nVera Holmquist\nOffice Manager",
        "Attn: patient Vera Holmquist",
        "Re: Vera Holmquist",
        "To: Vera Holmquist\nFrom: Anselm Ortega\nRe: Your bill",
        "Group minutes. Present: Vera Holmquist, Anselm Ortega. Topic: coping skills",
        "Minutes\nAttendees: Anselm Ortega, CFO\nVera Holmquist was discussed; she owes $40.",
        "Prepared by: Vera Holmquist\nExpenses after the accident",
        "Thomas Keating, Director, tested positive for COVID.",
        "Vera Holmquist, CFO\nMRN 88213456",
        "Minutes\nPresent: Anselm Ortega\nVera Holmquist called",
        "Statement for Vera Holmquist, Accountant\n$214.00",
        "Vera Holmquist, Manager\n99213",
        "Vera Holmquist\nOffice Manager\nvholmquist@gmail.com",
    ],
)
def test_a_patient_at_such_a_place_is_held(inspected: Inspected, text: str) -> None:
    _, verdict = inspected(text.encode(), name="paper.txt")
    assert verdict.action is not Action.RELEASE


def test_a_patient_whom_a_field_names_is_none_of_the_staff(inspected: Inspected) -> None:
    table = b'patient name,dob,remark\nHolmquist Vera,1971-03-04,"Vera Holmquist, CFO"\n'
    report, _ = inspected(table, shipped_policy().contracts["no-phi"], "t.csv")
    assert any(f.detector == "same-file-identity" for f in report.findings)


@pytest.mark.parametrize("text", ["The board meets on Tuesday.", "Helen Marsh, CFO", ""])
def test_words_of_business_are_of_business(text: str) -> None:
    assert is_business(text)


@pytest.mark.parametrize("text", ["Lisinopril 10", "I wrote", "BP 142/90", "left hip", "COVID"])
def test_what_is_said_of_persons_is_not_of_business(text: str) -> None:
    assert not is_business(text)
