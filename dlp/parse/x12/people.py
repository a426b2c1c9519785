"""Segments that say who somebody is, and where they live and are reached."""

from __future__ import annotations

from typing import Final

from dlp.model import Category, Subject
from dlp.parse.x12 import content
from dlp.parse.x12.walk import Walk

PERSONS: Final = frozenset(
    # Subscriber, patient, corrected and incorrect member, dependent, mailing address, custodian,
    # the responsible persons of the 834 (2100G) and the individuals of the 820; employers and
    # schools identify a person too (45 CFR 164.514(b)(2)); ambulance pick-up and drop-off (PW,
    # 45) can be a home.
    b"IL QC 74 70 03 31 S3 6Y 9K E1 EI EXS GB GD J6 LR QD S1 TZ X4 DO EY QE 36 M8 PW 45".split()
)
ORGANISERS: Final = frozenset(
    b"85 87 82 77 DN DK DQ DD P3 P4 71 72 73 ZZ 1P 2B 2P FA 41 40 PR PE 80 98 SJ G3 GP Y2 1T X3 "
    b"QB QV QL QN 61 68 69 6A 1I 1E 1A 1Q 13 NH OC VN TT 88 GW IN PRP SEP TTP VER LQ OF HF "
    b"1R 1S 1Y 1G L5 RF R0 5H TU TV P5 BO ACH ATT PV P1 P2 LI EXT 3D PX QK".split()
)
"""Providers, payers and their staff: entity codes that may stand with a single person's name."""

_PERSON_IDS: Final = {
    b"34": Category.SSN,
    b"SY": Category.SSN,
    b"HN": Category.MEDICARE_ID,
    b"F6": Category.MEDICARE_ID,
    b"MI": Category.MEMBER_ID,
    b"II": Category.MEMBER_ID,
    b"MR": Category.MEMBER_ID,
    b"C": Category.MEMBER_ID,
    b"C1": Category.MEMBER_ID,
    b"N": Category.MEMBER_ID,
    b"ZZ": Category.MEMBER_ID,
    b"EA": Category.MEDICAL_RECORD_NUMBER,
}
"""NM108 of a person; others (24 employer, FI, EI) make an ``other_id``."""

_CONTACTS: Final = {
    b"FX": (Category.FAX, content.PHONE, "text in a telephone element"),
    b"EM": (Category.EMAIL, content.EMAIL, "text in a mail address element"),
    b"UR": (Category.URL, content.URL, "text in a web address element"),
    b"EX": (None, content.EXTENSION, "text in a telephone element"),
}
_PHONE: Final = (Category.PHONE, content.PHONE, "text in a telephone element")
_PHONES: Final = frozenset(b"TE HP WP CP AP BN BT NP PA PC VM OT IT".split())
_NAME_FAULT: Final = "text in a name element"


def nm1(walk: Walk) -> None:
    """NM1, individual or organisational name: the entity in force from here on."""
    walk.new_record(_whose(walk.value(1), walk.value(2)))
    if walk.loop == b"HL" and walk.subject is Subject.PERSON:
        walk.keep_patient()
    if walk.value(2) == b"1":
        for element, part in ((3, "last"), (4, "first"), (5, "middle"), (7, "suffix")):
            walk.emit(element, Category.NAME, content.NAME, part=part, fault=_NAME_FAULT)
        walk.emit(12, Category.NAME, content.NAME, part="last", fault=_NAME_FAULT)
    else:
        for element in (3, 12):
            walk.emit(element, Category.NAME, content.ORGANISATION, part="full", fault=_NAME_FAULT)
        for element in (4, 5, 7):
            walk.open_text(element, "a person's name part for an organisation")
    entity_id(walk, 8, 9)


def _whose(code: bytes, kind: bytes) -> Subject:
    if code in PERSONS or (kind != b"2" and code not in ORGANISERS):
        # Whoever isn't said to be an organisation, under an entity code we don't know, is taken for
        # a patient: that side is safe.
        return Subject.PERSON
    return Subject.PROVIDER


def entity_id(walk: Walk, qualifier: int, element: int) -> None:
    """The id beside a name, by its qualifier and whose it is."""
    code = walk.value(qualifier)
    category = Category.OTHER_ID
    if walk.subject is Subject.PERSON or code in (b"34", b"SY"):
        category = _PERSON_IDS.get(code, Category.OTHER_ID)
    numbers = content.IDENTIFIER if walk.subject is Subject.PERSON else content.NOBODYS
    walk.emit(element, category, content.SSN if category is Category.SSN else numbers)


