"""Word, PowerPoint and Outlook files of 1997 to 2003: their text as they mean it, and the rest."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.model import NotReadableError, Obstacle
from dlp.parse.ole import lzfu, parse, vba
from dlp.parse.ole.embedded import pictures
from tests.support import word_files as files
from tests.support.ole_files import compound
from tests.support.reading import entries, obstacles, read, survives, texts

PIECES = [("Spoke with Jona", False), ("than Fernd", True), ("ale today.\rSecond\x07", False)]


def test_a_word_documents_text_is_read_in_its_own_order() -> None:
    items = read(parse, files.word(PIECES))
    assert "Spoke with Jonathan Ferndale today." in texts(items)
    assert not obstacles(items)


def test_what_a_fast_save_left_behind_is_read_too() -> None:
    assert "Greta Haverford" in texts(read(parse, files.word(PIECES, "  Greta Haverford  ")))


def test_fields_and_anchors_are_no_letters_of_the_text() -> None:
    items = read(parse, files.word([("a\x13 HYPERLINK \x14Greta\x15 b\r", False)]))
    assert "HYPERLINK  Greta  b" in texts(items).replace("a  HYPER", "HYPER")


@pytest.mark.parametrize(
    "damage",
    [{"1Table": b""}, {"1Table": b"\x02\xff\xff\xff\x7f" * 8}, {"WordDocument": b"\xec\xa5"}],
)
def test_a_document_whose_pieces_cant_be_told_is_named(damage: dict[str, bytes]) -> None:
    streams = {**files.word_streams(PIECES), **damage}
    assert Obstacle.NOT_READ in obstacles(read(parse, compound(streams)))


def test_built_in_styles_and_fonts_are_no_text_of_a_document() -> None:
    styles = ["heading 1", "Heading 1 Char", "", "toc 1,heading 2"]
    said = texts(read(parse, files.designed(styles, ["MV Boli", "Arial\0Helvetica"])))
    assert not [word for word in ("eading", "toc", "Boli", "Helv") if word in said]


@pytest.mark.parametrize(
    ("styles", "fonts"), [(["heading 1", "Jane Sample"], []), ([], ["Arial", "Jane Sample 12345"])]
)
def test_whatever_else_stands_in_their_place_is_read(styles: list[str], fonts: list[str]) -> None:
    assert "Jane Sample" in texts(read(parse, files.designed(styles, fonts)))


@given(at=st.integers(0, 300), value=st.integers(0, 255))
def test_damaged_tables_of_styles_and_fonts_are_read_all_the_same(at: int, value: int) -> None:
    whole = files.designed(["heading 1", "Jane Sample"], ["Arial"])
    table = whole.index("heading 1".encode("utf-16-le")) - 24
    damaged = bytearray(whole)
    damaged[table + at] = value
    assert survives(parse, bytes(damaged))


SLIDES = files.record(
    0x03E8,
    files.record(0x0FA0, "Jonathan Ferndale".encode("utf-16-le"))
    + files.record(0x03EE, files.record(0x0FA8, b"Greta"), container=True),
    container=True,
)  # fmt: skip


def test_the_text_records_of_slides_are_read_at_any_depth() -> None:
    items = read(parse, compound({"PowerPoint Document": SLIDES}))
    assert {"Jonathan Ferndale", "Greta"} <= set(texts(items).splitlines())
    assert not obstacles(items)


def test_records_that_break_off_are_named() -> None:
    stream = files.record(0x0FA8, b"Greta") + struct.pack("<HHI", 0, 0x0FA8, 10**6) + b"x" * 5000
    items = read(parse, compound({"PowerPoint Document": stream}))
    assert Obstacle.NOT_READ in obstacles(items)


def test_an_encrypted_presentation_is_named_so() -> None:
    user = bytes(12) + struct.pack("<I", 0xF3D1C4DF)
    with pytest.raises(NotReadableError) as caught:
        read(parse, compound({"Current User": user, "PowerPoint Document": SLIDES}))
    assert caught.value.obstacle is Obstacle.ENCRYPTED


def test_an_object_in_a_presentation_is_an_entry() -> None:
    packed = struct.pack("<I", 5) + zlib.compress(b"%PDF-1.7 inside")
    stream = files.record(0x1011, packed, instance=1)
    assert b"%PDF-1.7 inside" in entries(read(parse, compound({"PowerPoint Document": stream})))


def test_text_in_a_packed_drawing_is_read() -> None:
    packed = bytes(16 + 34) + zlib.compress("Greta Haverford".encode("utf-16-le"))
    items = read(parse, compound({"Pictures": files.record(0xF01A, packed)}))
    assert "Greta Haverford" in texts(items)


def test_a_packaged_file_is_an_entry_with_its_name() -> None:
    body = b"%PDF-1.7 x"
    native = struct.pack("<IH", 0, 2) + b"claim.pdf\0c:\\claim.pdf\0" + bytes(4)
    native += struct.pack("<I", 2) + b"x\0" + struct.pack("<I", len(body)) + body
    assert body in entries(read(parse, compound({"\x01Ole10Native": native})))


PNG = b"\x89PNG\r\n\x1a\nabcIEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0abc\xff\xd9"


def test_pictures_are_found_in_a_stream() -> None:
    assert list(pictures(b"..." + PNG + b".." + JPEG + b"...")) == [PNG, JPEG]


def properties(picture: bytes, count: int = 1) -> dict[str, bytes]:
    head = (
        bytes(44) + struct.pack("<I", 48) + struct.pack("<IIII", 24 + len(picture), count, 17, 16)
    )
    return {"\x05SummaryInformation": head + struct.pack("<II", 0x47, len(picture)) + picture}


def test_pixels_of_the_first_page_make_no_text() -> None:
    pixels = b"\x90Greta\x81\x00\xfe\x9c" * 40
    assert "Greta" not in texts(read(parse, compound(properties(pixels))))


def test_a_text_that_is_called_a_picture_is_read() -> None:
    text = b"Greta Haverford, SSN 536-22-8714. " * 9
    assert "Greta Haverford" in texts(read(parse, compound(properties(text))))


def _written_by(stream: str, number: int, value: bytes) -> bytes:
    kind, size = (0x1F, len(value) // 2) if value[1:2] == b"\0" else (0x1E, len(value))
    head = bytes(44) + struct.pack("<IIIII", 48, 24 + len(value), 1, number, 16)
    return compound({stream: head + struct.pack("<II", kind, size) + value})


@pytest.mark.parametrize("author", ["Greta Haverford", "Greta Haverford 536-22-8714"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le"])
@pytest.mark.parametrize(
    ("stream", "number"),
    [("\x05SummaryInformation", 4), ("\x05SummaryInformation", 8),
     ("\x05DocumentSummaryInformation", 14), ("\x05DocumentSummaryInformation", 15)],
)  # fmt: skip
def test_who_wrote_it_is_read_only_where_it_is_more_than_a_name(
    stream: str, number: int, encoding: str, author: str
) -> None:
    data = _written_by(stream, number, (author + "\0").encode(encoding))
    assert (author in texts(read(parse, data))) is (author[-1] == "4")


def test_a_title_is_read_whatever_it_looks_like() -> None:
    data = _written_by("\x05SummaryInformation", 2, b"Greta Haverford\0")
    assert "Greta Haverford" in texts(read(parse, data))


def test_four_billion_properties_are_not_counted() -> None:
    assert survives(parse, compound(properties(b"x" * 90, count=0xFFFFFFFF)))


RTF = b"{\\rtf1\\ansi Greta Haverford {\\b SSN} 536-22-8714 }"


def test_a_messages_compressed_body_is_an_entry_of_rtf() -> None:
    data = compound({"__substg1.0_10090102": files.literal_lzfu(RTF)})
    assert any(RTF in entry for entry in entries(read(parse, data)))


def test_references_into_the_window_are_followed() -> None:
    # MS-OXRTFCP 3.2.1, example 1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c09002062770"
        "5b06c647d0a800fa0"
    )
    meter = Meter(Budget())
    assert lzfu.unpacked(packed, meter) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@pytest.mark.parametrize("data", [b"", b"x" * 40, struct.pack("<IIII", 20, 2**30, 0x75465A4C, 0)])
def test_a_damaged_body_is_named(data: bytes) -> None:
    with pytest.raises(NotReadableError):
        lzfu.unpacked(data, Meter(Budget()))


def test_a_macros_source_is_read_besides_being_named() -> None:
    source = b'Attribute VB_Name = "M"\r\n\' Greta Haverford asked for this'
    module = b"compiled form" + files.vba(source)
    items = read(parse, compound({"VBA": b"x", "Module1": module}))
    assert "Greta Haverford asked for this" in texts(items)
    assert Obstacle.ACTIVE_CONTENT in obstacles(items)


def test_a_copy_token_is_followed() -> None:
    # MS-OVBA 3.2.3, "maximum compression": 73 letters a.
    packed = bytes.fromhex("0103b0026145 00".replace(" ", ""))
    assert vba.unpacked(packed, Meter(Budget())) == b"a" * 73


@pytest.mark.parametrize(
    "streams",
    [
        files.word_streams(PIECES),
        {"PowerPoint Document": SLIDES},
        {"__substg1.0_10090102": files.literal_lzfu(RTF)},
        {"VBA": files.vba(b"Attribute VB_Name = 1")},
    ],
)
@given(st.integers(0, 16_000), st.binary(min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_a_changed_file_gives_items_or_the_one_error(
    streams: dict[str, bytes], at: int, change: bytes
) -> None:
    data = bytearray(compound(streams))
    data[at % len(data) : at % len(data) + len(change)] = change
    assert survives(parse, bytes(data))
