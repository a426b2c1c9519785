"""Labels beside or above a cell: forms, transposed tables, a second table in the same sheet."""

from __future__ import annotations

import io

import pytest

from config.contracts import Action, Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Category, Finding
from dlp.parse import delimited
from dlp.parse.delimited import parser
from tests.support.inspecting import Inspected

NUMBER = "236458714"
LABELLED = [
    ("SSN", NUMBER, Category.SSN),
    ("Social Security Number:", NUMBER, Category.SSN),
    ("ssn", "12458714", Category.SSN),  # a spreadsheet leaves its zero out
    ("Date of Birth", "03/14/1962", Category.BIRTH_DATE),
    ("MRN", "00482913", Category.MEDICAL_RECORD_NUMBER),
    ("Patient ID", "482913", Category.OTHER_ID),
    ("Member ID", "W482913001", Category.MEMBER_ID),
]
FORMS = {
    "beside": "Field,Value\nStatus,Open\n{label},{value}\nAmount,12.50\nCount,4\n",
    "transposed": "Month,Jan,Feb\nClaims,40,38\n{label},{value},{value}\nPaid,1,2\n",
    "over blanks": "Month,,Value\nClaims,,40\n{label},,{value}\nPaid,,3\n",
    "first row": "{label},{value}\nGroup,Lakeside\nPlan,PPO\n",
    "below": "id,ref,amt\n1,44,2\n2,55,3\n,{label},\n3,{value},4\n4,{value},5\n",
    "second table": "month,claims\n2026-01,40\n2026-02,42\n\n{label},amount\n{value},3\n",
    "wider table": "month,claims\n2026-01,40\n2026-02,42\n\n{label},plan,amount\n{value},A,3\n",
    "mixed column": "item,{label}\na,{value}\nb,see the note\nc,not yet here\nd,moved away\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("label", "value", "category"), LABELLED)
def test_a_value_is_what_its_label_says(
    inspected: Inspected, form: str, label: str, value: str, category: Category
) -> None:
    data = FORMS[form].format(label=label, value=value).encode()
    report, verdict = inspected(data, "totals", name="a.csv")
    assert category in {finding.category for finding in report.findings}
    assert verdict.action is Action.HOLD


def test_names_are_told_by_a_second_header(inspected: Inspected) -> None:
    data = b"month,claims\n2026-01,40\n\nLast Name,First Name\nMbekiwe,Eleni\nOkafor,Tom\n"
    report, _ = inspected(data, "totals", name="a.csv")
    assert report.counts == {(Category.NAME, False): 4}


@pytest.mark.parametrize(
    "data",
    [
        "Field,Value\nGroup,Lakeside\nLast Name,Achterberg\n",
        "Field,Value\nGroup,Lakeside\nFirst Name,Rosalind\n",
        "Month,Jan,Feb\nFirst,Rosalind,Milo\nLast,Achterberg,Vantongeren\nTotal,33,44\n",
    ],
)
def test_a_part_of_a_name_alone_is_told_by_its_label(inspected: Inspected, data: str) -> None:
    report, _ = inspected(data.encode(), "totals", name="a.csv")
    assert Category.NAME in {finding.category for finding in report.findings}


def test_a_sign_stands_for_the_word_number(inspected: Inspected) -> None:
    data = b"Patient Account #,Paid\n7733182,2\n7733183,3\n7733194,4\n"
    report, _ = inspected(data, "totals", name="a.csv")
    assert report.counts == {(Category.ACCOUNT_NUMBER, False): 3}


@pytest.mark.parametrize(
    "data",
    [
        "Field,Means\nFirst Name,Given name of the patient\nLast Name,Family name\nDOB,CCYYMMDD\n",
        "Label,Required\nFirst Name,Yes\nLast Name,Required\n",
        "Place,Payer\nFirst,Aetna\nLast,Cigna\n",
        "Field,Type,Length\nSSN,char,9\nDOB,date,8\nMRN,char,10\nMember ID,char,12\n",
        "Field,Rows,Distinct\nSSN,123456789,118234\nDOB,1203400,40211\nMRN,1203400,1100233\n",
        "Source,Target\nSSN,subscriber_ssn\nDOB,birth_dt\nMRN,mrn_id\nFirst Name,fname\n",
        "Position,Field,Start,End\n1,SSN,1,9\n2,DOB,10,17\n3,Member ID,18,29\n4,First Name,30,49\n",
        "Field,Since\nSSN,2024-01-01\nDOB,2024-01-01\nMRN,2024-01-01\n",
        "SSN,12\nDOB,40\nMRN,34\nClaim Number,98\nPatient ID,1203\n",
    ],
    ids=[
        "means",
        "required",
        "places",
        "dictionary",
        "profile",
        "mapping",
        "layout",
        "since",
        "counts",
    ],
)
def test_what_is_said_about_fields_is_nobodys(inspected: Inspected, data: str) -> None:
    assert inspected(data.encode(), "totals", name="a.csv")[1].action is Action.RELEASE


@pytest.fixture
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "_SAMPLE_ROWS", 30)


@pytest.mark.usefixtures("small_sample")
@pytest.mark.parametrize("mark", [",", "|", "\t", ";"])
@pytest.mark.parametrize("label", ["SSN", '"SSN:"', "ssn "])
def test_a_label_far_down_a_table_is_seen_as_one_by_one(
    monkeypatch: pytest.MonkeyPatch, contracts: dict[str, Contract], detectors: Detectors,
    label: str, mark: str,
) -> None:  # fmt: skip
    rows = [f"{i},{i * 7},{i * 3}" for i in range(400)]
    rows[300:300] = [f",{label},", *(f"9,{int(NUMBER) + i * 1009},9" for i in range(40))]
    data = ("\n".join(["id,ref,amount", *rows]) + "\n").replace(",", mark).encode()

    def found() -> tuple[Finding, ...]:
        source = io.BytesIO(data)
        return inspect(
            source, "a.csv", contracts["totals"], Rules(), Budget(), detectors=detectors
        ).findings

    quick = found()
    monkeypatch.setattr(delimited, "parse", delimited.parse_slowly)
    assert quick == found()
    assert len(quick) == 40
