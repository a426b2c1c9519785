"""Word, Excel and PowerPoint packages: every surface that carries text comes out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.model import Category, Obstacle, Passage
from dlp.parse.office import parse
from dlp.parse.office.kind import kind
from tests.support.office_files import package, paragraph, run, sheet, word, workbook
from tests.support.reading import entries, obstacles, read, survives, texts

_CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "office"


def test_a_name_divided_by_runs_is_one_text() -> None:
    assert "John Smith" in texts(read(parse, word(paragraph(run("Jo"), run("hn Sm"), run("ith")))))


def test_a_deleted_name_is_read_with_what_stood_around_it() -> None:
    deleted = "<w:del><w:r><w:delText>hn</w:delText></w:r></w:del>"
    said = texts(read(parse, word(paragraph(run("Jo"), deleted, run(" Smith")))))
    assert said.splitlines().count("John Smith") == 1


def test_an_inserted_name_is_read() -> None:
    said = texts(read(parse, word(paragraph(run("Jo"), f"<w:ins>{run('hn')}</w:ins>"))))
    assert "John" in said.splitlines()


def test_a_text_box_is_apart_from_the_paragraph_around_it() -> None:
    box = f"<w:txbxContent>{paragraph(run('inner text'))}</w:txbxContent>"
    said = texts(read(parse, word(paragraph(run("out"), box, run("er")))))
    assert {"inner text", "outer"} <= set(said.splitlines())


@pytest.mark.parametrize(
    "markup",
    [
        '<w:bookmarkStart w:name="SECRET"/>',
        '<wp:docPr xmlns:wp="u" descr="SECRET"/>',
        '<w:ins w:author="SECRET 4"/>',
        "<w:r><w:instrText>SECRET</w:instrText></w:r>",
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>SECRET</w:t></w:r>",
        "<!--SECRET-->",
        "<?SECRET?>",
        '<x:unheard x:of="123-45-SECRET" xmlns:x="u"/>',
        "<x:unheard xmlns:x='u'>SECRET</x:unheard>",
    ],
)
def test_markup_that_carries_text_is_read(markup: str) -> None:
    assert "SECRET" in texts(read(parse, word(paragraph(markup))))


@pytest.mark.parametrize(
    "name",
    ["word/comments.xml", "word/footnotes.xml", "customXml/item1.xml", "docProps/core.xml",
     "ppt/slides/slide1.xml", "ppt/notesSlides/notesSlide1.xml", "xl/charts/chart1.xml",
     "nobody/knows/this.dat"],
)  # fmt: skip
def test_every_xml_part_is_read_whatever_its_name(name: str) -> None:
    assert "SECRET" in texts(read(parse, package({name: "<a><b>SECRET</b></a>"})))


def test_media_are_entries() -> None:
    assert b"\x89PNG..." in entries(read(parse, package({"word/media/image1.png": b"\x89PNG..."})))


def test_macros_are_active_content() -> None:
    data = package({"word/vbaProject.bin": b"\x00\x01Sub SECRET\x00"})
    assert Obstacle.ACTIVE_CONTENT in obstacles(read(parse, data))


def test_an_excel_4_macro_sheet_is_active_content() -> None:
    data = package({"xl/macrosheets/sheet1.xml": "<macrosheet/>"})
    assert Obstacle.ACTIVE_CONTENT in obstacles(read(parse, data))


def test_a_binary_workbook_is_reported() -> None:
    data = package({"xl/workbook.bin": b"\x00" * 9})
    assert Obstacle.UNSUPPORTED_TYPE in obstacles(read(parse, data))


def test_a_part_with_a_dtd_is_reported() -> None:
    data = package({"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})
    assert Obstacle.MALFORMED in obstacles(read(parse, data))


def test_a_damaged_part_is_reported_after_what_stands_in_front() -> None:
    items = read(parse, package({"word/document.xml": "<a><p><t>SECRET</t><b></a>"}))
    assert "SECRET" in texts(items)


def test_rows_in_front_of_a_flaw_are_read() -> None:
    flawed = "<worksheet><row><c><v>SECRET</v></c></row><b></a>"
    assert "SECRET" in texts(read(parse, package({"xl/worksheets/sheet1.xml": flawed})))


def test_an_attribute_of_a_cell_is_read() -> None:
    assert "SE CRET" in texts(read(parse, sheet('<row><c hidden="SE CRET"><v>1</v></c></row>')))


def test_a_sheet_of_birth_dates_is_typed_by_its_header() -> None:
    rows = [["patient name", "DOB"], *[["Smith, John", f"19{n}-02-03"] for n in range(50, 90)]]
    items = read(parse, workbook(rows))
    found = [i for i in items if isinstance(i, Passage) and i.category is Category.BIRTH_DATE]
    assert len(found) == 40


def test_a_cell_shows_its_shared_string() -> None:
    data = sheet(
        '<row><c t="s"><v>1</v></c></row>', strings="<si><t>a</t></si><si><t>John</t></si>"
    )
    assert "John" in texts(read(parse, data)).splitlines()


def test_an_unused_shared_string_is_read() -> None:
    assert "SECRET" in texts(read(parse, workbook([["a"]], ["SECRET"])))


def test_a_formula_is_read_beside_its_value() -> None:
    data = sheet('<row><c><f>"SEC"&amp;A1</f><v>7</v></c></row>')
    assert '"SEC"&A1' in texts(read(parse, data)).splitlines()


def test_a_number_shown_as_a_date_is_read_as_one() -> None:
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    header = '<row><c t="inlineStr"><is><t>DOB</t></is></c></row>'
    cells = "".join(f'<row><c s="1"><v>{21_000 + n * 300}</v></c></row>' for n in range(30))
    assert "1957-06-29" in texts(read(parse, sheet(header + cells, styles))).splitlines()


def test_a_header_of_a_sheet_is_read() -> None:
    extra = "<headerFooter><oddHeader>&amp;CSECRET</oddHeader></headerFooter>"
    assert "SECRET" in texts(read(parse, workbook([["a"]], extra=extra)))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("word", "office/docx"), ("xl", "office/xlsx"), ("ppt", "office/pptx"), ("other", None)],
)
def test_a_package_is_told_by_its_members(folder: str, expected: str | None) -> None:
    assert kind(io.BytesIO(package({f"{folder}/a.xml": "<a/>"}))) == expected


@pytest.mark.parametrize("name", ["python-docx/tbl-cell-access.docx", "xlsxwriter/comment01.xlsx"])
def test_real_files_give_text(name: str) -> None:
    path = _CORPUS / name
    if not path.exists():
        pytest.skip("the shared corpus isn't here")
    assert texts(read(parse, path.read_bytes()))


@given(st.binary(max_size=400))
def test_any_part_gives_items_or_the_one_error(data: bytes) -> None:
    assert survives(parse, package({"xl/worksheets/sheet1.xml": b"<worksheet>" + data}))


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=150)
def test_a_changed_package_gives_items_or_the_one_error(at: int, byte: int) -> None:
    data = bytearray(workbook([["a", "b"], ["c", "d"]], ["e"]))
    data[at % len(data)] = byte
    assert survives(parse, bytes(data))


_MARKUP = st.sampled_from(
    ['<row r="7">', "</row>", '<c r="B2" t="s">', '<c r="XFD1" t="n" s="99999999999">', "</c>",
     "<v>", "</v>", "1e999", "-1", "٣", "<f>", "</f>", "<is><t>x</t></is>", '<row r="٣"/>']
)  # fmt: skip


@given(st.lists(_MARKUP, max_size=25))
def test_any_order_of_cells_gives_items_or_the_one_error(pieces: list[str]) -> None:
    assert survives(parse, sheet("".join(pieces)))


@pytest.mark.parametrize(
    "code", ["&amp;C", "&amp;L&amp;B", "&amp;C&amp;12 ", '&amp;R&amp;"Arial,Bold"&amp;KFF0000']
)
def test_a_headers_codes_do_not_grow_into_its_words(code: str) -> None:
    extra = f"<headerFooter><oddHeader>{code}236-45-6789</oddHeader></headerFooter>"
    said = texts(read(parse, workbook([["a"]], extra=extra)))
    assert "236-45-6789" in [line.strip() for line in said.splitlines()]


def test_a_guide_above_a_word_is_apart_from_it() -> None:
    ruby = f"<w:ruby><w:rt>{run('236-45-6789')}</w:rt><w:rubyBase>{run('x')}</w:rubyBase></w:ruby>"
    said = texts(read(parse, word(paragraph(run("see"), f"<w:r>{ruby}</w:r>"))))
    assert "236-45-6789" in said.split()
