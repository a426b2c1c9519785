"""What a value is, told by its key and its shape together, in JSON or XML of any make.

Neither alone is enough: "name" is a product's as well, and nine digits are an invoice's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from dlp.detect.reading import plain
from dlp.detect.words import is_given_name, is_word
from dlp.model import Category
from dlp.parse.delimited import headers, titlewords
from dlp.parse.misplaced import has_ssn
from dlp.parse.terms import terms

_C: Final = Category
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T.{0,32})?|\d{8}|\d{1,2}/\d{1,2}/\d{2,4}")
_DIGITS: Final = re.compile(r"[A-Za-z]{0,4}[0-9][0-9A-Za-z-]{3,24}")
_NAME: Final = re.compile(
    r"(?!(?i:true|false|yes|no|null|none|string|text)\Z)[^\W\d_][^\d@<>{}/:=]{0,60}"
)
_TOLL_FREE: Final = r"\(?(?:\+?1[-. ]?)?\(?8(?:00|33|44|55|66|77|88)\b"
"""A company's telephone: nobody has one at home."""
_PERSON: Final = (
    "(?:patient|pt|member|mbr|subscriber|insured|guarantor|dependent|beneficiary|bene|enrollee"
    "|cardholder|claimant|policyholder|person|spouse|child)s?"
)


class Told(NamedTuple):
    """A category and, of a name or address, which part."""

    category: Category
    part: str = ""


def _kind(keys: str, shape: re.Pattern[str], category: Category, part: str = "") -> _Kind:
    return _Kind(re.compile(keys), shape, Told(category, part))


class _Kind(NamedTuple):
    keys: re.Pattern[str]
    shape: re.Pattern[str]
    told: Told


_KINDS: Final = (
    _kind(rf"(?:{_PERSON}_)?(?:ssn|ss_?(?:no|num|nbr)|social|social_?security.*)",
          re.compile(r"\d{3}-?\d\d-?\d{4}"), Category.SSN),
    _kind(rf"(?:{_PERSON}_)?(?:(?:date_?of_?)?birth_?(?:date|day)?|dob)", _DATE,
          Category.BIRTH_DATE),
    _kind(r".*(?:mrn|medical_?record_?(?:number|no|id)?)", _DIGITS,
          Category.MEDICAL_RECORD_NUMBER),
    _kind(r"(?:member|subscriber|insured)_?(?:id|number|no)", _DIGITS, Category.MEMBER_ID),
    _kind(rf"(?:{_PERSON}_)?(?:mbi|medicare_?(?:id|number))", _DIGITS, Category.MEDICARE_ID),
    _kind(rf"(?:{_PERSON}_?)?(?:last|family|sur)_?name|{_PERSON}_(?:last|family|surname)|lname",
          _NAME, Category.NAME, "last"),
    _kind(rf"(?:{_PERSON}_?)?(?:first|given|fore)_?name|{_PERSON}_(?:first|given)|fname",
          _NAME, Category.NAME, "first"),
    _kind(rf"(?:{_PERSON}|full)_?name", _NAME, Category.NAME, "full"),
    _kind(r".*(?:phone|mobile|cell).*|(?:.*_)?(?:tel|ph|fax)(?:_?(?:no|nbr|num|number))?"
          r"|telecom|call_?back(?:_?(?:no|nbr|num|number))?"
          r"|(?:best|daytime|evening)_(?:no|nbr|num|number)(?:_to_(?:call|reach)(?:_you)?)?",
          re.compile(rf"(?!{_TOLL_FREE})[0-9()+. -]{{10,20}}"), Category.PHONE),
    _kind(r".*e_?mail.*", re.compile(r"[^@\s]+@[^@\s]+"), Category.EMAIL),
    _kind(r".*(?:street|address)_?(?:line)?_?1?", re.compile(r"\d+ .{3,60}"), Category.ADDRESS,
          "street"),
)  # fmt: skip
"""Key (lower case, words joined by _), the value's shape, and what both say."""
_OFFICE: Final = frozenset({_C.NAME, _C.PHONE, _C.EMAIL, _C.ADDRESS})
"""What an office has as a person does."""
_LONGEST: Final = 60
"""Characters of a key that somebody who designs a format or a form writes."""
_ANY: Final = re.compile("")
_WHOLE_DATE: Final = re.compile(
    rf"{_DATE.pattern}|\d{{1,2}}[.-]\d{{1,2}}[.-]\d{{4}}|\d{{4}}[/.]\d\d[/.]\d\d"
    r"|(?:\d{1,2} )?[A-Z][a-z]{2,8}\.?(?: \d{1,2},)? \d{4}"
)
_SHAPES: Final = {
    _C.SSN: re.compile(r"\d{3}[- .]?\d\d[- .]?\d{4}"),
    _C.BIRTH_DATE: re.compile(
        rf"{_WHOLE_DATE.pattern}|\d{{6}}|-?\d{{9,13}}|[1-4]\d{{4}}|/Date\(-?\d{{6,14}}[0-9+-]*\)/"
    ),
    _C.DEATH_DATE: _WHOLE_DATE,
    _C.NAME: _NAME,
    **dict.fromkeys(
        (
            _C.MEDICAL_RECORD_NUMBER, _C.MEMBER_ID, _C.MEDICARE_ID, _C.ACCOUNT_NUMBER,
            _C.CLAIM_NUMBER, _C.LICENSE_NUMBER, _C.BANK_ACCOUNT, _C.OTHER_ID,
        ),
        _DIGITS,
    ),
}  # fmt: skip
"""Categories that a title tells of one value alone, and what the value must look like."""
_PATIENTS: Final = terms(
    "patient pt pat member mbr mem memb subscriber subscr insured beneficiary bene enrollee"
    " guarantor dependent"
)
_ANYBODYS: Final = frozenset({_C.OTHER_ID, _C.ACCOUNT_NUMBER})
"""Numbers that a client, a vendor or a product has as well: a title must say that it's a person."""
_ABOUT: Final = terms("format length pattern regex mask prefix suffix column required")
"""Words of titles that speak of a number and don't give one."""
_LETTERS: Final = re.compile(r"[^\W\d_]{2,}")
_FULL_NAME: Final = re.compile(r"[^\W\d_][\w.'-]{1,24}(?:,? [^\W\d_][\w.\x27-]{0,24}){1,3}")
_END: Final = terms("last last4 4 four ssn4")
_LAST_FOUR: Final = re.compile(r"(?:[\dXx*#]{3}[- .]?[\dXx*#]{2}[- .]?)?\d{4}")
"""Of an SSN there may be no more than its end: a part of an identifier is one."""
_WHOSE: Final = re.compile(r"['\u2019]s?\b")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")


