"""Compound files: what is readable comes out, what isn't is named."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.model import NotReadableError, Obstacle
from dlp.parse.ole import parse
from dlp.parse.ole.kind import kind
from tests.support.ole_files import compound
from tests.support.reading import entries, obstacles, read, survives, texts


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le"])
def test_printable_text_of_any_stream_is_read(encoding: str) -> None:
    data = compound({"Anything": b"\x01\x02" + "Jane Sample".encode(encoding)})
    assert "Jane Sample" in texts(read(parse, data))


def test_wide_text_at_an_odd_byte_is_read() -> None:
    data = compound({"Anything": b"\x01" + "Jane Sample".encode("utf-16-le")})
    assert "Jane Sample" in texts(read(parse, data))


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("WordDocument", "office/doc"),
        ("Workbook", "office/xls"),
        ("PowerPoint Document", "office/ppt"),
        ("__properties_version1.0", "outlook/msg"),
        ("EncryptedPackage", "office/encrypted"),
        ("Other", None),
    ],
)
def test_a_compound_file_is_told_by_its_streams(stream: str, expected: str | None) -> None:
    assert kind(io.BytesIO(compound({stream: b"x"}))) == expected


@pytest.mark.parametrize(
    "streams", [{"EncryptedPackage": b"x"}, {"WordDocument": b"\xec\xa5" + b"\0" * 9 + b"\x01"}]
)
def test_an_encrypted_file_is_named_so(streams: dict[str, bytes]) -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, compound(streams))
    assert caught.value.obstacle is Obstacle.ENCRYPTED


def test_a_stream_that_says_it_is_larger_than_its_file_is_damaged() -> None:
    data = bytearray(compound({"Anything": b"Jane Sample"}))
    directory = data.index("Anything".encode("utf-16-le"))
    data[directory + 120 : directory + 124] = b"\xff\xff\xff\x7f"
    assert Obstacle.MALFORMED in obstacles(read(parse, bytes(data)))


def test_a_directory_that_goes_round_in_circles_is_malformed() -> None:
    data = bytearray(compound({"Anything": b"x"}))
    directory = data.index("Anything".encode("utf-16-le"))
    data[directory + 66] = 1
    data[directory + 76 : directory + 80] = b"\x01\x00\x00\x00"
    assert survives(parse, bytes(data))
    assert kind(io.BytesIO(bytes(data))) is None


def test_macros_are_active_content() -> None:
    assert Obstacle.ACTIVE_CONTENT in obstacles(read(parse, compound({"VBA": b"x"})))


def test_a_word_document_is_held_for_its_piece_table() -> None:
    assert Obstacle.NOT_READ in obstacles(read(parse, compound({"WordDocument": b"\xec\xa5"})))


def test_a_text_property_of_a_message_is_one_text() -> None:
    subject = "Über Jane".encode("utf-16-le")
    items = read(parse, compound({"__substg1.0_0037001F": subject}))
    assert any(text.startswith("Über Jane") for text in texts(items).splitlines())


def test_an_attachment_is_an_entry() -> None:
    items = read(parse, compound({"__substg1.0_37010102": b"%PDF"}))
    assert entries(items)[0].startswith(b"%PDF")


def test_a_damaged_workbook_is_malformed() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, compound({"Workbook": b"\x09\x08"}))
    assert caught.value.obstacle is Obstacle.MALFORMED


@given(st.integers(0, 8_000), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_changed_file_gives_items_or_the_one_error(at: int, change: bytes) -> None:
    data = bytearray(compound({"Workbook": b"\x09\x08\x10\x00", "Other": b"text"}))
    data[at : at + len(change)] = change
    assert survives(parse, bytes(data))
