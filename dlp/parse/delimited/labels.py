"""Cells that say what stands beside or below them, where the header of their column doesn't.

A form has its labels down a column, a transposed table before each row, a second table a header of
its own in the middle of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import re2

from dlp.model import Carrier, Category
from dlp.parse.answers import bare_part, is_answer
from dlp.parse.delimited import headers, titlewords, values
from dlp.parse.delimited.columns import Column

_WHO: Final = (
    r"(?:(?:patient|pat|pt|member|mbr|mem|subscriber|subscr|insured|enrollee|beneficiary|employee|guarantor|spouse"
    r"|dependent|cardholder|policyholder)(?:'?s)?[ _.-]{0,2})"
)
_NUMBER: Final = r"(?:[ _.-]{0,2}(?:id|no|num|number|nbr|#)\.?)"
_LABEL: Final = (
    rf"{_WHO}?(?:ssn|ss[ _]?(?:#|no\.?|nbr|num(?:ber)?)|social[ _-]security"
    rf"|soc\.?[ _-]?sec\.?){_NUMBER}?"
    rf"|{_WHO}?(?:dob|d\.o\.b\.?|date[ _-]of[ _-]birth|birth[ _-]?(?:date|dt)"
    rf"|b(?:irth)?[ _-]?day|brth[ _-]?(?:date|dt))"
    rf"|{_WHO}?(?:mrn|mr ?#|(?:medical|med\.?)[ _-]?rec(?:ord|\.)?|chart){_NUMBER}?"
    rf"|(?:mbi|hicn|medicare{_NUMBER}|iban|bank[ _-]account{_NUMBER}?)"
    rf"|(?:policy|medicaid|{_WHO}){_NUMBER}"
    rf"|(?:{_WHO}?(?:account|acct\.?)|claim){_NUMBER}"
    rf"|{_WHO}?(?:first|given|last|family)[ _-]?name|{_WHO}?surname"
)
_WHOLE: Final = re.compile(rf"(?:{_LABEL})\s*[:=#.*]{{0,2}}", re.IGNORECASE)
_LONGEST: Final = 60
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,39}")
_LEAST, _LEAST_BARE = 4, 6
"""Digits of an id, and of one that might be a count."""
_COUNTED: Final = frozenset(
    {
        "count", "cnt", "total", "totals", "avg", "average", "min", "max", "sum", "pct", "percent",
        "rate", "distinct", "unique", "null", "nulls", "missing", "rows", "records", "errors",
        "length", "len", "width", "changed", "updated", "modified", "since", "effective",
    }
)  # fmt: skip
"""Words of titles over what is said about fields, not in them."""
_NAMED_BY_WORDS: Final = {
    "ss": Category.SSN,
    "soc": Category.SSN,
    "d.o.b": Category.BIRTH_DATE,
    "mr": Category.MEDICAL_RECORD_NUMBER,
    "med": Category.MEDICAL_RECORD_NUMBER,
    "chart": Category.MEDICAL_RECORD_NUMBER,
}


def screen(delimiter: str) -> re2._Regexp[bytes]:
    """Finds bytes that may hold a cell that is a label; all, and some besides."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    mark = re.escape(delimiter)
    edge = rf'(?:^|[{mark}\r\n"])'
    return re2.compile(
        rf'{edge}\s*(?:{_LABEL})\s*[:=#.*]{{0,2}}\s*(?:$|[{mark}\r\n"])'.encode(), options
    )


class Label(NamedTuple):
    """What a cell says of its neighbours.

    Attributes:
        category: What they are.
        part: Part of a name, or "".
    """

    category: Category
    part: str = ""


def label(text: str) -> Label | None:
    """What a cell says of its neighbours, if it is a label of something personal and no more."""
    if not 1 < len(text) <= _LONGEST or not _WHOLE.fullmatch(text):
        return None
    named = headers.read(text)
    if named is not None:
        return Label(named.category, named.part) if named.alone else None
    category = _NAMED_BY_WORDS.get(text.lower().split(" ")[0].rstrip(":#.*=_"))
    return Label(category) if category else None


