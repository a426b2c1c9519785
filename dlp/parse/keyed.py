"""What a value is, told by its key and its shape together, in JSON or XML of any make.

Neither alone is enough: "name" is a product's as well, and nine digits are an invoice's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from dlp.model import Category
from dlp.parse.delimited.headers import speaks_of_others, tokens

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T.{0,32})?|\d{8}|\d{1,2}/\d{1,2}/\d{2,4}")
_DIGITS: Final = re.compile(r"[A-Za-z]{0,4}[0-9][0-9A-Za-z-]{3,24}")
_NAME: Final = re.compile(r"[^\W\d_][^\d@<>{}]{0,60}")
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
    _kind(rf"(?:{_PERSON}_)?(?:ssn|social|social_?security.*)", re.compile(r"\d{3}-?\d\d-?\d{4}"),
          Category.SSN),
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
    _kind(r".*(?:phone|mobile|cell).*", re.compile(r"[0-9()+. -]{10,20}"), Category.PHONE),
    _kind(r".*e_?mail.*", re.compile(r"[^@\s]+@[^@\s]+"), Category.EMAIL),
    _kind(r".*(?:street|address)_?(?:line)?_?1?", re.compile(r"\d+ .{3,60}"), Category.ADDRESS,
          "street"),
)  # fmt: skip
"""Key (lower case, words joined by _), the value's shape, and what both say."""
_LONGEST: Final = 40
"""Characters of a key that somebody who designs a format writes."""
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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
    return next(fitting, None)


@lru_cache(maxsize=2_000)
def _candidates(key: str, around: str) -> tuple[_Kind, ...]:
    if speaks_of_others(tokens(f"{around} {key}")):
        return ()
    own = _words(key)
    names = (own, f"{_words(around)}_{own}")
    return tuple(kind for kind in _KINDS if any(map(kind.keys.fullmatch, names)))


def _words(key: str) -> str:
    return _HUMP.sub("_", key).replace("-", "_").replace(" ", "_").lower()
