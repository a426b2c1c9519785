"""Ids and telephone numbers without what their writers put between the characters."""

from __future__ import annotations

import re

from dlp.detect.reading import fold

_SEPARATORS = re.compile(r"[^0-9A-Za-z]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_ID_PREFIX = re.compile(
    r"^(?:MRN|SSN|MBI|HICN?|ID|ACCT|ACCOUNT|CLAIM|CLM|MEMBER|POLICY|NO|NUMBER|NUM)+(?=[0-9])"
)
_TEN_DIGITS = 10


def identifier(text: str) -> str:
    """An id's letters (upper case) and digits, without a label in front of digits."""
    return _ID_PREFIX.sub("", _SEPARATORS.sub("", fold(text)).upper())


def phone(text: str) -> str:
    """A telephone number's digits, without the country code 1 and an extension."""
    digits = _NOT_DIGITS.sub("", fold(text).lower().partition("x")[0])
    return digits[1:] if len(digits) == _TEN_DIGITS + 1 and digits[0] == "1" else digits