def fits(said: Label, text: str) -> bool:
    """Whether a cell may be what a label beside or above it says."""
    if len(text) > values.LONGEST_TYPED:
        return False
    shape = values.NAMED.get(said.category)
    if shape is not None:
        return bool(shape(text))
    digits = sum(map(str.isdigit, text))
    least = _LEAST_BARE if text.isdigit() and text[0] != "0" else _LEAST
    return digits >= least and bool(_ID.fullmatch(text)) and not values.year_of(text)


def _fits_beside(said: Label, text: str) -> bool:
    """The same for a cell beside it: "First Name" may be described there, so it takes a name."""
    if said.category is Category.NAME and not is_answer(said.part, text):
        return False
    return fits(said, text)


def _beside(cells: Sequence[str], said: Mapping[int, Label]) -> dict[int, Label | None]:
    """What the label in front of each cell says that it is; labels and empty cells left out."""
    told: dict[int, Label | None] = {}
    beside: Label | None = None
    for index, text in enumerate(cells):
        if index in said:
            beside = said[index]
        elif text:
            fitting = beside is not None and _fits_beside(beside, text)
            if beside and not fitting and beside.category is not Category.NAME:
                beside = None
            told[index] = beside if fitting else None
    return told


class Labels:
    """Follows a table's rows and says which cells are what a label calls them."""

    def __init__(self, titles: Sequence[str], columns: Sequence[Column]) -> None:
        """Begin below a header, whose titles hold where the column's values didn't agree.

        Args:
            titles: One text a column.
            columns: As header and values type them.
        """
        told = enumerate(zip(titles, columns, strict=True))
        self._titles = {
            index: said
            for index, (title, column) in told
            if column.category is None
            and (said := label(title.strip()))
            and said.category is not Category.NAME
        }
        self._counted = {
            index for index, title in enumerate(titles) if _COUNTED & set(titlewords.tokens(title))
        }
        self._below: dict[int, Label] = {}
        self._lead = ""

    @property
    def active(self) -> bool:
        """Whether a coming row may mean something else for what stands above it."""
        return bool(self._titles or self._below)

    def read(self, cells: Sequence[str]) -> Mapping[int, Column]:
        """The columns that some cells of the next row have for a label's sake.

        Args:
            cells: The row's, stripped.
        """
        said = self._said(cells)
        told = {}
        for index, beside in _beside(cells, said).items():
            meant = self._above(index, cells[index]) or beside
            if meant and index not in self._counted:
                told[index] = Column((), Carrier.IDENTIFIER_FIELD, meant.category, meant.part)
        self._hold(said)
        return told

    def of_titles(self, cells: Sequence[str]) -> Mapping[int, Column]:
        """The same for a header: a form's first row may look like one."""
        return {
            index: Column((), Carrier.IDENTIFIER_FIELD, meant.category, meant.part)
            for index, meant in _beside(cells, self._said(cells)).items()
            if meant
        }

    def _said(self, cells: Sequence[str]) -> dict[int, Label]:
        """The labels of a row; "First" in front of one is a name's where "Last" is next to it."""
        said = {index: found for index, text in enumerate(cells) if (found := label(text))}
        lead = bare_part(cells[0]) if cells else ""
        if lead and self._lead not in ("", lead):
            said[0] = Label(Category.NAME, lead)
        self._lead = lead
        return said

    def _hold(self, said: Mapping[int, Label]) -> None:
        """Labels over what is to come; of names only both together, as a header has them."""
        parts = {found.part for found in said.values() if found.category is Category.NAME}
        paired = {"first", "last"} <= parts
        for index, found in said.items():
            self._below.pop(index, None)
            if paired or found.category is not Category.NAME:
                self._below[index] = found

    def _above(self, index: int, text: str) -> Label | None:
        """What the label over a cell says it is; one that it can't be is over."""
        below = self._below.get(index)
        if below and fits(below, text):
            return below
        self._below.pop(index, None)
        title = self._titles.get(index)
        return title if title and fits(title, text) else None
