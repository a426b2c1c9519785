"""What an Office file's own slots hold is no text: fonts, styles, authors, printers."""

from __future__ import annotations

import pytest

from dlp.parse.office import parse
from dlp.parse.office.styles import is_built_in
from tests.support.office_files import package, paragraph, run, sheet, word
from tests.support.reading import read, texts

_FONTS = [
    ("ppt/theme/theme1.xml", '<a><latin typeface="{}"/></a>'),
    ("xl/theme/theme1.xml", '<a><font script="Jpan" typeface="{}"/></a>'),
    ("xl/theme/theme1.xml", '<theme name="{}"/>'),
    ("word/styles.xml", '<a><rFonts ascii="{}" cs="Arial"/></a>'),
    ("word/styles.xml", '<a><rFonts cs="{}"/></a>'),
    ("word/fontTable.xml", '<fonts><font name="{}"/></fonts>'),
    ("word/fontTable.xml", '<fonts><font name="A"><altName val="{}"/></font></fonts>'),
    ("word/settings.xml", '<a><mathFont val="{}"/></a>'),
    ("word/document.xml", '<a><sym font="{}"/></a>'),
    ("xl/styles.xml", '<fonts><font><name val="{}"/></font></fonts>'),
    ("xl/sharedStrings.xml", '<sst><si><r><rPr><rFont val="{}"/></rPr></r></si></sst>'),
    ("xl/worksheets/sheet1.xml",
     '<worksheet><c t="inlineStr"><is><r><rFont val="{}"/></r></is></c></worksheet>'),
    ("xl/worksheets/sheet1.xml",
     "<worksheet><oddHeader>&amp;C&amp;&quot;{}&quot;&amp;12</oddHeader></worksheet>"),
    ("word/styles.xml", '<latentStyles><lsdException name="{}"/></latentStyles>'),
]  # fmt: skip
_AUTHORS = [
    ("docProps/core.xml", "<a><creator>{}</creator></a>"),
    ("docProps/core.xml", "<a><lastModifiedBy>{}</lastModifiedBy></a>"),
    ("docProps/app.xml", "<a><Manager>{}</Manager></a>"),
    ("docProps/app.xml", "<a><Company>{}</Company></a>"),
    ("word/document.xml", '<a><ins author="{}"/></a>'),
    ("word/comments.xml", '<a><comment author="{}"/></a>'),
    ("xl/comments1.xml", "<comments><authors><author>{}</author></authors></comments>"),
    ("xl/persons/person.xml", '<personList><person displayName="{}"/></personList>'),
    ("ppt/commentAuthors.xml", '<cmAuthorLst><cmAuthor name="{}"/></cmAuthorLst>'),
]


def _said(part: str, xml: str, value: str) -> str:
    return texts(read(parse, package({part: xml.format(value)})))


@pytest.mark.parametrize(("part", "xml"), _FONTS)
@pytest.mark.parametrize("font", ["MV Boli", "맑은 고딕"])
def test_a_fonts_name_is_no_text(part: str, xml: str, font: str) -> None:
    assert font not in _said(part, xml, font)


@pytest.mark.parametrize(("part", "xml"), _FONTS)
@pytest.mark.parametrize(
    "value",
    ["Roe 412-68-7193", "roe@clinic.example", "a letter to Marguerite Fonteyn of Duluth on a bill"],
)
def test_what_no_font_is_called_is_read_where_fonts_stand(part: str, xml: str, value: str) -> None:
    assert value in _said(part, xml, value)


@pytest.mark.parametrize(("part", "xml"), _AUTHORS)
@pytest.mark.parametrize("name", ["Marguerite Fonteyn", "J. O'Neil-Roe, Clinic & Sons"])
def test_who_wrote_a_document_is_no_text(part: str, xml: str, name: str) -> None:
    assert name not in _said(part, xml, name.replace("&", "&amp;"))


@pytest.mark.parametrize(("part", "xml"), _AUTHORS)
@pytest.mark.parametrize(
    "value",
    ["Roe 412-68-7193", "roe@clinic.example", "a letter to Marguerite Fonteyn of Duluth on a bill"],
)
def test_more_than_a_name_is_read_where_authors_stand(part: str, xml: str, value: str) -> None:
    assert value in _said(part, xml, value)


def test_an_authors_name_is_read_in_the_body() -> None:
    core = "<a><creator>Marguerite Fonteyn</creator></a>"
    data = word(paragraph(run("Marguerite Fonteyn")), docProps__core=core)
    assert texts(read(parse, data)).splitlines().count("Marguerite Fonteyn") == 1


@pytest.mark.parametrize("xml", ['<a><latin typeface="{}"/></a>', "<a><author>{}</author></a>"])
def test_a_programs_own_data_has_no_slots(xml: str) -> None:
    assert "Marguerite Fonteyn" in _said("customXml/item1.xml", xml, "Marguerite Fonteyn")


@pytest.mark.parametrize(
    "name",
    ["toc 1", "heading 9", "Heading 9 Char", "Intense Quote Char", "List Bullet 2", "Footer Char",
     "Light Shading Accent 1", "Grid Table 4 Accent 5", "Medium Style 2 - Accent 1",
     "HTML Preformatted", "Table 3D effects 2", "20% - Accent1", "Comma [0]", "TableStyleLight21",
     "Body Text First Indent 2", "Plain Table 3", "Heading1Char"],
)  # fmt: skip
def test_a_style_that_the_application_brings_is_built_in(name: str) -> None:
    assert is_built_in(name)


