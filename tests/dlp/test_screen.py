"""Columns of words compared with open text give what the words one by one give."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlp.screen import WIDTH, WordScreen
from dlp.vocabulary import Vocabulary

LETTERS = st.text("abcdeABCDE", min_size=1, max_size=WIDTH)
TEXT = st.lists(st.text("abcde", min_size=1, max_size=WIDTH + 2), max_size=8).map(" ".join)


def screened(text: str, words: list[str]) -> tuple[list[bool], list[bool]]:
    raw = [word.encode() for word in words]
    columns = np.array([list(word[:WIDTH].ljust(WIDTH, b"\0")) for word in raw], np.uint8)
    lengths = np.array([len(word) for word in raw], np.int64)
    found, unknown = WordScreen(Vocabulary([text])).may_name(columns, lengths)
    return found.tolist(), unknown.tolist()


@given(TEXT, st.lists(LETTERS, min_size=1, max_size=8))
def test_words_of_letters_are_told_as_one_by_one(text: str, words: list[str]) -> None:
    vocabulary = Vocabulary([text])
    found, unknown = screened(text, words)
    assert found == [vocabulary.may_name(word.lower()) for word in words]
    assert not any(unknown)


def test_a_word_of_other_characters_or_too_long_is_left_to_the_caller() -> None:
    found, unknown = screened("smith o'neil", ["O'NEIL", "SMITH", "A" * (WIDTH + 1), "SM1TH"])
    assert unknown == [True, False, True, True]
    assert found == [False, True, False, False]


def test_a_letter_left_out_added_changed_or_swapped_is_allowed() -> None:
    found, _ = screened("ferndale", ["FERNDLE", "FERNDALLE", "FERNDALT", "FERNADLE", "FENRDAEL"])
    assert found == [True, True, True, True, False]