def n1(walk: Walk) -> None:
    """N1, party: a payer, payee, plan sponsor; in the 834's loop 2750 a reporting category."""
    if walk.value(1) == b"75":
        walk.open_text(2)
        return
    walk.new_record(Subject.PERSON if walk.value(1) in PERSONS else Subject.PROVIDER)
    walk.emit(2, Category.NAME, content.ORGANISATION, part="full", fault=_NAME_FAULT)
    entity_id(walk, 3, 4)


def n2(walk: Walk) -> None:
    """N2, more of a name."""
    for element in (1, 2):
        walk.emit(element, Category.NAME, content.ORGANISATION, part="full", fault=_NAME_FAULT)


def n3(walk: Walk) -> None:
    """N3, street."""
    for element in (1, 2):
        walk.emit(
            element, Category.ADDRESS, content.STREET, part="street",
            fault="text in an address element",
        )  # fmt: skip


def n4(walk: Walk) -> None:
    """N4, city, state, ZIP code; N406 a county or the like."""
    fault = "text in an address element"
    walk.emit(1, Category.ADDRESS, content.CITY, part="city", fault=fault)
    walk.emit(2, Category.ADDRESS, content.STATE, part="state", fault=fault)
    walk.emit(3, Category.ADDRESS, content.ZIP, part="zip", fault=fault)
    walk.emit(6, Category.ADDRESS, content.CITY, fault=fault)


def per(walk: Walk) -> None:
    """PER, a contact's name and numbers: the patient's where the entity in force is one."""
    # In an 835 or 277 the contact under a claim is the payer's.
    payers = walk.set in ("835", "277")
    subject = Subject.PROVIDER if payers else walk.subject
    walk.emit(
        2, Category.NAME, content.ORGANISATION, part="full", subject=subject, fault=_NAME_FAULT
    )
    for element in (4, 6, 8):
        qualifier = walk.value(element - 1)
        if qualifier in _PHONES or qualifier in _CONTACTS:
            category, check, fault = _CONTACTS.get(qualifier, _PHONE)
            walk.emit(element, category, check, subject=subject, fault=fault)
        else:
            walk.open_text(element)


def dmg(walk: Walk) -> None:
    """DMG, demographics: the birth date."""
    walk.emit(
        2, Category.BIRTH_DATE, content.MOMENT, subject=Subject.PERSON,
        fault="text in a date element",
    )  # fmt: skip


def sbr(walk: Walk) -> None:
    """SBR, subscriber information: group number and plan name; a new payer's view begins."""
    if walk.loop == b"HL":
        walk.subject = Subject.PERSON
    else:
        walk.new_record(Subject.PERSON, unnamed=True)
    numbered = content.IDENTIFIER.fullmatch(walk.value(3))
    if numbered:
        walk.emit(3, Category.MEMBER_ID)
    for element in (4,) if numbered else (3, 4):
        # Some write a group's name where its number belongs.
        walk.emit(
        element, Category.NAME, content.ORGANISATION, part="full", subject=Subject.PROVIDER,
        fault=_NAME_FAULT,
    )  # fmt: skip


def pat(walk: Walk) -> None:
    """PAT, patient information: date of death."""
    _death(walk, 6)


def ins(walk: Walk) -> None:
    """INS, a member of the 834 (or their relation in a 271): date of death."""
    if walk.loop == b"INS":
        walk.new_record(Subject.PERSON, unnamed=True)
    _death(walk, 12)


def _death(walk: Walk, element: int) -> None:
    walk.emit(
        element, Category.DEATH_DATE, content.MOMENT, subject=Subject.PERSON,
        fault="text in a date element",
    )  # fmt: skip


def hl(walk: Walk) -> None:
    """HL, a level: subscriber, dependent, patient event and service are about a person."""
    level = walk.value(3)
    if level in (b"22", b"23", b"PT"):
        walk.new_record(Subject.PERSON, unnamed=True)
    else:
        walk.subject = Subject.PERSON if level in (b"EV", b"SS") else Subject.PROVIDER


def lx(walk: Walk) -> None:
    """LX, a service line."""
    walk.back_to_patient()


def about_person(walk: Walk) -> None:
    """Segments after which references and dates are the patient's again."""
    walk.subject = Subject.PERSON


def about_provider(walk: Walk) -> None:
    """Segments after which references and dates are the provider's or payer's."""
    walk.subject = Subject.PROVIDER
