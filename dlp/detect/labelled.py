"""Ids that have no shape of their own and are told by the label in front of them."""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from dlp.detect import checksums
from dlp.detect.context import near_words
from dlp.detect.dates import parse_date
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, spans
from dlp.model import Category, Match

_REQUIRED = r"(?:[ _-]?(?:numbers?|no\.?|num\.?|nbr\.?|id|ids|i\.d\.|#))"
_NUMBER = rf"{_REQUIRED}?"
_OTHER = r"(?:/[A-Z]{2,12})?"
"""A second label, as in "MRN/DOB: 7741983/03-14-1962"."""
_LINK = r"[ \t]{0,2}(?:(?:is|was|of|for|=|:|#|-)[ \t]{0,2}){0,3}"
_VALUE = r"([A-Z]{0,5}-?[0-9][0-9A-Z]*(?:-[0-9A-Z]{2,12}){0,4})"
_LONG_VALUE = r"([A-Z]{1,5}-?[0-9][0-9A-Z]{4,38}|[0-9]{8,20})"
"""What can't be a count, a year or a version, behind a word that may speak of those."""
_LEADERS = r"[ \t]{0,3}[:=]?[ \t]{0,3}(?:[. \t_-]{2,80}|[ \t]{0,40}\r?\n[ \t]{0,40})[:=]?[ \t]{0,3}"
"""Between a label and a value that a form sets apart: dots, blanks, or a line's end."""
_NUMBERED = r"([A-Z]{0,3}-?[0-9]{6,20})"
_QUOTED = r"['\"][ \t]{0,2}[:=,][ \t]{0,2}['\"]"
_FAR_VALUE = r"([A-Z]{0,5}-?[0-9][0-9A-Z]{4,38}(?:-[0-9A-Z]{2,12}){0,3})"
_SPACED = r"([A-Z]{0,5}-?[0-9][0-9A-Z]*(?:[- ][0-9]{2,12}){0,4})"
_MIN_DIGITS, _LONGEST = 4, 40
_NO_SHARE = 6
"""Digits from which a number before a slash is neither an amount by the month nor a fraction."""
_CONFIDENCE = 0.85
_MONTH_AND_YEAR = re.compile(r"(?:0?[1-9]|1[0-2])/[0-9]{4}")


def _labelled(labels: str, value: str = _VALUE, *, number: str = _NUMBER) -> re2._Regexp:
    return re2.compile(
        rf"(?i)(?:^|[^0-9A-Z])(?:{labels}){number}{_OTHER}{_LINK}{value}(?:[^0-9A-Z%]|$)".encode()
    )


def _joined(labels: str, value: str) -> re2._Regexp:
    """A label and its value as the names of files and columns join them: ``ssn_236458714``."""
    return re2.compile(rf"(?i)(?:^|[^0-9A-Z])(?:{labels})_{{1,2}}{value}(?:[^0-9A-Z%]|$)".encode())


def _set_apart(labels: str, value: str = _FAR_VALUE, *, number: str = _REQUIRED) -> re2._Regexp:
    return re2.compile(
        rf"(?i)(?:^|[^0-9A-Z])(?:{labels}){number}(?:{_LEADERS}|{_QUOTED}){value}(?:[^0-9A-Z%]|$)".encode()
    )


def _called(labels: str, value: str = _NUMBERED) -> re2._Regexp:
    """A value before its label: ``5500217 is her MRN``, ``04211955 (dob)``."""
    return re2.compile(
        rf"(?i)(?:^|[^0-9A-Z/.$-]){value} ?(?:is|was|as|for)? ?\(?(?:(?:the|her|his|their|my|a|pt'?s?|patient'?s?) )?"
        rf"(?:{labels})(?:[^0-9A-Z]|$)".encode()
    )


