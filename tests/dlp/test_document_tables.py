"""A bare number in a table of a document is told by its column's title or the cell before it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from dlp.content import Item
from dlp.model import Category, Passage
from dlp.parse import htmldoc, ole, rtf
from dlp.parse.office import parse
from tests.support import word_files
from tests.support.office_files import package, paragraph, run
from tests.support.office_files import word as docx
from tests.support.ole_files import compound
from tests.support.reading import read

Rows = list[list[str]]
UNDER: Rows = [["Ref", "SSN", "Paid"], ["100200300", "236458714", "10.00"]]
BESIDE: Rows = [["Claims", "236458714"], ["MRN", "00482913"]]
_AFTER = "412556781"
"""A number in no table."""


def _xml(rows: Rows, tag: str, cell: Callable[[str], str]) -> str:
    lines = ("".join(f"<{tag}:tc>{cell(text)}</{tag}:tc>" for text in row) for row in rows)
    return f"<{tag}:tbl>{''.join(f'<{tag}:tr>{line}</{tag}:tr>' for line in lines)}</{tag}:tbl>"


def _docx(rows: Rows) -> list[Item]:
    table = _xml(rows, "w", lambda text: paragraph(run(text)))
    return read(parse, docx(f"{table}{paragraph(run(_AFTER))}"))


def _pptx(rows: Rows) -> list[Item]:
    def said(text: str) -> str:
        return f"<a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody>"

    slide = f'<p:sld xmlns:p="p" xmlns:a="a">{_xml(rows, "a", said)}{said(_AFTER)}</p:sld>'
    return read(parse, package({"ppt/slides/slide1.xml": slide}))


def _html(rows: Rows) -> list[Item]:
    lines = ("".join(f"<td><b>{text}</b></td>" for text in row) for row in rows)
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    return read(htmldoc.parse, f"<p>x</p><table>{table}</table><p>{_AFTER}</p>".encode())


def _rtf(rows: Rows) -> list[Item]:
    lines = ("".join(rf"\pard\intbl {text}\cell " for text in row) for row in rows)
    table = "".join(rf"\trowd\cellx900 {line}\trowd\cellx900\row " for line in lines)
    return read(rtf.parse, rf"{{\rtf1\ansi x\par {table}\pard {_AFTER}\par}}".encode())


def _doc(rows: Rows) -> list[Item]:
    lines = "".join("".join(f"{text}\x07" for text in row) + "\x07" for row in rows)
    return read(ole.parse, word_files.word([(f"x\r{lines}{_AFTER}\r", False)]))


def _record(kind: int, data: bytes, *, holds: bool = False) -> bytes:
    return struct.pack("<HHI", 0xF if holds else 0, kind, len(data)) + data


def _shape(text: str, anchor: bytes) -> bytes:
    said = _record(0x0FA0, text.encode("utf-16-le")) if text else b""
    parts = _record(0xF00A, bytes(8)) + anchor + _record(0xF00D, said, holds=True)
    return _record(0xF004, parts, holds=True)


def _ppt(rows: Rows) -> list[Item]:
    cells = (
        _shape(text, _record(0xF00F, struct.pack("<4i", 9 * left, top, 9 * left + 9, top + 1)))
        for top, row in enumerate(rows)
        for left, text in enumerate(row)
    )
    group = _record(0xF003, b"".join(cells), holds=True) + _shape(_AFTER, b"")
    return read(ole.parse, compound({"PowerPoint Document": group}))


READERS = [_docx, _pptx, _html, _rtf, _doc, _ppt]


def told(items: list[Item]) -> list[tuple[Category, str]]:
    said = (item for item in items if isinstance(item, Passage) and item.category)
    return [(item.category, item.text) for item in said if item.category]


@pytest.mark.parametrize("reader", READERS)
def test_a_columns_title_names_its_cells(reader: Callable[[Rows], list[Item]]) -> None:
    assert told(reader(UNDER)) == [(Category.SSN, "236458714")]


@pytest.mark.parametrize("reader", READERS)
def test_the_cell_before_names_a_cell(reader: Callable[[Rows], list[Item]]) -> None:
    assert told(reader(BESIDE)) == [(Category.MEDICAL_RECORD_NUMBER, "00482913")]


@pytest.mark.parametrize("reader", READERS)
def test_a_table_without_such_titles_names_nothing(reader: Callable[[Rows], list[Item]]) -> None:
    assert told(reader([["Invoice", "Paid"], ["236458714", "10.00"]])) == []


NAMES = [(Category.NAME, "Eleni"), (Category.NAME, "Mbeki")]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "rows",
    [
        [["First Name", "Eleni", "Last Name", "Mbeki"]],
        [["First Name", "Eleni"], ["Last Name", "Mbeki"]],
        [["First", "Last", "Paid"], ["Eleni", "Mbeki", "$20"]],
        [["First Name", "Last Name"], ["Eleni", "Mbeki"]],
    ],
)
def test_parts_of_a_name_are_told(reader: Callable[[Rows], list[Item]], rows: Rows) -> None:
    assert told(reader(rows)) == NAMES


@pytest.mark.parametrize("reader", READERS)
def test_a_label_names_the_whole_row_behind_it(reader: Callable[[Rows], list[Item]]) -> None:
    rows = [["Visit", "1", "2"], ["SSN", "236458714", "412556781"]]
    assert told(reader(rows)) == [(Category.SSN, "236458714"), (Category.SSN, "412556781")]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "rows",
    [
        [["First Name", ""], ["Last Name", ""], ["Home Phone", ""], ["City", ""]],
        [["Field", "Meaning"], ["First Name", "Given name of the patient"]],
        [["Field", "Meaning"], ["Last Name", "Family name"], ["SSN", "Nine"], ["DOB", "CCYYMMDD"]],
        [["Label", "Required"], ["Last Name", "Yes"], ["First Name", "No"]],
        [["Service", "Phone"], ["Claims", "1-800-624-0756"], ["Eligibility", "(888) 624-0756"]],
        [["Rank", "First"], ["Payer", "Aetna"]],
    ],
)
def test_a_blank_form_and_a_description_name_nobody(
    reader: Callable[[Rows], list[Item]], rows: Rows
) -> None:
    assert told(reader(rows)) == []


def test_a_table_in_a_cell_is_what_the_label_before_it_says() -> None:
    inner = _xml([["236458714"]], "w", lambda text: paragraph(run(text)))
    rows = _xml([["SSN", "inner"]], "w", lambda text: inner if text == "inner" else label(text))
    assert told(read(parse, docx(rows))) == [(Category.SSN, "236458714")]


def label(text: str) -> str:
    return paragraph(run(text))


@pytest.mark.parametrize(
    "said",
    [
        "<dl><dt>SSN</dt><dd>236458714</dd></dl>",
        "<div>SSN</div><div>236458714</div>",
        "<table><tr><td><p>SSN</p><p>236458714</p></td></tr></table>",
        '<input name="ssn" value="236458714">',
        '<p data-ssn="236458714">x</p>',
    ],
)
def test_a_page_says_what_a_number_is(said: str) -> None:
    assert told(read(htmldoc.parse, said.encode())) == [(Category.SSN, "236458714")]


def test_the_line_before_in_a_document_says_what_a_number_is() -> None:
    items = read(parse, docx(label("SSN") + label("236458714")))
    assert told(items) == [(Category.SSN, "236458714")]


def test_the_line_before_in_a_cell_of_a_word_97_document_says_what_a_number_is() -> None:
    items = read(ole.parse, word_files.word([("x\rSSN\r236458714\x07\x07y\r", False)]))
    assert told(items) == [(Category.SSN, "236458714")]


def test_a_line_of_a_powerpoint_97_cell_is_told_by_the_one_above() -> None:
    assert told(_ppt([["SSN\r236458714"]])) == [(Category.SSN, "236458714")]


def test_a_fields_name_that_is_described_names_nobody() -> None:
    page = b'<input name="first_name" value="Enter your given name">'
    assert told(read(htmldoc.parse, page)) == []


def test_an_empty_cell_of_a_word_97_document_ends_no_table() -> None:
    rows = [["SSN", "Paid"], ["", ""], ["236458714", "10.00"]]
    assert told(_doc(rows)) == [(Category.SSN, "236458714")]
