"""Letterheads and signatures: an organisation's own address and telephone below its name.

A line with an organisation's word (``Mercy Family Clinic``) or a degree (``Beth Larsen, M.D.``) and
no number, and directly under it nothing but lines of contact: those are its own. A line of anything
else between them, a person's name above all, ends that.
"""

from __future__ import annotations

import re
from typing import Final

from dlp.detect.reading import Reading
from dlp.detect.words import is_given_name

_MOST: Final = 8
"""Lines of contact under a name."""
_LONGEST: Final = 90
"""Characters of a line in a letterhead."""
_REACH: Final = _MOST * _LONGEST
_ORGANISATION: Final = re.compile(
    r"(?i)\b(?:clinics?|hospitals?|medical|health ?(?:care|plan|system)?|pharmacy"
    r"|laborator(?:y|ies)|labs?|imaging|radiology|orthop(?:a?edics|edic)|pediatrics"
    r"|family (?:medicine|practice)|physicians|dental|dentistry|associates|insurance"
    r"|(?:billing|provider) (?:department|office|services|relations)|department|center|centre"
    r"|university|foundation|institute)\b"
    r"|\b(?:inc|llc|llp|pllc|corp|pc|p\.c)\b\.?$"
)
_DEGREE: Final = re.compile(
    r",? (?:M\. ?D|MD|D\.?O|D\.?D\.?S|D\.?M\.?D|D\.?P\.?M|Ph\.?D|R\.?N|N\.?P|P\.?A-?C|DPT"
    r"|LCSW)\.?,?(?:\s|$)"
)
_OF_SOMEBODY: Final = re.compile(
    r"(?i)\b(?:patient|pt|member|subscriber|insured|guarantor|beneficiary|home|c/o|attn|re|dear|to"
    r"|from|dob|ssn|mrn|acct|account)\b|[:@]"
)
_CONTACT: Final = re.compile(
    r"(?i)\d{5}|\d{3}[-.) ]{1,2}\d{3}[-. ]\d{4}|^\s*\d{1,6} \S"
    r"|\b(?:suite|ste|floor|fl|room|p\.?\s?o\.?\s?box|phone|tel|fax|www|https?|e-?mail|hours)\b|@"
)
_MOST_WORDS: Final = 7
_SMALL: Final = frozenset({"of", "and", "the", "at", "for", "in", ""})
_TITLE: Final = re.compile(
    r"(?i)^[\s\w,&/-]*\b(?:medicine|surgery|specialists?|services|relations|manager|director"
    r"|coordinator|department|practice|pediatrics|cardiology|oncology)[\s,&/-]*$"
)


def is_organisations(reading: Reading, start: int) -> bool:
    """Whether what begins at a character stands in the contact lines below an organisation."""
    text = reading.text
    begin = text.rfind("\n", 0, start) + 1
    above = text[max(0, begin - _REACH) : begin].splitlines()
    if _OF_SOMEBODY.search(text[begin:start].replace(":", " ")):
        return False
    for line in reversed(above[-_MOST:]):
        if len(line) > _LONGEST or not line.strip():
            return False
        if _names_organisation(line):
            return True
        if not (_CONTACT.search(line) or _TITLE.match(line)):
            return False
    return False


def _names_organisation(line: str) -> bool:
    if any(map(str.isdigit, line)) or _OF_SOMEBODY.search(line):
        return False
    words = [word for word in line.split() if word.strip("&,.-").lower() not in _SMALL]
    if len(words) > _MOST_WORDS or not all(word[0].isupper() for word in words):
        return False
    if _DEGREE.search(line):
        return True
    named = _ORGANISATION.search(line) is not None
    return named and not is_given_name(line.split(maxsplit=1)[0].strip(",.").lower())