_WHOSE = r"(?:patient|member|subscriber|insured|beneficiary|cardholder|recipient|enrollee|policy|medicaid)(?:'s)?"
_LABELS: tuple[tuple[str, Category, re2._Regexp], ...] = (
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _labelled(
        r"mrn|mr#|m\.r\.n\.|med(?:ical)?\.? rec(?:ord)?s?|chart(?: no\.?| number| ?#)|(?:patient|pt)(?: no\.?| number| ?#| id)")),
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _labelled(
        "chart", r"([0-9]{5,12}(?:-[0-9]{1,3})?)", number="")),
    ("date-role", Category.BIRTH_DATE, _labelled(
        r"dob|d\.o\.b\.?|birth ?date|date of birth", r"([0-9]{8})", number="")),
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _labelled(
        r"hosp(?:ital)?|encounter", _NUMBERED, number=_REQUIRED)),
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _labelled("mr", _NUMBERED)),
    ("account-number", Category.ACCOUNT_NUMBER, _labelled("guarantor", number=_REQUIRED)),
    ("member-id", Category.MEMBER_ID, _labelled(
        "aetna|bcbs|blue cross|blue shield|cigna|humana|uhc|united ?healthcare|anthem|kaiser|molina|tricare|ambetter|wellcare|medi-cal",
        _LONG_VALUE, number=_REQUIRED)),
    ("date-role", Category.BIRTH_DATE, _labelled(
        r"dob|d\.o\.b\.?|birth ?date|date of birth|born(?: in)?", r"([0-9]{1,2}/(?:19|20)[0-9]{2})", number="")),
    # Epic's hospital account and contact serial number, Cerner's financial number.
    ("account-number", Category.ACCOUNT_NUMBER, _labelled("har|csn|fin", _LONG_VALUE)),
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _called(
        "mrn|med(?:ical)? rec(?:ord)?(?: number| no\\.?| #)?|chart (?:number|no\\.?|#)")),
    ("member-id", Category.MEMBER_ID, _called(
        "(?:member|subscriber|policy|insurance|medicaid|recipient)(?: id| number| no\\.?| #)")),
    ("account-number", Category.ACCOUNT_NUMBER, _called("(?:acct|account)(?: number| no\\.?| #)?")),
    ("medicare-id", Category.MEDICARE_ID, _called("(?:mbi|medicare(?: id| number| no\\.?| #))")),
    ("ssn", Category.SSN, _called(
        "ssn|social(?: security)?(?: number| no\\.?| #)?", "([0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4})")),
    ("date-role", Category.BIRTH_DATE, _called(
        "dob|birth ?date|birthday|date of birth",
        r"([0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})")),
    ("member-id", Category.MEMBER_ID, _labelled(
        r"(?:member|subscriber|insured|beneficiary|medicaid|insurance|cardholder|recipient|enrollee)(?:'s)?", number=_REQUIRED)),
    ("member-id", Category.MEMBER_ID, _labelled(
        r"polic(?:y|ies)|medicaid|mbr|sub", number=_REQUIRED)),
    ("member-id", Category.MEMBER_ID, _labelled(
        r"polic(?:y|ies)", r"([A-Z]{0,5}-?[0-9]{6}[0-9A-Z]{0,34})", number="")),
    ("member-id", Category.MEMBER_ID, _labelled("medicaid", _LONG_VALUE, number="")),
    ("account-number", Category.ACCOUNT_NUMBER, _labelled(
        r"(?:patient |pt )?(?:acct|account|acc't)|patient control|pcn")),
    ("claim-number", Category.CLAIM_NUMBER, _labelled(
        r"claim|clm|claim control|icn|dcn|tcn", number=r"(?:[ _-]?(?:control )?(?:numbers?|no\.?|num\.?|id|#))?")),
    ("claim-number", Category.CLAIM_NUMBER, _labelled("claims", number=_REQUIRED)),
    ("license-number", Category.LICENSE_NUMBER, _labelled(
        r"driver'?s?'? licen[cs]e|drivers? lic\.?|d\.?l\.?(?: ?#| no\.?| number)|(?:medical|state|nursing|rn|md|pharmacist|dental|professional|physician) licen[cs]e|licen[cs]e(?: ?#| no\.?| number)")),
    ("device-id", Category.DEVICE_ID, _labelled(
        r"serial|s/n|device id|udi|(?:pacemaker|implant|device|pump|cpap|lead|model)(?: serial)?(?: ?#| no\.?| number| id)")),
    ("passport", Category.OTHER_ID, _labelled(r"passport")),
    ("bank-account", Category.BANK_ACCOUNT, _labelled(
        r"(?:bank|checking|savings)(?: (?:acct|account))?|routing [0-9]{9}[ ,;]{0,2}(?:and )?(?:acct|account)")),
    ("ssn", Category.SSN, _labelled(
        r"ssn|social security", r"([0-9]{3}[- /]?[0-9]{2}[- /]?[0-9]{4}|[0-9](?: [0-9]){8})")),
    ("ssn", Category.SSN, _set_apart(
        r"ssn|social security", r"([0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4})", number=_NUMBER)),
    ("date-role", Category.BIRTH_DATE, _set_apart(
        r"dob|d\.o\.b\.?|birth ?date|date of birth",
        r"([0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})", number="")),
    ("date-role", Category.BIRTH_DATE, _labelled(
        r"dob|d\.o\.b\.?|birth ?date|date of birth",
        r"([01]?[0-9] {1,4}[0-3]?[0-9] {1,4}(?:[12][0-9])?[0-9]{2})", number="")),
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _set_apart(
        r"mrn|med(?:ical)?\.? rec(?:ord)?s?", number=_NUMBER)),
    ("ssn", Category.SSN, _joined("ssn", r"([0-9]{3}[-_]?[0-9]{2}[-_]?[0-9]{4})")),
    ("medical-record-number", Category.MEDICAL_RECORD_NUMBER, _joined("mrn", "([0-9]{4,12})")),
    ("date-role", Category.BIRTH_DATE, _joined(
        "dob", r"([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}-[0-9]{1,2}-[0-9]{2,4})")),
    ("member-id", Category.MEMBER_ID, _set_apart(_WHOSE)),
    ("account-number", Category.ACCOUNT_NUMBER, _set_apart(r"account|acct")),
    ("claim-number", Category.CLAIM_NUMBER, _set_apart("claim")),
    ("medicare-id", Category.MEDICARE_ID, _labelled(r"medicare|mbi|hicn?", number=_REQUIRED)),
    ("payment-card", Category.PAYMENT_CARD, _labelled(r"(?:credit |debit )?card", _SPACED, number=_REQUIRED)),
)  # fmt: skip
_SCREEN = Screen(expression for _, _, expression in _LABELS)
_LONG_CARD = 12
_LONGEST_LEDGER = 9
_LEDGER = frozenset({"gl", "g l", "ledger", "debit", "journal", "revenue", "expense", "operating",
                     "cost center", "chart of accounts"})  # fmt: skip
