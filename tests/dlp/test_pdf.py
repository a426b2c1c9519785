"""A PDF hides no text: what is shown, what isn't, and what was there before."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from dlp.budget import Budget
from dlp.model import Category, NotReadableError, Obstacle, Passage
from dlp.parse.pdf import parse
from tests.support.pdf_files import appended, pdf, shows, stream
from tests.support.reading import entries, obstacles, read, survives, texts

SECRET = "Zora Quillfeather"
_S = SECRET.encode()

SURFACES = {
    "page text": pdf(shows(SECRET)),
    "invisible text": pdf(shows(SECRET, mode=3)),
    "form XObject": pdf(b"/X Do", objects={10: stream(shows(SECRET), b"/Type/XObject/Subtype/Form"
        b"/BBox[0 0 9 9]/Resources<</Font<</F1 5 0 R>>>>")}, resources=b"/XObject<</X 10 0 R>>"),
    "unused form XObject": pdf(objects={10: stream(shows(SECRET), b"/Subtype/Form/BBox[0 0 9 9]")}),
    "annotation": pdf(page=b"/Annots[10 0 R]", objects={
        10: b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(%s)>>" % _S}),
    "form field": pdf(catalog=b"/AcroForm<</Fields[10 0 R]>>", objects={
        10: b"<</FT/Tx/T(patient)/V(%s)>>" % _S}),
    "field option": pdf(objects={10: b"<</FT/Ch/T(a)/Opt[[(x)(%s)](z)]>>" % _S}),
    "document information": pdf(trailer=b"/Info 10 0 R", objects={10: b"<</Subject(%s)>>" % _S}),
    "XMP": pdf(catalog=b"/Metadata 10 0 R", objects={10: stream(
        b"<x:xmpmeta><dc:title>%s</dc:title></x:xmpmeta>" % _S, b"/Type/Metadata")}),
    "bookmark": pdf(catalog=b"/Outlines 10 0 R", objects={
        10: b"<</First 11 0 R/Count 1>>", 11: b"<</Title(%s)/Parent 10 0 R>>" % _S}),
    "named destination": pdf(objects={10: b"<</Names[(%s) [3 0 R /Fit]]>>" % _S}),
    "layer's name": pdf(objects={10: b"<</Type/OCG/Name(%s)>>" % _S}),
    "link": pdf(objects={10: b"<</S/URI/URI(https://a.example/%s)>>" % _S}),
    "alternate text": pdf(objects={10: b"<</Type/StructElem/S/Figure/Alt(%s)>>" % _S}),
    "replacement text on a page": pdf(b"/Span<</ActualText(%s)>>BDC EMC " % _S + shows("x")),
    "replacement text in a form": pdf(b"/X Do", objects={10: stream(
        b"/Span<</E<feff%s>>>BDC " % SECRET.encode("utf-16-be").hex().encode() + shows("x")
        + b" EMC", b"/Subtype/Form/BBox[0 0 9 9]")}, resources=b"/XObject<</X 10 0 R>>"),
    "page label": pdf(catalog=b"/PageLabels<</Nums[0<</P(%s)>>]>>" % _S),
    "XFA": pdf(objects={10: stream(b"<xfa><f1>%s</f1></xfa>" % _S, packed=True)}),
    "UTF-16 string": pdf(objects={
        10: b"<</Contents<feff%s>>>" % SECRET.encode("utf-16-be").hex().encode()}),
    "object nobody refers to": pdf(objects={10: b"(%s)" % _S}),
    "name object": pdf(objects={10: b"<</A/%s>>" % _S.replace(b" ", b"#20")}),
    "earlier page": appended(pdf(shows(SECRET)), {4: stream(shows("nothing"))}),
    "earlier annotation": appended(
        pdf(objects={10: b"<</Contents(%s)>>" % _S}), {10: b"<</Contents(gone)>>"}),
    "object stream": pdf(objects={10: stream(
        b"20 0 <</Contents(%s)>>" % _S, b"/Type/ObjStm/N 1/First 5", packed=True)}),
    "comment": pdf().replace(b"xref\n0", b"%% %s\nxref\n0" % _S, 1),
    "comment in an object": pdf(objects={10: b"<<%% %s\n/A 1>>" % _S}),
}  # fmt: skip


@pytest.mark.parametrize("surface", SURFACES)
def test_text_comes_out_of_every_surface(surface: str) -> None:
    assert SECRET in texts(read(parse, SURFACES[surface]))


@pytest.mark.parametrize(("author", "is_read"), [(SECRET, False), (f"{SECRET} 412-68-7193", True)])
def test_who_wrote_it_is_read_only_where_it_is_more_than_a_name(author: str, is_read: bool) -> None:
    said = author.encode()
    packet = b"<dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>x" % said
    info = pdf(trailer=b"/Info 10 0 R", objects={10: b"<</Author(%s)>>" % said})
    xmp = pdf(catalog=b"/Metadata 10 0 R", objects={10: stream(packet, b"/Type/Metadata")})
    found = [author in texts(read(parse, data)) for data in (info, xmp)]
    assert found == [is_read, is_read]


@pytest.mark.parametrize(
    ("written", "is_read"),
    [(b"<</Type/Annot/Subtype/Text/T(Ann Roe)>>", False),
     (b"<</Type/Annot/Subtype/Text/T(Ann Roe 412-68-7193)>>", True),
     (b"<</Type/Annot/Subtype/Widget/T(Ann Roe)>>", True),
     (b"<</FontFamily(Ann Roe)>>", False)],
)  # fmt: skip
def test_who_made_a_note_and_a_font_are_no_text_and_a_fields_name_is(
    written: bytes, is_read: bool
) -> None:
    assert ("Ann Roe" in texts(read(parse, pdf(objects={10: written})))) is is_read


@pytest.mark.parametrize("between", [b"", b"/B" * 60, b"/B (>>)"])
def test_marked_content_nested_without_end_is_told_before_the_time_is_spent(between: bytes) -> None:
    deep = (b"/A <<" + between) * 20_000 + b"/ActualText(%s)>> BDC " % _S + shows("x")
    items = read(parse, pdf(deep), Budget(seconds=60))
    assert Obstacle.MALFORMED in obstacles(items)


def test_a_long_replacement_text_is_read_to_its_end() -> None:
    content = b"/Span <</ActualText(" + b"paid " * 4_000 + SECRET.encode() + b")>> BDC EMC"
    assert SECRET in texts(read(parse, pdf(content)))


def test_page_text_is_given_once() -> None:
    assert texts(read(parse, pdf(shows(SECRET)))).count(SECRET) == 1


def test_places_hold_no_value() -> None:
    wheres = [str(getattr(item, "where", "")) for data in SURFACES.values()
              for item in read(parse, data)]  # fmt: skip
    assert not [where for where in wheres if "Zora" in where]


def test_a_clean_page_meets_no_obstacle() -> None:
    assert obstacles(read(parse, pdf(shows("Totals for May")))) == set()


def test_an_attachment_is_an_entry() -> None:
    data = pdf(objects={10: stream(b"a,b\n1,2\n", b"/Type/EmbeddedFile", packed=True)})
    assert entries(read(parse, data)) == [b"a,b\n1,2\n"]


def test_bytes_after_the_end_are_an_entry() -> None:
    assert entries(read(parse, pdf() + b"PK more")) == [b"\nPK more"]


@pytest.mark.parametrize(
    "action", ["/S/JavaScript/JS(app.alert(1))", "/S/Launch/F(a.exe)", "/S/SubmitForm/F(x)"]
)
def test_actions_are_active_content(action: str) -> None:
    data = pdf(catalog=b"/OpenAction 10 0 R", objects={10: b"<<%s>>" % action.encode()})
    assert Obstacle.ACTIVE_CONTENT in obstacles(read(parse, data))


def _with_table(font: bytes) -> bytes:
    return pdf(objects={10: stream(b"\0\1" * 500, packed=True), 11: font})


def test_a_stream_of_no_known_kind_is_told() -> None:
    assert Obstacle.NOT_READ in obstacles(read(parse, _with_table(b"<<>>")))


def test_a_fonts_glyph_table_is_no_unknown_stream() -> None:
    font = b"<</Type/Font/Subtype/CIDFontType2/CIDToGIDMap 10 0 R>>"
    assert obstacles(read(parse, _with_table(font))) == set()


def test_a_font_without_letters_is_unread_text() -> None:
    font = b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[]>>"
    assert Obstacle.NOT_READ in obstacles(read(parse, pdf(objects={10: font})))


def _encrypted(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(SURFACES["annotation"])))
    writer.encrypt(password, "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_password_is_encryption() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, _encrypted("secret"))
    assert caught.value.obstacle is Obstacle.ENCRYPTED


def test_an_empty_password_opens() -> None:
    assert SECRET in texts(read(parse, _encrypted("")))


def test_a_bomb_is_told() -> None:
    bomb = pdf(objects={10: stream(b" " * (70 * 2**20), packed=True)})
    with pytest.raises(NotReadableError) as caught:
        read(parse, bomb)
    assert caught.value.obstacle is Obstacle.BOMB


def test_a_spent_time_stops_the_reader() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, pdf(shows("a")), Budget(seconds=0))
    assert caught.value.obstacle is Obstacle.TIMEOUT


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_items_or_one_error(data: bytes) -> None:
    assert survives(parse, b"%PDF-1.7\n" + data)


@given(st.sampled_from(sorted(SURFACES)), st.integers(0, 2000), st.binary(min_size=1, max_size=8))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_gives_items_or_one_error(surface: str, at: int, piece: bytes) -> None:
    data = SURFACES[surface]
    at %= len(data)
    assert survives(parse, data[:at] + piece + data[at + len(piece) :])


_NUMBERS = b"236-45-6789\n307-11-2233"


def test_an_attached_list_of_numbers_is_an_entry() -> None:
    data = pdf(objects={10: stream(_NUMBERS, b"/Type/EmbeddedFile")})
    assert _NUMBERS in entries(read(parse, data))


def test_numbers_without_a_drawing_operator_are_no_drawing() -> None:
    assert "236-45-6789" in texts(read(parse, pdf(objects={10: stream(_NUMBERS)})))


def test_a_destination_named_by_a_number_is_read() -> None:
    assert "236-45-6789" in texts(read(parse, pdf(catalog=b"/Dests<</236-45-6789[3 0 R/Fit]>>")))


def _drawn(pieces: list[tuple[int, str]]) -> bytes:
    return b" ".join(
        b"BT /F1 12 Tf 1 0 0 1 %d 700 Tm (%s) Tj ET" % (left, text.encode())
        for left, text in pieces
    )


_BOXES = [(60 + 14 * place, letter) for place, letter in enumerate(SECRET)]


@pytest.mark.parametrize("pieces", [_BOXES, _BOXES[::-1], [p for p in _BOXES[::-1] if p[1] != " "]])
def test_letters_in_boxes_of_a_form_are_words(pieces: list[tuple[int, str]]) -> None:
    said = texts(read(parse, pdf(_drawn(pieces))))
    assert SECRET in " ".join(said.split())


def test_a_label_and_its_answer_on_one_line_are_read_together() -> None:
    pieces = [(60, "SSN"), (300, "elsewhere"), (120, "236458714")]
    said = texts(read(parse, pdf(_drawn(pieces))))
    assert "SSN 236458714" in " ".join(said.split())


def test_a_page_that_shows_its_lines_whole_is_read_once() -> None:
    assert texts(read(parse, pdf(shows(SECRET)))).count(SECRET) == 1


@pytest.mark.parametrize("place", [b"1e308", b"-1e308", b"9" * 400])
def test_a_place_beyond_all_pages_is_none(place: bytes) -> None:
    drawn = b"BT /F1 12 Tf 1 0 0 1 %s 9 Tm (a) Tj ET BT 1 0 0 1 2 9 Tm (b) Tj ET" % place
    assert survives(parse, pdf(drawn))


@pytest.mark.parametrize(
    "data",
    [
        pdf(objects={10: b"<</FT/Tx/T(f1)/TU(Social Security Number)/V(236458714)>>"}),
        pdf(objects={10: b"<</FT/Tx/T(SSN)/V(236458714)>>"}),
        pdf(trailer=b"/Info 10 0 R", objects={10: b"<</SSN(236458714)>>"}),
    ],
)
def test_a_value_is_told_by_its_fields_name(data: bytes) -> None:
    said = [item for item in read(parse, data) if isinstance(item, Passage) and item.category]
    assert {(item.category, item.text) for item in said} == {(Category.SSN, "236458714")}
