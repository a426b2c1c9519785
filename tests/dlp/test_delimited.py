"""Tables: columns typed by header and values together, leaks found, innocent tables left alone."""

from __future__ import annotations

import contextlib
import csv
import io
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Carrier, Category, NotReadableError, Obstacle, Passage
from dlp.parse.delimited import parse
from dlp.parse.delimited.dialect import sniff
from dlp.parse.delimited.table import letters
from tests.support.inspecting import Inspected

RANDOM = random.Random(7)


def table(rows: Iterable[Sequence[object]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def passages(data: bytes) -> list[Passage]:
    items = parse(Content(io.BytesIO(data), "", "delimited/csv"), Meter(Budget()))
    return [item for item in items if isinstance(item, Passage)]


def ssn() -> str:
    return f"{RANDOM.choice([*range(1, 666), *range(667, 900)]):03d}-{RANDOM.randint(1, 99):02d}-{RANDOM.randint(1, 9999):04d}"  # noqa: E501 - one case, one line


def ssns(count: int) -> list[str]:
    return [ssn() for _ in range(count)]


def bare(values: list[str]) -> list[str]:
    return [value.replace("-", "") for value in values]


def invoices(count: int) -> list[str]:
    return [str(204_118_003 + 37 * i) for i in range(count)]


def with_column(title: str, values: list[str]) -> bytes:
    return table([["site", title, "amount"], *(["A1", v, f"{i}.50"] for i, v in enumerate(values))])


_TOTALS = table(
    [
        ["Site", "Month", "Claims", "Amount", "Denied %", "Comment"],
        ["North", "2024-01", 120, "1,200.50", "3.5%", ""],
        ["South", "2024-02", 98, "(45.10)", "12%", "late batch"],
        ["West", "2024-03", 4711, "$9.00", "0%", ""],
        ["Total", "", 4929, "1,164.40", "", ""],
    ]
)


@pytest.mark.parametrize(
    "data",
    [
        _TOTALS,
        with_column("invoice", invoices(80)),
        with_column("invoice no", bare(ssns(80))),
        with_column("reference", invoices(80)),
        table([["NPI", "provider name", "phone", "claims"],
               *(["1234567893", "Jane Ambrose", "312-555-0142", i] for i in range(20))]),
        table([["Provider", "visits"], ["Jane Ambrose", 3], ["Smith, John MD", 4]]),
        table([["physician_last_name", "physician_first_name", "visits"],
               ["Ambrose", "Jane", 12], ["Okafor", "Chidi", 40], ["Lund", "Berit", 7]]),
        table([["diagnosis", "cases"], ["E11.9", 410], ["I10", 220], ["J45.909", 12]]),
        table([["service date", "claims", "paid"], *((f"2024-01-{d:02d}", d * 7, d * 31.5)
                                                     for d in range(1, 29))]),
        table([["City", "State", "ZIP", "members"], ["Chicago", "IL", "60601", 120],
               ["Springfield", "IL", "62701", 31]]),
        table([["member count", "patient_total", "avg age"], [10, 20, 44.1], [30, 50, 51.0]]),
        table([["Plan", "Product Name"], ["A", "Gold Choice"], ["B", "Silver Saver"]]),
        table([["year", "births"], *((1950 + i, 900 + i) for i in range(60))]),
    ],
)  # fmt: skip
def test_tables_about_nobody_are_released_as_totals(inspected: Inspected, data: bytes) -> None:
    _, verdict = inspected(data, "totals", name="totals.csv")
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("change", "category"),
    [
        (lambda t: t.replace(b"late batch", b"see SSN 219-09-8765"), Category.SSN),
        (lambda t: t.replace(b"late batch", b"call Marguerite Okonkwo, patient"), Category.NAME),
        (lambda t: t.replace(b"4711", b"219-09-8765"), Category.SSN),
        (lambda t: t.replace(b"12%", b"pt dob 03/04/1961"), Category.BIRTH_DATE),
        (lambda t: b"# SSN 219-09-8765\r\n" + t, Category.SSN),
        (lambda t: t + b"checked against SSN 219-09-8765\r\n", Category.SSN),
        (lambda t: t.replace(b"late batch", b'"two\r\nlines, SSN 219-09-8765"'), Category.SSN),
    ],
)
def test_one_leaking_cell_holds_a_table_of_totals(
    inspected: Inspected, change: Callable[[bytes], bytes], category: Category
) -> None:
    data = change(_TOTALS)
    assert data != _TOTALS
    report, verdict = inspected(data, "totals", name="totals.csv")
    assert category in {finding.category for finding in report.findings}
    assert verdict.action == "hold"


def test_a_leak_after_the_sample_is_found_and_placed(inspected: Inspected) -> None:
    rows: list[list[object]] = [["site", "claims"], *(["A1", i] for i in range(3000))]
    rows.append(["A1", "refund to SSN 219-09-8765"])
    data = table(rows)
    report, _ = inspected(data, "totals")
    [found] = report.findings
    assert found.where == "row 3002 column B"
    assert found.offset == data.find(b"219-09-8765")
    assert found.length == 11


@pytest.mark.parametrize("values", [ssns(60), bare(ssns(60))])
def test_a_column_of_ssns_called_something_else_is_unexpected_in_a_roster(
    inspected: Inspected, values: list[str]
) -> None:
    report, verdict = inspected(with_column("reference", values), "roster")
    assert report.counts == {(Category.SSN, False): 60}
    assert {finding.detector for finding in report.findings} == {"column-type"}
    assert verdict.action == "hold"


def test_a_column_of_ssns_called_so_belongs_in_a_roster(inspected: Inspected) -> None:
    report, verdict = inspected(with_column("SSN", ssns(20)), "roster")
    assert report.counts == {(Category.SSN, True): 20}
    assert verdict.action == "release"


_ROSTER = table(
    [
        ["MemberID", "Last Name", "First Name", "DOB", "Address", "City", "ZIP", "Phone", "Notes"],
        ["W100200", "Okonkwo", "Marguerite", "03/04/1961", "12 Elm St", "Chicago", "60601",
         "312-555-0142", ""],
        ["W100201", "Lindqvist", "Torsten", "11/30/1975", "9 Oak Ave", "Chicago", "60602",
         "312-555-0143", ""],
        ["W100202", "Abernathy", "Ruthanne", "07/19/1988", "4 Ash Ct", "Joliet", "60431",
         "815-555-0144", ""],
    ]
)  # fmt: skip


def test_a_roster_with_named_columns_is_released(inspected: Inspected) -> None:
    report, verdict = inspected(_ROSTER, "roster")
    assert verdict.reasons == ()
    assert {category for category, _ in report.counts} == {
        Category.MEMBER_ID, Category.NAME, Category.BIRTH_DATE, Category.ADDRESS, Category.PHONE,
    }  # fmt: skip


def test_a_member_of_the_roster_named_in_a_note_holds_it(inspected: Inspected) -> None:
    data = _ROSTER.replace(b"0143,\r\n", b"0143,spouse of R Abernathy\r\n")
    _, verdict = inspected(data, "roster")
    assert verdict.reasons == ("name in free text at row 3 column I",)


@pytest.mark.parametrize("row", [4, 9])
def test_what_stands_above_a_header_is_text_and_the_columns_keep_their_names(
    inspected: Inspected, row: int
) -> None:
    above = b"Members as of May,,,,,,,,\r\n" * (row - 1) + b"for Leocadia Abernathy,,,,,,,,\r\n"
    _, verdict = inspected(above + b",,,,,,,,\r\n" + _ROSTER, "roster")
    assert verdict.reasons == (f"name in free text at row {row} column A",)


def test_a_roster_is_no_table_of_totals(inspected: Inspected) -> None:
    assert inspected(_ROSTER, "totals")[1].action == "hold"


@pytest.mark.parametrize(
    "data",
    [
        b"Patient Ilse Vantongeren SSN 412-68-7193 called\n",
        b"Patient Ilse Vantongeren SSN 412-68-7193 called,ok\n1,2\n3,4\n",
        b"site,SSN:412687193\nA1,2\nA2,3\n",
    ],
)
def test_a_first_line_that_says_more_than_a_title_is_read(data: bytes) -> None:
    assert any("412" in passage.text for passage in passages(data))


@pytest.mark.parametrize(
    "title", ["Patient Name", "Member ID 2", "Date of Birth", "Pt DOB", "BENE_LAST_NAME", "Line 1"]
)
def test_a_title_is_nobodys_name(title: str) -> None:
    data = table([["site", title], ["A1", "x"], ["A2", "x"]])
    assert title not in [passage.text for passage in passages(data)]


def test_a_patients_first_and_last_are_names_without_the_word() -> None:
    data = table([["patient_first", "patient_last", "amount"], ["Ilse", "Vantongeren", 3]])
    found = [(p.text, p.part) for p in passages(data) if p.category is Category.NAME]
    assert found == [("Ilse", "first"), ("Vantongeren", "last")]


def test_a_table_without_a_header_is_typed_by_its_values(inspected: Inspected) -> None:
    data = table([["Okonkwo, Marguerite", value, 1] for value in ssns(10)])
    report, _ = inspected(data, "roster", name="x.csv")
    assert report.counts[Category.SSN, False] == 10
    assert report.counts[Category.NAME, False] == 10


GIVEN = ["Margaret", "Thomas", "Ruth", "Delroy", "Priya", "Daniel"]
FAMILY = ["Okonkwo", "Lindqvist", "Abernathy", "Whitcombe", "Raghunathan", "Nguyen"]


@pytest.mark.parametrize(
    "rows",
    [
        [["reference", "amount"], *([f"{g} {f}", 3] for g, f in zip(GIVEN, FAMILY, strict=True))],
        [["ref1", "ref2"], *([f.upper(), g.upper()] for g, f in zip(GIVEN, FAMILY, strict=True))],
        [[f, g, 100 + len(f)] for g, f in zip(GIVEN, FAMILY, strict=True)],
    ],
)
def test_columns_of_names_are_found_whatever_their_header(
    inspected: Inspected, rows: list[list[object]]
) -> None:
    report, verdict = inspected(table(rows), "totals", name="x.csv")
    assert verdict.action == "hold"
    assert report.counts[Category.NAME, False] >= 6


def test_months_and_towns_are_nobody_s_names(inspected: Inspected) -> None:
    months = ["January", "April", "May", "June", "July", "August", "September", "October"]
    towns = ["Austin", "Charlotte", "Jackson", "Madison", "Lincoln", "Chicago", "Dallas", "Reno"]
    pairs = zip(months, towns, strict=True)
    data = table([["period", "city", "claims"], *([m, t, 4] for m, t in pairs)])
    assert inspected(data, "totals")[1].reasons == ()


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_places_are_bytes_in_every_dialect_and_encoding(
    inspected: Inspected, delimiter: str, encoding: str
) -> None:
    header: list[object] = ["Ort", "Zahl", "Notiz"]
    rows = [header, ["Köln", 3, ""], ["Bonn", 4, "für SSN 219-09-8765 prüfen"]]
    data = table(rows, delimiter).decode().encode(encoding)
    report, _ = inspected(data, "totals")
    [found] = [f for f in report.findings if f.category is Category.SSN]
    assert found.where == "row 3 column C"
    assert found.offset is not None
    assert found.length is not None
    wide = "utf-16-le" if encoding == "utf-16" else encoding.removesuffix("-sig")
    assert data[found.offset : found.offset + found.length].decode(wide) == "219-09-8765"


@pytest.mark.parametrize(
    ("head", "name", "dialect"),
    [
        (b"a,b,c\n1,2,3\n", "", "csv"),
        (b"a;b\n1;2\n3;4\n", "", "csv"),
        (b"a\tb\n1\t2\n", "", "tsv"),
        (b"a|b\n1|2\n", "", "pipe"),
        (b"219-09-8765\n219-09-8766\n", "x.csv", "csv"),
        (b"Dear Sir, thank you\nfor your call, we\nwrite soon, and\n", "", None),
        (b"one line, with a comma\n", "", None),
        (b"", "", None),
    ],
)
def test_a_table_is_told_from_prose(head: bytes, name: str, dialect: str | None) -> None:
    found = sniff(head, name)
    assert (found.name if found else None) == dialect


@pytest.mark.parametrize("name", ["MARY", "Maria", "Martin", "Julia", "Jane", "MAYA", "Augusta"])
def test_a_given_name_is_no_month(name: str) -> None:
    assert name in [said.text for said in passages(table([["first column", "b"], [name, "x"]]))]


_CELL = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.lists(_CELL, min_size=3, max_size=3), min_size=1, max_size=8))
def test_no_word_of_a_table_is_passed_over(rows: list[list[str]]) -> None:
    header = ["first column", "second column", "third column"]
    data = table([header, *rows])
    said = "\n".join(passage.text for passage in passages(data))
    for row in rows:
        for cell in row:
            for word in cell.split():
                if sum(map(str.isalpha, word)) >= 4 and not any(map(str.isdigit, word)):
                    assert word in said.replace('""', '"') or word.lower() in _KNOWN_WORDS


