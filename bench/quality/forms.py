"""How people write identifiers down: every form of every category, with the form's name."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from bench.quality.people import Somebody
from dlp.model import Category

Write = Callable[[Somebody, random.Random], str]


class Form(NamedTuple):
    """One written form.

    Attributes:
        group: "same-file exact", "same-file typo", "rules", "stranger name", "stranger address".
        name: Of the form.
        category: What it is a form of.
        write: The form of one person's value.
        needs: Whether the file's own fields must hold the person.
    """

    group: str
    name: str
    category: Category
    write: Write
    needs: bool = False


def _left_out(word: str, place: int, _: str) -> str:
    return word[:place] + word[place + 1 :]


def _swapped(word: str, place: int, _: str) -> str:
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _changed(word: str, place: int, letter: str) -> str:
    return word[:place] + letter + word[place + 1 :]


def _added(word: str, place: int, letter: str) -> str:
    return word[:place] + letter + word[place:]


def _typo(error: Callable[[str, int, str], str]) -> Write:
    """A surname with one error within it, after the given name; each as likely as any other."""

    def write(who: Somebody, rng: random.Random) -> str:
        while (wrong := error(who.last, *_where(who.last, rng))) == who.last:
            pass
        return f"{who.first} {wrong}"

    return write


def _where(word: str, rng: random.Random) -> tuple[int, str]:
    return rng.randrange(1, len(word) - 1), rng.choice("abcdefghijklmnopqrstuvwxyz")


def _phone(who: Somebody, form: str) -> str:
    return form.format(who.phone[:3], who.phone[3:6], who.phone[6:])


def _ssn(who: Somebody, joint: str) -> str:
    return joint.join((who.ssn[:3], who.ssn[3:5], who.ssn[5:]))


_NAMES: dict[str, Write] = {
    "First Last": lambda w, _: f"{w.first} {w.last}",
    "LAST, FIRST": lambda w, _: f"{w.last}, {w.first}".upper(),
    "First M Last": lambda w, _: f"{w.first} {w.middle}. {w.last}",
    "F Last": lambda w, _: f"{w.first[0]}. {w.last}",
    "Mr/Ms Last": lambda w, _: f"Ms. {w.last}",
    "lower case": lambda w, _: f"{w.first} {w.last}".lower(),
    "UPPER CASE": lambda w, _: f"{w.first} {w.last}".upper(),
}
_DATES: dict[str, Write] = {
    "m/d/yyyy": lambda w, _: f"{w.birth.month}/{w.birth.day}/{w.birth.year}",
    "mm/dd/yy": lambda w, _: w.birth.strftime("%m/%d/%y"),
    "yyyy-mm-dd": lambda w, _: w.birth.isoformat(),
    "Month d, yyyy": lambda w, _: f"{w.birth:%B} {w.birth.day}, {w.birth.year}",
    "d Mon yyyy": lambda w, _: f"{w.birth.day} {w.birth:%b} {w.birth.year}",
}
_PHONES: dict[str, Write] = {
    "(xxx) xxx-xxxx": lambda w, _: _phone(w, "({}) {}-{}"),
    "xxx-xxx-xxxx": lambda w, _: _phone(w, "{}-{}-{}"),
    "xxx.xxx.xxxx": lambda w, _: _phone(w, "{}.{}.{}"),
    "+1 xxx xxx xxxx": lambda w, _: _phone(w, "+1 {} {} {}"),
}

SAME_FILE: tuple[Form, ...] = (
    *(Form("same-file exact", f"name: {n}", Category.NAME, w, needs=True)
      for n, w in _NAMES.items()),
    *(Form("same-file exact", f"birth: {n}", Category.BIRTH_DATE, w, needs=True)
      for n, w in _DATES.items()),
    *(Form("same-file exact", f"phone: {n}", Category.PHONE, w, needs=True)
      for n, w in _PHONES.items()),
    Form("same-file exact", "member id", Category.MEMBER_ID, lambda w, _: w.member_id, needs=True),
    Form("same-file exact", "member id, spaced", Category.MEMBER_ID,
         lambda w, _: f"{w.member_id[:4]} {w.member_id[4:]}", needs=True),
    Form("same-file exact", "street", Category.ADDRESS, lambda w, _: w.street, needs=True),
    *(Form("same-file typo", f"name: letter {n}", Category.NAME, _typo(error), needs=True)
      for n, error in (("left out", _left_out), ("changed", _changed), ("added", _added),
                       ("swapped", _swapped))),
)  # fmt: skip
RULES: tuple[Form, ...] = (
    Form("rules", "SSN: dashed", Category.SSN, lambda w, _: _ssn(w, "-")),
    Form("rules", "SSN: bare with context", Category.SSN, lambda w, _: f"SSN {w.ssn}"),
    Form("rules", "SSN: spaced with context", Category.SSN, lambda w, _: f"SSN: {_ssn(w, ' ')}"),
    Form("rules", "ITIN", Category.SSN,
         lambda w, _: f"{w.itin[:3]}-{w.itin[3:5]}-{w.itin[5:]}"),
    Form("rules", "MBI", Category.MEDICARE_ID, lambda w, _: w.mbi),
    Form("rules", "MBI: dashed", Category.MEDICARE_ID,
         lambda w, _: f"{w.mbi[:4]}-{w.mbi[4:7]}-{w.mbi[7:]}"),
    Form("rules", "MRN with label", Category.MEDICAL_RECORD_NUMBER, lambda w, _: f"MRN {w.mrn}"),
    Form("rules", "member id with label", Category.MEMBER_ID,
         lambda w, _: f"member id {w.member_id}"),
    Form("rules", "card", Category.PAYMENT_CARD, lambda w, _: w.card),
    Form("rules", "card: spaced", Category.PAYMENT_CARD,
         lambda w, _: " ".join(w.card[i : i + 4] for i in range(0, 16, 4))),
    Form("rules", "IBAN", Category.BANK_ACCOUNT, lambda w, _: w.iban),
    Form("rules", "routing and account", Category.BANK_ACCOUNT,
         lambda w, _: f"routing {w.aba} account {w.card[1:11]}"),
    Form("rules", "VIN", Category.VEHICLE_ID, lambda w, _: f"VIN {w.vin}"),
    Form("rules", "DEA", Category.LICENSE_NUMBER, lambda w, _: f"DEA {w.dea}"),
    Form("rules", "email", Category.EMAIL, lambda w, _: w.email),
    *(Form("rules", f"phone: {n}", Category.PHONE, w) for n, w in _PHONES.items()),
)  # fmt: skip


def _born(write: Write) -> Write:
    return lambda who, rng: f"DOB {write(who, rng)}"


BIRTHS: tuple[Form, ...] = tuple(
    Form("rules", f"DOB {name}", Category.BIRTH_DATE, _born(write))
    for name, write in _DATES.items()
)
STRANGERS: tuple[Form, ...] = (
    *(Form("stranger name", n, Category.NAME, w) for n, w in _NAMES.items()),
    Form("stranger address", "street", Category.ADDRESS, lambda w, _: w.street),
    Form("stranger address", "street, city, state, ZIP", Category.ADDRESS,
         lambda w, _: f"{w.street}, {w.city}, {w.state} {w.zip}"),
    Form("stranger address", "UPPER CASE", Category.ADDRESS, lambda w, _: w.street.upper()),
    Form("stranger address", "PO box", Category.ADDRESS,
         lambda w, _: f"PO Box {w.mrn[:4]}, {w.city} {w.state} {w.zip}"),
)  # fmt: skip
FORMS: tuple[Form, ...] = (*SAME_FILE, *RULES, *BIRTHS, *STRANGERS)
