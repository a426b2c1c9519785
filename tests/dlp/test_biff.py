"""A workbook stream's strings end where they end, whatever byte follows them."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.parse.office.runs import runs
from dlp.parse.ole import biff

SSN = b"236-45-6781"


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _counted(text: bytes) -> bytes:
    return bytes([len(text), 0]) + text


def _said(stream: bytes) -> list[str]:
    found = runs(io.BytesIO(biff.apart(stream)), Meter(Budget()), "here")
    return [passage.text for passage in found]


def test_a_sheets_name_does_not_grow_into_the_next_record() -> None:
    sheet = _record(0x0085, bytes(6) + _counted(SSN))
    assert _said(sheet + _record(0x00FC, bytes(8)) + bytes(64)) == [SSN.decode()]


@pytest.mark.parametrize("kind", [0x0006, 0x0018, 0x01BE])
def test_a_string_in_a_formula_does_not_grow_into_the_next_token(kind: int) -> None:
    tokens = b"\x17" + _counted(b"link") + b"\x17" + _counted(SSN) + b"B\x02\x67\x01"
    assert SSN.decode() in _said(_record(kind, tokens))


def test_a_stream_that_is_no_chain_of_records_is_left_as_it_is() -> None:
    stream = b"\x09\x08\xff\xff" + SSN
    assert biff.apart(stream) == stream


@given(st.binary(max_size=400))
def test_nothing_but_records_heads_is_left_out(stream: bytes) -> None:
    kept = biff.apart(_record(0x0006, stream) + _record(0x0085, stream))
    assert kept.replace(b"\0", b"") == (stream + stream).replace(b"\0", b"")


@pytest.mark.parametrize("byte", [b"\xfc", b"\xe9"])
def test_a_number_in_any_binary_part_does_not_grow_into_a_foreign_byte(byte: bytes) -> None:
    found = list(runs(io.BytesIO(byte + SSN + byte), Meter(Budget()), "here"))
    assert SSN.decode() in found[0].text.split()
