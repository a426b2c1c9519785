"""RTF: every destination's text, and what is embedded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp.model import Obstacle
from dlp.parse.rtf import parse
from tests.support.reading import entries, obstacles, read, survives, texts


@pytest.mark.parametrize(
    "body",
    [
        rb"Jane Sample", rb"Ja{\b ne} Sample", rb"J\'61ne Sample", rb"J\u97?ne Sample",
        rb"{\v Jane Sample}", rb"{\deleted Jane Sample}", rb"{\*\unknown Jane Sample}",
        rb"{\header Jane Sample}", rb"{\info{\author Jane Sample}}", rb"Ja\nosupersub ne Sample",
    ],
)  # fmt: skip
def test_text_is_read_wherever_it_stands(body: bytes) -> None:
    assert "Jane Sample" in texts(read(parse, rb"{\rtf1\ansi " + body + b"}")).splitlines()


def test_text_after_the_last_group_is_read() -> None:
    assert "Jane" in texts(read(parse, rb"{\rtf1 a}Jane"))


def test_a_code_page_is_used() -> None:
    assert "Жанна" in texts(read(parse, rb"{\rtf1\ansicpg1251 \'c6\'e0\'ed\'ed\'e0}"))


def test_a_picture_is_an_entry() -> None:
    assert entries(read(parse, b"{\\rtf1{\\pict\\pngblip 8950\n4e47}}")) == [b"\x89PNG"]


def test_binary_data_is_reported() -> None:
    assert Obstacle.UNSUPPORTED_TYPE in obstacles(read(parse, rb"{\rtf1{\pict\bin3 abc}}"))


_TOKENS = st.sampled_from(
    [b"{", b"}", b"\\", b"\\u-9999999999 ", b"\\'f", b"\\'ff", b"\\uc9", b"\\pict ", b"4g", b"x",
     b"\\*", b"\\u55357 ", b"\\ansicpg65001 ", b"\\ansicpg932 ", b"\\objdata ", b"\\bin9"]
)  # fmt: skip


@given(st.lists(_TOKENS, max_size=30))
def test_any_tokens_give_items_or_the_one_error(tokens: list[bytes]) -> None:
    assert survives(parse, b"{\\rtf1" + b"".join(tokens))