def told(key: str, value: str, around: str = "") -> Told | None:
    """What a value is.

    Args:
        key: Its key, element or attribute.
        value: Without blanks around it.
        around: The key or element that holds that one: ``first`` in ``patient``.

    Returns:
        None where they don't say, or speak of a provider, payer or product.
    """
    if max(len(key), len(around)) > _LONGEST:
        return None
    fitting = (kind.told for kind in _candidates(key, around) if kind.shape.fullmatch(value))
    found = next(fitting, None) or _person(key, value)
    return Told(_C.SSN) if found and has_ssn(value) else found


def _person(key: str, value: str) -> Told | None:
    """``"guarantor": "OKONKWO CHIDI"``: a full name with a given name in it, under who that is."""
    named = headers.read(key)
    if named is None or named.category is not _C.NAME or not named.vague:
        return None
    if titlewords.speaks_of_others(titlewords.tokens(key)) or not _FULL_NAME.fullmatch(value):
        return None
    written = [plain(word) for word in _LETTERS.findall(value)]
    given = any(is_given_name(word) and not is_word(word) for word in written)
    return Told(_C.NAME, "full") if given and not all(map(is_word, written)) else None


def is_title(text: str) -> bool:
    """Whether a text is what somebody calls a value of a person's: "SSN", "Patient's last name"."""
    return 0 < len(text.strip()) <= _LONGEST and bool(_candidates(text.strip(), ""))


def of_office(key: str, value: str, around: str = "") -> Told | None:
    """How a provider, payer or site is called or reached, which is nobody's: the keys say whose.

    Args:
        key: As :func:`told` has it.
        value: Likewise.
        around: Likewise.
    """
    if max(len(key), len(around)) > _LONGEST or has_ssn(value):
        return None
    if not titlewords.speaks_of_premises(titlewords.tokens(f"{around} {key}")):
        return None
    own = _words(key)
    kinds = (kind for kind in _KINDS if kind.told.category in _OFFICE and kind.keys.fullmatch(own))
    return next((kind.told for kind in kinds if kind.shape.fullmatch(value)), None)


@lru_cache(maxsize=2_000)
def _candidates(key: str, around: str) -> tuple[_Kind, ...]:
    if titlewords.speaks_of_others(titlewords.tokens(f"{around} {key}")):
        return ()
    own = _words(key)
    names = (own, f"{_words(around)}_{own}")
    known = (kind for kind in _KINDS if any(map(kind.keys.fullmatch, names)))
    # One letter around says nothing: <f><Name> is no "f name".
    titled = (_titled(title) for title in (key, f"{around} {key}" if len(around) > 1 else key))
    return (*known, *filter(None, titled))


def _titled(title: str) -> _Kind | None:
    """What a table's column of that title would hold, if it is a person's and needs no others."""
    named = headers.read(title)
    if named is None or named.category not in _SHAPES or not named.alone:
        return None
    words = set(titlewords.tokens(title))
    if words & _ABOUT or (named.category in _ANYBODYS and not _PATIENTS & words):
        return None
    if named.category is _C.NAME and (named.vague or named.part == "full"):
        return None
    shape = _SHAPES[named.category]
    if named.category is _C.SSN and words & _END:
        shape = _LAST_FOUR
    return _Kind(_ANY, shape, Told(named.category, named.part))


def _words(key: str) -> str:
    plain = _WHOSE.sub("", key.replace("#", " number"))
    return _HUMP.sub("_", plain).replace("-", "_").replace(" ", "_").lower()
