"""What the content of an element with a role must look like to be taken for that role.

Wider than the guides, since partners are, but never wide enough for a sentence.
"""

from __future__ import annotations

import re
from typing import Final

from dlp.parse.x12.types import pattern_of_moment

_NO_SSN: Final = rb"(?!.{0,80}?(?<!\d)\d{3}-\d\d-\d{4}(?!\d))"
"""A number written as an SSN is looked at as one, whatever field it stands in."""
_PERSONAL: Final = (
    rb"(?<![A-Za-z])(?i:ssns?|soc(?:ial)?\.? sec(?:urity)?|dob|d\.o\.b|birth ?date|date of birth"
    rb"|born|birthday"
)
_RECORD: Final = rb"|mrns?|mr#|med(?:ical)?\.? rec(?:ord)?|chart(?= ?#| no| num)"
_FOLLOWED: Final = rb")\.?(?: ?(?i:no|num|number|nbr|id|is)\b\.?)?[^A-Za-z0-9]{1,4}\d"
_NO_PERSON: Final = _NO_SSN + rb"(?!.{0,80}?" + _PERSONAL + _FOLLOWED + rb")"
"""Nor does a value belong in a field that says itself that it is another: "DOB 01/02/1980"."""
_NOBODYS: Final = _NO_SSN + rb"(?!.{0,80}?" + _PERSONAL + _RECORD + _FOLLOWED + rb")"
"""The same where no patient's record number can stand: names, addresses, providers' numbers."""
_NO_PHONE: Final = rb"(?!.{0,80}?\(\d{3}\) ?\d{3}-\d{4})"

IDENTIFIER: Final = re.compile(
    _NO_PERSON + _NO_PHONE + rb"(?=.{1,80}\Z)(?:[^\s@]+|(?=.*\d)[^\s@]+ +[^\s@]+) *", re.DOTALL
)
"""One word; two if a digit is among them ("AB 1234")."""
NUMBER: Final = re.compile(rb"(?![A-Za-z]{4,80} *\Z)" + IDENTIFIER.pattern, re.DOTALL)
"""The same, but no word of letters alone: that may be somebody's name."""
LABEL: Final = re.compile(
    _NOBODYS + _NO_PHONE + rb"(?=.{1,50}\Z) *[^\s@]+(?: +[^\s@]+)? *", re.DOTALL
)
"""At most two words: partners' agreed names (ISA06, GS02), plan classes."""
NOBODYS: Final = re.compile(_NOBODYS + IDENTIFIER.pattern, re.DOTALL)
"""An identifier that is no patient's: a provider's, a payer's, a file's."""
NOBODYS_NUMBER: Final = re.compile(_NOBODYS + NUMBER.pattern, re.DOTALL)
"""The same, but no word of letters alone."""
NAME: Final = re.compile(rb"(?=.{1,64}\Z)(?!.*\d{3})(?!(?:\S+\s+){5}\S)[^@\r\n\t]+", re.DOTALL)
"""At most five words, no number, no mail address."""
ORGANISATION: Final = re.compile(
    _NOBODYS + rb"(?=.{1,80}\Z)(?!(?:\S+\s+){10}\S)[^@\r\n\t]+", re.DOTALL
)
STREET: Final = re.compile(_NOBODYS + rb"(?=.{1,64}\Z)(?!(?:\S+\s+){10}\S)[^@\r\n\t]+", re.DOTALL)
CITY: Final = re.compile(_NOBODYS + rb"(?=.{1,40}\Z)(?!(?:\S+\s+){5}\S)[^@\r\n\t]+", re.DOTALL)
STATE: Final = re.compile(rb"[A-Za-z0-9]{2,3} *")
ZIP: Final = re.compile(rb"(?:(?=.*\d)[A-Za-z0-9][A-Za-z0-9 -]{2,9}|[A-Za-z]{1,15}) *", re.DOTALL)
"""At most ten characters with a digit, longer than any country's, or a word such as UNKNOWN."""
PHONE: Final = re.compile(
    _NO_SSN + rb"[+(]?\d[\d()+. /-]{4,24}(?:(?:[xX]|[eE][xX][tT]\.?) ?\d{1,6})? *"
)
EXTENSION: Final = re.compile(rb"[xX]?\d{1,8} *")
EMAIL: Final = re.compile(rb"[^\s@]{1,64}@[^\s@]{1,255} *")
URL: Final = re.compile(rb"[^\s@]{3,256} *")
SSN: Final = re.compile(rb"\d{3}[ -]?\d{2}[ -]?\d{4} *")
CODE: Final = re.compile(_NO_SSN + rb"[A-Za-z0-9][A-Za-z0-9.-]{0,47} *")
"""A clinical code."""
SERVICE_TYPE: Final = re.compile(rb"[A-Za-z0-9]{1,3} *")
MOMENT: Final = re.compile(rb"(?:%b) *" % pattern_of_moment())
