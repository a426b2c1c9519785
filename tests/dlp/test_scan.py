"""A screen tells which expressions match a text: those that searching finds, and no less."""

from __future__ import annotations

import re2
from hypothesis import given
from hypothesis import strategies as st

from dlp.detect.patterns import RULES
from dlp.detect.scan import Screen

EXPRESSIONS = [rule.expression for rule in RULES]
SCREEN = Screen(EXPRESSIONS)
PIECES = st.sampled_from(
    ["312-555-0142", "219-09-9999", "a@example.org", " ", "1EG4-TE5-MK72", "4111 1111 1111 1111",
     "10.0.0.1", "60601-1234", "WVWZZZ1JZXW000001", ".", "x", "7", "-", "\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12))
def test_a_screen_tells_what_searching_tells(pieces: list[str]) -> None:
    text = "".join(pieces).encode()
    matching = {each.pattern for each in EXPRESSIONS if each.search(text)}
    assert {each.pattern for each in SCREEN.among(text)} == matching


def test_a_text_that_matches_nothing_is_done_with() -> None:
    assert not SCREEN.among(b"left voicemail")


def test_a_long_text_is_left_to_the_expressions() -> None:
    assert len(SCREEN.among(b"a" * 10_000)) == len({each.pattern for each in EXPRESSIONS})


def test_an_expression_with_a_group_that_matches_nothing_still_counts() -> None:
    expression = re2.compile(b"(a?)b")
    assert Screen([expression]).among(b"cb") == {expression}
