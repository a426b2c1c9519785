"""A column's type: what its header says and its values agree with, else what its values say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dlp.model import Carrier, Category, Subject
from dlp.parse.delimited import headers, titlewords, values
from dlp.parse.delimited.directories import is_directory, is_ledger
from dlp.parse.delimited.headers import Named
from dlp.parse.delimited.values import Shape

_AGREE: Final = 0.7
"""Share of values that must look like what the header says."""
_TELL: Final = 0.8
"""Share that must look alike for values to speak alone."""
_PLAIN: Final = 0.9
"""Share of numbers, dates or codes beyond which the rest are the exceptions."""
_FEW_CARDS: Final = 5
"""A tenth of all long numbers pass the Luhn check."""
_NUMBERS_EACH: Final = 3
"""Telephones and mail addresses that one provider, site or department has in a table."""
_FEW_WORDS: Final = 40
_REPEATED: Final = 10
"""Cells for each different one."""
_REACHES: Final = frozenset({Category.PHONE, Category.EMAIL, Category.FAX})
_PLACES: Final = _REACHES | {Category.ADDRESS}
"""What a provider, payer or site has, and their columns say so."""
_LISTED: Final = _PLACES | {Category.NAME}
_NINE: Final = 9
_FIELD: Final = Carrier.IDENTIFIER_FIELD


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds.

    Attributes:
        shapes: A cell of none of these shapes is an exception, and free text. Empty for a column
            of text.
        carrier: Of a cell that has the shape; None for cells that nobody needs to look at.
        category: Likewise.
        part: Part of a name or address; code system of a clinical code.
        subject: Whom the column is about.
        words: All that a column of a few ordinary words has in the first rows. Such a word is
            looked at once, and not again.
    """

    shapes: tuple[Shape, ...] = ()
    carrier: Carrier | None = None
    category: Category | None = None
    part: str = ""
    subject: Subject = Subject.PERSON
    words: frozenset[str] = frozenset()

    def fits(self, text: str) -> bool:
        """Whether a cell has the column's shape."""
        return len(text) <= values.LONGEST_TYPED and any(shape(text) for shape in self.shapes)


TEXT: Final = Column()