_KNOWN_WORDS = {"true", "false", "male", "female", "total", "totals", "null", "none", "name"}


@settings(max_examples=80, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    with contextlib.suppress(NotReadableError):
        passages(data)


def test_a_row_of_too_many_columns_is_named() -> None:
    with pytest.raises(NotReadableError) as caught:
        passages(b"," * 20_000 + b"\n")
    assert caught.value.obstacle is Obstacle.TOO_LARGE


def test_a_huge_cell_is_named() -> None:
    with pytest.raises(NotReadableError) as caught:
        passages(b"a,b\n1," + b"x" * 400_000 + b"\n")
    assert caught.value.obstacle is Obstacle.TOO_LARGE


def test_a_stray_quote_does_not_swallow_the_rows_behind_it() -> None:
    data = b'size,n,note\n"5 inch,1,first\n6,2,second\n' + b"7,3,third\n" * 9
    said = [passage.text for passage in passages(data)]
    assert "second" in said
    assert said.count("third") == 9


def test_columns_are_named_as_in_a_spreadsheet() -> None:
    assert [letters(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_parts_of_one_person_share_a_record() -> None:
    fields = [p for p in passages(_ROSTER) if p.carrier is Carrier.IDENTIFIER_FIELD]
    names = [(p.part, p.record) for p in fields if p.category is Category.NAME]
    assert names[:2] == [("last", 2), ("first", 2)]


@pytest.mark.parametrize(
    ("file", "released"),
    [
        ("SYNTHETIC_BENE_HSTRY.csv", True),
        ("SYNTHETIC_BENE_MBI_ID.csv", True),
        ("sample-a-beneficiaries.txt", True),
        ("sample-a-carrier.txt", False),  # diagnoses are no part of a roster
    ],
)
def test_public_rosters_keep_to_the_contract_and_are_no_totals(
    inspected: Inspected, corpus: Path, file: str, released: bool
) -> None:
    data = (corpus / "delimited" / "cms-bfd" / file).read_bytes()
    assert (inspected(data, "roster", name=file)[1].action == "release") is released
    assert inspected(data, "totals", name=file)[1].action == "hold"


def test_public_table_of_providers_is_no_phi(inspected: Inspected, corpus: Path) -> None:
    data = (corpus / "delimited" / "cms-bfd" / "SYNTHETIC_PRVDR_HSTRY.csv").read_bytes()
    assert inspected(data, "totals", name="providers.csv")[1].reasons == ()


def _phones(site: Callable[[int], str]) -> bytes:
    return table(
        [["site", "x", "n"], *((site(i), f"(312) 555-{1000 + 37 * i}", i) for i in range(99))]
    )


def test_telephones_of_many_beside_few_sites_are_persons(inspected: Inspected) -> None:
    data = _phones(lambda i: f"A{i % 7}")
    assert inspected(data, "totals", name="t.csv")[1].action == "hold"


def test_telephones_of_sites_are_nobody_s(inspected: Inspected) -> None:
    data = _phones(lambda i: f"A{i}")
    assert inspected(data, "totals", name="t.csv")[1].action == "release"