@pytest.mark.parametrize("name", ["Marguerite Fonteyn", "toc 412", "Quote Fonteyn", "heading 12"])
def test_any_other_style_is_not(name: str) -> None:
    assert not is_built_in(name)


@pytest.mark.parametrize(
    "xml",
    ['<styles><style><name val="{}"/></style></styles>',
     '<a><aliases val="{}"/></a>',
     '<a><cellStyle name="{}"/></a>',
     '<a><tblStyle styleName="{}"/></a>'],
)  # fmt: skip
def test_a_sites_own_styles_are_read_and_built_in_ones_are_not(xml: str) -> None:
    own, built_in = "Letter to Marguerite", "Light Shading Accent 1"
    assert own in _said("word/styles.xml", xml, own)
    assert built_in not in _said("word/styles.xml", xml, built_in)


_PLIST = b"""\2\0\0\0<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>com.apple.print.ticket.creator</key>
<date>2007-01-30T22:08:41Z</date><string>Front Desk Mary</string>
<string>%s</string></dict></plist>"""


@pytest.mark.parametrize(
    "settings",
    [_PLIST % b"na-letter",
     "Marguerite's Office Printer".encode("utf-16-le") + bytes(9) + "Letter".encode("utf-16-le")],
)  # fmt: skip
def test_a_printers_settings_say_nothing(settings: bytes) -> None:
    data = package({"xl/printerSettings/printerSettings1.bin": settings})
    assert texts(read(parse, data)).split("\n") == ["[Content_Types].xml",
        "xl/printerSettings/printerSettings1.bin"]  # fmt: skip


@pytest.mark.parametrize("value", ["Roe SSN 412-68-7193", "Roe MRN 00482157", "roe@clinic.example"])
@pytest.mark.parametrize("kind", ["plist", "devmode"])
def test_somebodys_number_in_a_printers_settings_is_read(kind: str, value: str) -> None:
    settings = _PLIST % value.encode() if kind == "plist" else value.encode("utf-16-le")
    data = package({"ppt/printerSettings/printerSettings1.bin": settings})
    assert value in texts(read(parse, data))


def test_a_cell_keeps_what_looks_like_a_fonts_code() -> None:
    cell = '<row><c t="inlineStr"><is><t>R&amp;"Mary Roe"</t></is></c></row>'
    assert 'R&"Mary Roe"' in texts(read(parse, sheet(cell)))


_GUID = "5f2a1b3c-1d2e-4f5a-9b8c-08dc6dcd1234"
_PRESENCE = '<people><person author="A"><presenceInfo userId="{}"/></person></people>'
_PERSON = '<personList><person displayName="A" userId="{}"/></personList>'
_LABEL = '<Properties><property name="{}"/></Properties>'
_SCHEMA = '<datastoreItem><schemaRef uri="{}"/></datastoreItem>'
_FOLDER = '<workbook><absPath url="{}"/></workbook>'


@pytest.mark.parametrize(
    ("part", "xml", "value"),
    [
        ("word/people.xml", _PRESENCE, f"S::ann.lead@clinic.example::{_GUID}"),
        ("word/people.xml", _PRESENCE, "S-1-5-21-1234567890-1234567890-1234567890-1001"),
        ("xl/persons/person.xml", _PERSON, "ann.lead@clinic.example"),
        ("docProps/custom.xml", _LABEL, f"MSIP_Label_{_GUID}_SetDate"),
        ("customXml/itemProps1.xml", _SCHEMA, "http://www.w3.org/2001/XMLSchema"),
    ],
)
def test_what_sharepoint_and_accounts_write_is_no_text(part: str, xml: str, value: str) -> None:
    assert value not in _said(part, xml, value)


@pytest.mark.parametrize(
    ("part", "xml", "value"),
    [
        ("word/people.xml", _PRESENCE, "Marguerite Fonteyn"),
        ("word/people.xml", _PRESENCE, "236-45-6789"),
        ("docProps/custom.xml", _LABEL, f"MSIP_Label_{_GUID}_SSN 236-45-6789"),
        ("customXml/itemProps1.xml", _SCHEMA, "http://www.w3.org/236-45-6789"),
        ("xl/workbook.xml", _FOLDER, "C:\\Users\\Marguerite Fonteyn\\"),
    ],
)
def test_anything_else_is_read_there(part: str, xml: str, value: str) -> None:
    assert value in _said(part, xml, value)


def test_a_workbooks_folder_is_read_without_its_server() -> None:
    said = _said("xl/workbook.xml", _FOLDER, "https://a.sharepoint.example/sites/Jane Roe/x/")
    assert "sites/Jane Roe/x/" in said.splitlines()


@pytest.mark.parametrize("part", ["/_rels/.rels", "/word/_rels/document.xml.rels"])
def test_a_part_that_links_parts_is_no_text(part: str) -> None:
    types = '<Types><Override PartName="{}"/></Types>'
    assert part not in _said("[Content_Types].xml", types, part)


def test_any_other_part_that_the_types_name_is_read() -> None:
    types = '<Types><Override PartName="{}"/></Types>'
    assert "Roe" in _said("[Content_Types].xml", types, "/word/Marguerite Roe.xml")
