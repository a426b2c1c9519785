"""Plain text in which one line names what another holds: SQL, drawn tables, reports."""

from __future__ import annotations

import random

import pytest

from config.contracts import Action
from dlp.model import Category
from tests.support.inspecting import Inspected

VALUES = {
    "ssn": ("'536228714'", Category.SSN),
    "dob": ("'19610304'", Category.BIRTH_DATE),
    "mrn": ("'00482913'", Category.MEDICAL_RECORD_NUMBER),
    "member_id": ("'XQZ482913077'", Category.MEMBER_ID),
    "last_name": ("'Quintero'", Category.NAME),
}
STATEMENTS = (
    "INSERT INTO patients (id, {0}, status) VALUES (1, {1}, 'open');",
    "INSERT INTO `patients` (`id`,`{0}`,`status`) VALUES (1,NULL,'it''s (x'),(2,{1},'x');",
    "INSERT [dbo].[Patients] ([Id], [{0}]) VALUES (1, N{1})\nGO",
    "insert into patients\n  (id, {0})\nvalues\n  (1, {1});",
    "CREATE TABLE p (\n  id int(9),\n  {0} text,\n  KEY (id)\n);\nINSERT INTO p VALUES (1,{1});",
    "COPY public.patients (id, {0}, status) FROM stdin;\n1\t{2}\topen\n\\.",
    "UPDATE patients SET status='x', {0} = {1} WHERE id=1;",
    "INSERT INTO p SELECT 1 AS id, {1} AS {0};",
    "+----+------+\n| id | {0} |\n+----+------+\n|  1 | {2} |\n+----+------+",
    " id | {0} \n----+------\n  1 | {2}\n(1 row)",
)


def _found(inspected: Inspected, text: str) -> set[Category]:
    report, _ = inspected(text.encode(), name="dump.sql")
    return {finding.category for finding in report.findings if finding.confidence > 0.5}


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("column", VALUES)
def test_a_column_names_a_value(inspected: Inspected, statement: str, column: str) -> None:
    value, category = VALUES[column]
    text = "-- dump\n" + statement.format(column, value, value.strip("'")) + "\n"
    assert category in _found(inspected, text)


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO patients (ssn, last_name, dob) VALUES (?, ?, ?);\n",
        "INSERT INTO patients (ssn, dob, status) VALUES (NULL, NULL, 'open');\n",
        "INSERT INTO runs (id, run_date, names) VALUES (536228714, '2026-11-30', 120);\n",
        "INSERT INTO cpt (code, fee) VALUES ('99213', 110.00);\n",
        "COPY public.icd10 (code, description) FROM stdin;\nI10\tEssential hypertension\n\\.\n",
        "Please insert the file (mrn, dob) where the values (00482913) go.\n",
        "| Payer | Claims |\n|-------|--------|\n| Acme Health | 12 |\n",
    ],
)
def test_what_no_column_names_is_nobodys(inspected: Inspected, text: str) -> None:
    _, verdict = inspected(text.encode(), name="dump.sql")
    assert verdict.action is Action.RELEASE


def test_statements_with_bare_commas_are_no_table(inspected: Inspected) -> None:
    text = "INSERT INTO pt (id,ssn,x) VALUES (1,'536228714',2);\n" * 3
    report, _ = inspected(text.encode(), name="pt.sql")
    found = {finding.category for finding in report.findings}
    assert (report.format, Category.SSN in found) == ("text/plain", True)


def test_a_told_value_has_its_own_bytes(inspected: Inspected) -> None:
    data = b"INSERT INTO p (n, ssn) VALUES ('\xc3\xa9', '536228714');\n"
    report, _ = inspected(data, name="dump.sql")
    assert {data[f.offset : f.offset + (f.length or 0)] for f in report.findings if f.offset} == {
        b"536228714"
    }


def _report(numbers: list[int], head: str = "") -> str:
    return head + "".join(f"{i:04d}  {n:09d}  {100 + i}.50  A\n" for i, n in enumerate(numbers))


def _spread(count: int) -> list[int]:
    made = random.Random(7)
    return [int(f"{made.randint(1, 665):03d}{made.randint(1, 99):02d}{made.randint(1, 9999):04d}")
            for _ in range(count)]  # fmt: skip


def test_a_column_of_bare_ssns_needs_no_head(inspected: Inspected) -> None:
    report, _ = inspected(_report(_spread(60)).encode(), name="r.txt")
    assert report.counts[Category.SSN, False] >= 60


@pytest.mark.parametrize(
    "text",
    [
        _report(_spread(12)),
        _report([300200100 + 7 * i for i in range(60)]),
        _report(_spread(60), "SEQ   CHECK NO   AMT     T\n"),
    ],
    ids=["few", "in order", "checks"],
)
def test_other_columns_of_nine_digits_are_nobodys(inspected: Inspected, text: str) -> None:
    _, verdict = inspected(text.encode(), name="r.txt")
    assert verdict.action is Action.RELEASE


def test_a_head_may_stand_on_two_lines(inspected: Inspected) -> None:
    text = _report(
        _spread(3), "      SOC SEC\nSEQ   NUMBER     AMT     T\n----  ---------  ------  -\n"
    )
    assert _found(inspected, text) == {Category.SSN}