_WHOSE_ACCOUNT = frozenset({"patient", "pt", "member", "guarantor", "subscriber", "balance"})


def find_labelled(reading: Reading) -> Iterator[Match]:
    """Ids named by a label; linear in the text for each label."""
    possible = _SCREEN.among(reading.data)
    for name, category, expression in _LABELS:
        for start, end in spans(expression, reading.data) if expression in possible else ():
            value = reading.folded[start:end]
            if _is_it(category, value, reading, start, end):
                yield Match(category, start, end, _CONFIDENCE, name)


def _is_it(category: Category, value: str, reading: Reading, start: int, end: int) -> bool:
    if category is Category.BIRTH_DATE:
        # A form has a box each for month, day and year.
        return bool(parse_date("/".join(value.split()))) or bool(_MONTH_AND_YEAR.fullmatch(value))
    if category is Category.ACCOUNT_NUMBER and _is_of_ledger(reading, start, end):
        return False
    return _plausible(category, value, reading, start, end)


def _plausible(category: Category, value: str, reading: Reading, start: int, end: int) -> bool:
    digits = [c for c in value if c.isdigit()]
    least = _LONG_CARD if category is Category.PAYMENT_CARD else _MIN_DIGITS
    if len(digits) < least or len(value) > _LONGEST or len(set(digits)) < 2:  # noqa: PLR2004 - a filler
        return False
    if category is Category.SSN:
        number = "".join(digits)
        return checksums.ssn(number) or checksums.itin(number)
    after = reading.folded[end : end + 3]
    if reading.folded[start - 1 : start] == "$" or after[:1] == "%":
        return False
    if after[:1] == "/" and len(digits) < _NO_SHARE:
        return False
    if after[:1] in {".", ","} and after[1:2].isdigit():
        # An amount: "balance on account 1250.00".
        return False
    return not parse_date(value)


def _is_of_ledger(reading: Reading, start: int, end: int) -> bool:
    """Whether an account is one that books are kept by: cash, revenue, what the firm owes."""
    if end - start > _LONGEST_LEDGER or near_words(reading, start, end, _WHOSE_ACCOUNT):
        return False
    return near_words(reading, start, end, _LEDGER)
