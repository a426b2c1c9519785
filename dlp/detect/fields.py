"""Identifier fields: a value is what its field says, unless it plainly is something else."""

from __future__ import annotations

import re

from dlp.detect import checksums
from dlp.detect.reading import fold
from dlp.model import Category, Match, Passage
from dlp.nodate import is_no_date
from dlp.pseudonym import is_pseudonym

_FIELD = 0.99
_SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}$")
_CARD = re.compile(r"[0-9]{13,19}$")
_CARD_WRITTEN = re.compile(r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}$")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}\.[A-Za-z]{2,24}$")
_MEANINGLESS = re.compile(r"[\W_]+")
_SEPARATORS = re.compile(r"[ -]")
# What systems write where they know nothing.
FILLERS = frozenset(
    {
        "unknown",
        "none",
        "na",
        "nan",
        "null",
        "nil",
        "notavailable",
        "notapplicable",
        "unk",
        "tbd",
        "test",
        "same",
        "self",
        "pending",
        "notprovided",
        "refused",
        "declined",
        "blank",
        "xxx",
        "anonymous",
        "withheld",
        "redacted",
        "masked",
        "noname",
        "noaddress",
        "unavailable",
        "notonfile",
        "onfile",
        "unspecified",
        "other",
        "various",
        "multiple",
        "default",
        "deidentified",
        "removed",
        "missing",
        "empty",
        "seeabove",
        "sameasabove",
        "undefined",
    }
)
_DIGITS_FILLERS = ("123456789", "1234567890", "987654321", "0123456789", "19000101", "01011900")
_DATES = frozenset(
    {Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE, Category.OTHER_DATE}
)
_IDS = frozenset(
    {
        Category.MEMBER_ID,
        Category.ACCOUNT_NUMBER,
        Category.CLAIM_NUMBER,
        Category.OTHER_ID,
        Category.MEDICAL_RECORD_NUMBER,
        Category.LICENSE_NUMBER,
        Category.DEVICE_ID,
    }
)
_REPEATED_DIGIT = 5


def is_filler(text: str) -> bool:
    """Whether a value says nothing: blank, ``UNKNOWN``, ``000000000``, ``XXXX``, a pseudonym."""
    plain = _MEANINGLESS.sub("", fold(text)).lower()
    if not plain or plain in FILLERS or plain in _DIGITS_FILLERS:
        return True
    if len(set(plain)) == 1:
        return plain[0] in "0x" or (plain.isdigit() and len(plain) >= _REPEATED_DIGIT)
    return is_pseudonym(plain)


def check_field(passage: Passage) -> Match | None:
    """The match over a whole identifier field, None for a blank or a filler.

    An id-like field that holds a dashed SSN, a Luhn-valid payment card or an e-mail address comes
    back as that: it stands where the contract expects an id and is none. Nine bare digits stay what
    the field says, since many payers' ids are nine digits.
    """
    if passage.category is None or is_filler(passage.text):
        return None
    if passage.category in _DATES and is_no_date(passage.text):
        return None
    category = _plainly(passage.category, fold(passage.text).strip())
    return Match(category, 0, len(passage.text), _FIELD, "field")


def _plainly(category: Category, value: str) -> Category:
    if category not in _IDS:
        return category
    if _SSN.match(value) and checksums.ssn(value.replace("-", "")):
        return Category.SSN
    written = _CARD_WRITTEN.match(value)
    if (written or _CARD.match(value)) and _is_card(value, written=written is not None):
        return Category.PAYMENT_CARD
    return Category.EMAIL if _EMAIL.match(value) else category


def _is_card(value: str, *, written: bool) -> bool:
    digits = _SEPARATORS.sub("", value)
    # One bare id in fifty of card length passes by chance; the issuers' usual lengths only.
    return checksums.payment_card(digits) and (written or len(digits) in {15, 16})
