"""Names in the names of files, and what stands beside a label there."""

from __future__ import annotations

import pytest

from config.contracts import Action
from dlp.model import Category
from dlp.names.filenames import find_file_names
from tests.support.inspecting import Inspected

_TOTALS = b"code,amount\n1,2\n3,4\n"


@pytest.mark.parametrize(
    "name",
    [
        "BroadnaxLakeisha.csv",
        "LakeishaBroadnax_EOB.csv",
        "Broadnax_Lakeisha.csv",
        "BROADNAX-LAKEISHA-20240611.csv",
        "ssn_236458714.csv",
        "mrn_77120.csv",
    ],
)
def test_a_file_called_after_a_patient_is_held(name: str, inspected: Inspected) -> None:
    assert inspected(_TOTALS, "totals", name)[1].action is Action.HOLD


@pytest.mark.parametrize(
    "name",
    [
        "AnthemBlueCross.csv",
        "AR_Aging_Tyler_Technologies.csv",
        "Jackson_Memorial_June.csv",
        "Carter_Bank_Lockbox.csv",
        "QuickBooksExport.csv",
        "Madison_County.csv",
        "SaintMaryHospital.csv",
        "HenryFord_Health.csv",
        "JohnMuir_Health.csv",
    ],
)
def test_a_file_called_after_a_firm_is_not(name: str, inspected: Inspected) -> None:
    assert inspected(_TOTALS, "totals", name)[1].action is Action.RELEASE


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("wrote /out/BROADNAX_LAKEISHA_20240611.pdf", "BROADNAX_LAKEISHA"),
        ("attached BroadnaxLakeisha.pdf", "BroadnaxLakeisha"),
        ("wrote /out/Denials_June.pdf", ""),
        ("see BroadnaxLakeisha", ""),
    ],
)
def test_a_file_that_a_text_speaks_of_may_be_called_after_somebody(text: str, named: str) -> None:
    found = [text[match.start : match.end] for match in find_file_names(text)]
    assert found == [named] * bool(named)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("saved ssn_236458714.pdf\n", Category.SSN),
        ("loaded key mrn_77120\n", Category.MEDICAL_RECORD_NUMBER),
        ("MR NUMBER 5520917\n", Category.MEDICAL_RECORD_NUMBER),
        ("b/d 3-9-71 per card\n", Category.BIRTH_DATE),
        ("saved dob_1961-03-14.pdf\n", Category.BIRTH_DATE),
    ],
)
def test_a_line_or_slash_joins_a_label_to_its_value(
    text: str, category: Category, inspected: Inspected
) -> None:
    assert category in {f.category for f in inspected(text.encode(), "no-phi", "a.txt")[0].findings}
