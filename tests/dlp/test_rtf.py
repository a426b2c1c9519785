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
        rb"{\header Jane Sample}", rb"{\info{\subject Jane Sample}}", rb"Ja\nosupersub ne Sample",
    ],
)  # fmt: skip
def test_text_is_read_wherever_it_stands(body: bytes) -> None:
    assert "Jane Sample" in texts(read(parse, rb"{\rtf1\ansi " + body + b"}")).splitlines()


_SLOTS = [
    (
        rb"{\fonttbl{\f0\fswiss{\*\panose 02020603050405020304}%s;}{\f1 Arial{\*\falt A};}}",
        b"MV Boli",
    ),
    (rb"{\fonttbl{\f0 Arial{\*\falt %s};}}", b"MV Boli"),
    (rb"{\stylesheet{\ql Normal;}{\*\cs15 \additive %s;}}", b"Quote Char"),
    (rb"{\*\latentstyles{\lsdlockedexcept heading 1;\lsdpriority39 %s;}}", b"toc 1"),
    (rb"{\*\xmlnstbl{\xmlns1 %s}}", b"http://schemas.microsoft.com/office/word/2003/wordml"),
    (rb"{\info{\author %s}}", b"Jane Sample"),
    (rb"{\info{\operator %s}}", b"Jane Sample"),
    (rb"{\info{\*\company %s}}", b"Jane & Sons"),
]


@pytest.mark.parametrize(("body", "value"), _SLOTS)
def test_what_a_table_of_the_document_holds_by_design_is_no_text(body: bytes, value: bytes) -> None:
    assert not texts(read(parse, rb"{\rtf1 " + body % value + b"}"))


@pytest.mark.parametrize(("body", "_"), _SLOTS)
def test_anything_else_is_read_there(body: bytes, _: bytes) -> None:
    said = texts(read(parse, rb"{\rtf1 " + body % b"Roe 412-68-7193" + b"}"))
    assert said == "Roe 412-68-7193"


def test_the_text_behind_a_stray_word_is_still_the_documents() -> None:
    assert texts(read(parse, rb"{\rtf1 \author Jane Sample}")) == "Jane Sample"


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


@pytest.mark.parametrize(
    "body",
    [
        rb"{\*\docvar {patient}{Jane Sample}}",
        rb"{\*\userprops{\propname patient}\proptype30{\staticval Jane Sample}}",
    ],
)
def test_a_variables_value_is_apart_from_its_name(body: bytes) -> None:
    assert "Jane Sample" in texts(read(parse, rb"{\rtf1\ansi " + body + b"}")).splitlines()
