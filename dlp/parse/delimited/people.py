"""Columns of persons' names under headers that don't say so, or under none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dlp.detect.words import GIVEN_NAMES, is_word
from dlp.model import Carrier, Category
from dlp.parse.delimited import titlewords, values
from dlp.parse.delimited.columns import TEXT, Column

_GIVEN: Final = 0.4
"""Share of values with a common given name (our list has 1,200); of the months, a quarter."""
_STRANGE: Final = 0.6
"""Share of values that are no ordinary words. Baker and Brown are the rest."""
_FEWEST: Final = 4
"""Different values; fewer could be anything."""
_MOST_WORDS: Final = 4
_PLACES: Final = frozenset({"city", "town", "county", "state", "region", "district", "month"})


def with_names(
    columns: Sequence[Column], header: Sequence[str], by_column: Sequence[Sequence[str]]
) -> list[Column]:
    """The columns, with those that hold names typed so.

    Args:
        columns: As header and shapes type them.
        header: One text a column.
        by_column: The sample's values, without blanks.
    """
    out = _by_halves(columns, header, by_column)
    firsts = [
        index
        for index, column in enumerate(columns)
        if _is_text(column) and _may_name(header[index]) and _are_given(by_column[index])
    ]
    for index in firsts:
        out[index] = _names("full" if _many_words(by_column[index]) else "first")
        for beside in (index - 1, index + 1):
            free = 0 <= beside < len(out) and _is_text(out[beside]) and out[index].part == "first"
            if free and _may_name(header[beside]) and _are_surnames(by_column[beside]):
                out[beside] = _names("last")
    return out


def _by_halves(
    columns: Sequence[Column], header: Sequence[str], by_column: Sequence[Sequence[str]]
) -> list[Column]:
    """The columns, with two that are called "First" and "Last" and no more taken for names.

    Either alone is a page, a day or a visit; and so are both if they hold nothing but words.
    """
    out = list(columns)
    found = {words[0]: i for i, t in enumerate(header) if len(words := titlewords.tokens(t)) == 1}
    halves = [(found[part], part) for part in ("first", "last") if part in found]
    shape = values.shape_of(Category.NAME, "first", vague=False)
    fits = all(
        _is_text(out[i]) and by_column[i] and all(map(shape, by_column[i])) for i, _ in halves
    )
    if len(halves) == len(("first", "last")) and fits and not _are_words(halves, by_column):
        for index, part in halves:
            out[index] = Column((shape,), Carrier.IDENTIFIER_FIELD, Category.NAME, part)
    return out


def _are_words(halves: Sequence[tuple[int, str]], by_column: Sequence[Sequence[str]]) -> bool:
    words = [word for index, _ in halves for cell in by_column[index] for word in _words(cell)]
    return all(is_word(word) and word not in GIVEN_NAMES for word in words)


def _is_text(column: Column) -> bool:
    return column == TEXT or bool(column.words)


def _names(part: str) -> Column:
    shape = values.shape_of(Category.NAME, part, vague=False)
    return Column((shape,), Carrier.FREE_TEXT, Category.NAME, part)


def _may_name(title: str) -> bool:
    words = titlewords.tokens(title)
    return not (titlewords.speaks_of_others(words) or _PLACES & set(words))


def _words(cell: str) -> list[str]:
    return cell.lower().replace(",", " ").replace(".", " ").split()


def _many_words(cells: Sequence[str]) -> bool:
    return sum(len(_words(cell)) > 1 for cell in cells) * 2 > len(cells)


def _are_varied(cells: Sequence[str]) -> bool:
    return len(set(cells)) >= _FEWEST and all(len(_words(cell)) <= _MOST_WORDS for cell in cells)


def _are_given(cells: Sequence[str]) -> bool:
    if not _are_varied(cells):
        return False
    given = [bool(GIVEN_NAMES & set(_words(cell))) for cell in cells]
    strange = [not all(map(is_word, _words(cell))) for cell in cells]
    either = sum(a or b for a, b in zip(given, strange, strict=True))
    return sum(given) >= _GIVEN * len(cells) and either >= 2 * _GIVEN * len(cells)


def _are_surnames(cells: Sequence[str]) -> bool:
    if not _are_varied(cells):
        return False
    strange = sum(cell.replace(" ", "").isalpha() and not is_word(cell.lower()) for cell in cells)
    return strange >= _STRANGE * len(cells)
