"""Numbers and mail addresses as they are spoken: what a voicemail's transcript holds.

``five one seven, six two, nine oh three eight``, ``rosie dot garza at example dot com``.
"""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import re2

from dlp.detect import checksums
from dlp.detect.context import words_after, words_before
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, spans
from dlp.detect.words import vocabulary
from dlp.model import Category, Match

_DETECTOR: Final = "spoken"
_ONES: Final = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_TEENS: Final = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
_TENS: Final = {
    "twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7",
    "eighty": "8", "ninety": "9",
}  # fmt: skip
_TIMES: Final = {"double": 2, "triple": 3}
_NUMBER: Final = rf"(?:{'|'.join((*_ONES, *_TEENS, *_TENS, *_TIMES, 'hundred'))})"
_RUN: Final = re2.compile(
    rf"(?i)(?:^|[^0-9a-z])({_NUMBER}(?:[ ,.\-]{{1,3}}(?:(?:dash|and) )?{_NUMBER}){{3,24}})(?:[^0-9a-z]|$)".encode()
)
_MONTH: Final = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_BORN: Final = re2.compile(
    rf"(?i)(?:date of birth|birth ?date|birthday|dob|born)(?: is| was| on|,|:){{0,2}} ({_MONTH},? (?:the )?"
    rf"[a-z]{{3,12}}(?:[ ,\-]{{1,2}}[a-z]{{3,12}}){{1,5}}|(?:the )?[a-z]{{5,12}}(?:-[a-z]{{5,7}})? (?:of )?{_MONTH},? (?:[0-9]{{4}}|[a-z]{{3,12}}(?:[ \-][a-z]{{3,12}}){{1,3}}))(?:[^0-9a-z]|$)".encode()
)
_ORDINALS: Final = vocabulary(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth thousand"
)
_MAIL: Final = re2.compile(
    rb"(?i)(?:^|[^0-9a-z])([0-9a-z]{1,30}(?:(?: ?(?:dot|underscore|dash|\.|_) ?)[0-9a-z]{1,30}){0,4}"
    rb" ?(?: at |\(at\)|\[at\]) ?[0-9a-z\-]{1,40}(?:(?: dot |\.| ?[\[(]dot[\])] ?)[0-9a-z\-]{1,30}){0,3}"
    rb"(?: dot |\.| ?[\[(]dot[\])] ?)(?:com|net|org|edu|gov|us|co|io))(?:[^0-9a-z]|$)"
)
_MAIL_HOSTS: Final = re.compile(
    r"gmail|yahoo|hotmail|outlook|aol|icloud|comcast|verizon|msn|proton|live\b|att\b"
)
_MAIL_WORDS: Final = vocabulary("email mail emails e-mail")
_SCREEN: Final = Screen((_RUN, _BORN, _MAIL))
_WORD: Final = re.compile(r"[a-z]+")
_SSN: Final = vocabulary("social ssn soc")
_CALLS: Final = vocabulary(
    "call called phone number reach cell mobile home text back telephone fax dial area contact at"
)
_IDS: Final = {
    **dict.fromkeys(("mrn", "chart", "record"), Category.MEDICAL_RECORD_NUMBER),
    **dict.fromkeys(("member", "subscriber", "policy", "medicaid"), Category.MEMBER_ID),
    "medicare": Category.MEDICARE_ID,
    **dict.fromkeys(("account", "acct"), Category.ACCOUNT_NUMBER),
    **dict.fromkeys(("claim",), Category.CLAIM_NUMBER),
    **dict.fromkeys(("card", "visa", "mastercard"), Category.PAYMENT_CARD),
    **dict.fromkeys(("birth", "dob", "birthday", "birthdate", "born"), Category.BIRTH_DATE),
}
_SURE, _LIKELY = 0.85, 0.6
_SOCIAL, _LOCAL, _TEN, _LABELLED, _LAST_FOUR = 9, 7, 10, 5, 4
_NEAR: Final = 7


def find_spoken(reading: Reading) -> Iterator[Match]:
    """Numbers and addresses in words, where their length and what stands near say what they are."""
    possible = _SCREEN.among(reading.data)
    for start, end in spans(_RUN, reading.data) if _RUN in possible else ():
        category, confidence = _kind(reading, start, end)
        if category is not None:
            yield Match(category, start, end, confidence, _DETECTOR)
    for start, end in spans(_BORN, reading.data) if _BORN in possible else ():
        if _is_year_spoken(reading.lower[start:end]):
            yield Match(Category.BIRTH_DATE, start, end, _SURE, _DETECTOR)
    for start, end in spans(_MAIL, reading.data) if _MAIL in possible else ():
        if _is_address(reading.lower[start:end], words_before(reading, start)[-_NEAR:]):
            yield Match(Category.EMAIL, start, end, _SURE, _DETECTOR)


def _kind(reading: Reading, start: int, end: int) -> tuple[Category | None, float]:
    digits = spoken_digits(reading.lower[start:end])
    before = words_before(reading, start)[-_NEAR:]
    near = {*before, *words_after(reading, end)[:_NEAR]}
    size = len(digits)
    if not _SSN.isdisjoint(near) and size in (_LAST_FOUR, _SOCIAL):
        return Category.SSN, _SURE
    for word in reversed(before):
        if word in _IDS and size >= _LABELLED:
            return _IDS[word], _SURE
    if size == _TEN + 1 and digits[0] == "1":
        digits, size = digits[1:], _TEN
    if size == _TEN and checksums.nanp(digits):
        return Category.PHONE, _SURE
    if size == _LOCAL and digits[0] not in "01" and not _CALLS.isdisjoint(near):
        return Category.PHONE, _LIKELY
    return None, 0.0


def spoken_digits(text: str) -> str:
    """The digits of a number in words: "five fifty-five, double oh" is 55500.

    Args:
        text: In lower case.
    """
    out: list[str] = []
    times, tens = 1, False
    for word in _WORD.findall(text):
        if word in _TIMES:
            times = _TIMES[word]
        elif word == "hundred":
            out.append("00")
        elif word in _TENS:
            out.append(_TENS[word] + "0")
        elif word in _TEENS:
            out.append(_TEENS[word])
        elif word in _ONES:
            if tens and _ONES[word] != "0":
                out[-1] = out[-1][0] + _ONES[word]
            else:
                out.append(_ONES[word] * times)
            times = 1
        tens = word in _TENS
    return "".join(out)


def _is_year_spoken(text: str) -> bool:
    """Whether words behind a month are a day and a year: "third nineteen sixty one"."""
    numbers = [w for w in _WORD.findall(text) if w in _ORDINALS or _is_number(w)]
    return len(numbers) > 1 or (bool(numbers) and text[-4:].isdigit())


def _is_number(word: str) -> bool:
    return word in _ONES or word in _TEENS or word in _TENS


def _is_address(text: str, before: list[str]) -> bool:
    """Whether words are a person's mail address, and not "call us at humana dot com"."""
    name = re.split(r" at |\(at\)|\[at\]", text)[0]
    told = not _MAIL_WORDS.isdisjoint(before) or bool(_MAIL_HOSTS.search(text))
    return told or "(at)" in text or "[at]" in text or bool(re.search(r"[0-9._]| dot ", name))