def by_columns(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """The cells of some rows column by column, without blanks."""
    return [
        [values.shown(cell) for cell in cells if not values.is_blank(cell)]
        for cells in zip(*rows, strict=True)
    ] or [[] for _ in range(width)]


def type_columns(header: Sequence[str], by_column: Sequence[Sequence[str]]) -> list[Column]:
    """The columns of a table.

    Args:
        header: One text a column; empty texts where there is no header.
        by_column: The first rows' cells, column by column, without blanks.
    """
    named = [_named(title, cells) for title, cells in zip(header, by_column, strict=True)]
    named = _of_nobody(named, header, by_column)
    personal = any(
        name and name.alone and name.subject is Subject.PERSON and not name.vague for name in named
    )
    others = max(
        (
            len(set(cells))
            for title, cells in zip(header, by_column, strict=True)
            if titlewords.speaks_of_others(titlewords.tokens(title))
        ),
        default=0,
    )
    listed = not personal and any(
        titlewords.names_premises(titlewords.tokens(title)) and len(set(cells)) == len(cells) > 1
        for title, cells in zip(header, by_column, strict=True)
    )
    # A row for each site has the site's address.
    return [
        _by_header(name._replace(subject=Subject.PROVIDER), title, cells)
        if listed and name and name.category is Category.ADDRESS
        else _column(name, title, cells, personal=personal, others=others)
        for name, title, cells in zip(named, header, by_column, strict=True)
    ]


def _of_nobody(
    named: list[Named | None], header: Sequence[str], by_column: Sequence[Sequence[str]]
) -> list[Named | None]:
    """What headers name, with what a directory or a ledger has as nobody's."""
    if is_ledger(header):
        return [None if n and n.category is Category.ACCOUNT_NUMBER else n for n in named]
    rows = max(map(len, by_column), default=0)
    each_once = any(
        "npi" in titlewords.tokens(title) and len(set(cells)) == len(cells) == rows
        for title, cells in zip(header, by_column, strict=True)
    )
    if not (each_once and is_directory(header)):
        return named
    return [
        n._replace(subject=Subject.PROVIDER, alone=True) if n and n.category in _LISTED else n
        for n in named
    ]


def _named(title: str, cells: Sequence[str]) -> Named | None:
    """What the header names, if the values agree."""
    name = headers.read(title)
    if name is None:
        return None
    if not cells:
        # Nothing in the sample: later cells are held to the header's word.
        return None if name.vague else name
    shape = _shape(name, title)
    return name if _share(shape, cells) >= _AGREE else None


def _shape(name: Named, title: str) -> Shape:
    """What values under a header must look like: of an SSN there may be no more than its end."""
    if name.category is Category.SSN and {"last", "last4", "4", "four", "ssn4"} & set(
        titlewords.tokens(title)
    ):
        return values.SSN_OR_ITS_END.fullmatch
    return values.shape_of(name.category, name.part, vague=name.vague)


def _column(
    name: Named | None, title: str, cells: Sequence[str], *, personal: bool, others: int
) -> Column:
    if name and (name.alone or personal):
        return _by_header(name, title, cells)
    # Seven sites don't have a hundred telephones: those are of somebody else.
    office = not personal and len(set(cells)) <= _NUMBERS_EACH * others
    told = _by_shape(title, cells, office=office) or _by_spread(title, cells)
    told = told or _by_digits(name, cells, office=office)
    if told is not None:
        # Header and values agree on a column that speaks of persons by its values alone.
        if name and name.category is told.category and told.carrier is Carrier.FREE_TEXT:
            return _by_header(name, title, cells)
        return told
    if not cells:
        return TEXT
    plain = tuple(shape for shape in values.PLAIN if _share(shape, cells) > 0)
    fitting = sum(1 for cell in cells if _fits(plain, cell))
    return Column(plain) if fitting >= _PLAIN * len(cells) else _by_words(cells)


def _by_words(cells: Sequence[str]) -> Column:
    """A column of a few ordinary words over and over ("PAID"), else one of text."""
    words = frozenset(cells)
    if len(words) > _FEW_WORDS or len(cells) < _REPEATED * len(words):
        return TEXT
    if not all(values.is_phrase(cell) for cell in words):
        return TEXT
    return Column((words.__contains__,), words=words)


def _fits(shapes: Sequence[Shape], cell: str) -> bool:
    return len(cell) <= values.LONGEST_TYPED and any(shape(cell) for shape in shapes)


def _by_header(name: Named, title: str, cells: Sequence[str]) -> Column:
    return Column(
        (_shape(name, title),),
        Carrier.IDENTIFIER_FIELD,
        name.category,
        name.part or _system(name.category, cells),
        name.subject,
    )


def _system(category: Category, cells: Sequence[str]) -> str:
    """The code system of a column of clinical codes."""
    if category is Category.DIAGNOSIS:
        letters = sum(1 for cell in cells if cell[:1].isalpha() and cell[:1].upper() not in "EV")
        return "icd10cm" if letters * 2 > len(cells) else "icd9cm"
    if category is Category.PROCEDURE:
        return "hcpcs"
    return "ndc" if category is Category.MEDICATION else ""


def _by_shape(title: str, cells: Sequence[str], *, office: bool) -> Column | None:
    """A column whose values look like somebody's, whatever its header says."""
    if not cells:
        return None
    words = titlewords.tokens(title)
    premises = titlewords.speaks_of_premises(words)
    if titlewords.speaks_of_others(words) and not premises:
        return None
    for category, part, shape in values.TELLING:
        if premises and category not in _PLACES:
            continue
        if category is Category.PAYMENT_CARD and len(cells) < _FEW_CARDS:
            continue
        if _share(shape, cells) >= _TELL:
            if premises or (category in _REACHES and office):
                place = Carrier.IDENTIFIER_FIELD
                return Column((shape,), place, category, part, Subject.PROVIDER)
            return Column((shape,), Carrier.FREE_TEXT, category, part)
    return None


def _by_digits(name: Named | None, cells: Sequence[str], *, office: bool) -> Column | None:
    """Telephones without punctuation under a header that calls them so."""
    bare = values.PHONE_BARE.fullmatch
    if name is None or name.category is not Category.PHONE or not cells:
        return None
    if _share(bare, cells) < _TELL:
        return None
    subject = Subject.PROVIDER if office else name.subject
    return Column((bare,), Carrier.IDENTIFIER_FIELD, Category.PHONE, subject=subject)


def _by_spread(title: str, cells: Sequence[str]) -> Column | None:
    """A column whose values are distributed as SSNs or birth dates are, and nothing else is."""
    words = titlewords.tokens(title)
    if not cells or titlewords.speaks_of_others(words):
        return None
    bare = [cell for cell in cells if cell.isdigit() and len(cell) == _NINE]
    if len(bare) >= _PLAIN * len(cells) and not titlewords.is_other_key(words):
        if values.are_bare_ssns(bare):
            return Column((values.SSN_BARE.fullmatch,), Carrier.FREE_TEXT, Category.SSN)
        return None
    years = [year for year in map(values.year_of, cells) if year]
    if len(years) >= _PLAIN * len(cells) and values.are_birth_dates(years):
        return Column((values.year_of,), Carrier.FREE_TEXT, Category.BIRTH_DATE)
    return None


def _share(shape: Shape, cells: Sequence[str]) -> float:
    short = [cell for cell in cells if len(cell) <= values.LONGEST_TYPED]
    return sum(1 for cell in short if shape(cell)) / len(cells)
