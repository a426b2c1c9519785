"""Segments that carry numbers: claims, accounts, policies, records, traces, payments."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category, Subject
from dlp.parse.x12 import content
from dlp.parse.x12.people import entity_id
from dlp.parse.x12.walk import Walk

PERSONS: Final = {
    **dict.fromkeys(b"1W 0F 1L IG 6P 23 Q4 HJ GH NQ 49 A6 1V".split(), Category.MEMBER_ID),
    **dict.fromkeys(b"F8 1K D9 9A 9C 9B 9D Y4".split(), Category.CLAIM_NUMBER),
    **dict.fromkeys(b"G1 9F G3 G4 XZ VY 3H 6O ABB".split(), Category.OTHER_ID),
    b"F6": Category.MEDICARE_ID,
    b"EA": Category.MEDICAL_RECORD_NUMBER,
    b"EJ": Category.ACCOUNT_NUMBER,
    b"VI": Category.VEHICLE_ID,
}
"""REF01 whose REF02 is the patient's or the claim's, whoever is in force.

(F6 before 5010 and F6 in the 834: the old Medicare number, an SSN with a suffix.)
"""
_MEMBERS: Final = frozenset(b"17 4A D3 DX QQ ZZ P5 P6 14 E8 RB X9 XM XX1 XX2 ZX".split())
"""REF01 of the 834's member and coverage loops: employee, PIN, department, unit, agreed."""

_OTHERS: Final = frozenset(
    b"EI TJ 0B 1A 1B 1C 1D 1G 1H 1J G2 G5 LU 2U FY NF HPI HPID X4 F4 EW B3 BQ FH U3 X5 N5 D3 EO "
    b"FI 6R 87 4N F5 P4 BT LX BLT BB 38 EV F2 PQ CE CT APC NS 1S 0K PXC OB 18 N6 M7 SU IF 9V "
    b"9E 55 NP E9 F1 CU DY M2 1E 1F TT LD ICN PID 5H 4M EB AHB 0W DB IV PO 72 D8".split()
)
"""REF01 of providers, payers, plans and of the software: checked as an identifier and no more."""


_WORD: Final = re.compile(rb"[A-Za-z]{3}|[\x80-\xff]")


def ref(walk: Walk) -> None:
    """REF, reference identification; a number of no known kind is read as text."""
    qualifier = walk.value(1)
    if qualifier == b"SY":
        # In a remittance the SSN under a claim is the patient's, after a provider's name too.
        subject = Subject.PERSON if walk.loop in (b"CLP", b"INS") else walk.subject
        walk.emit(2, Category.SSN, content.SSN, subject=subject)
    elif qualifier in PERSONS:
        walk.emit(2, PERSONS[qualifier], content.NUMBER, subject=Subject.PERSON)
    elif qualifier in _MEMBERS and walk.loop == b"INS":
        _members(walk)
    elif qualifier in _OTHERS:
        _others(walk)
    else:
        walk.open_text(2)


def _members(walk: Walk) -> None:
    """What an employer keeps of a member: a number, or the words for a department or class."""
    if content.IDENTIFIER.fullmatch(walk.value(2)):
        walk.emit(2, Category.OTHER_ID, subject=Subject.PERSON)
    else:
        walk.open_text(2)


def _others(walk: Walk) -> None:
    """The number of somebody who is no patient; words may stand there, and may be a name."""
    value = walk.value(2)
    if content.LABEL.fullmatch(value) and not content.NOBODYS_NUMBER.fullmatch(value):
        walk.open_text(2)
    else:
        walk.emit(2, None, content.NOBODYS_NUMBER)


def trn(walk: Walk) -> None:
    """TRN, trace: a claim's in 276 and 277, the account's in 277CA, else a payment's or ours."""
    category = None
    if walk.subject is Subject.PERSON:
        if walk.name == "277CA":
            category = Category.ACCOUNT_NUMBER
        elif walk.set in ("276", "277", "275"):
            category = Category.CLAIM_NUMBER
    walk.emit(2, category, content.IDENTIFIER if category else content.NOBODYS)


def clm(walk: Walk) -> None:
    """CLM, a claim: the patient control number."""
    walk.back_to_patient()
    walk.emit(1, Category.ACCOUNT_NUMBER, content.IDENTIFIER)


def clp(walk: Walk) -> None:
    """CLP, a paid claim: the provider's and the payer's number for it, and its DRG."""
    walk.new_record(Subject.PERSON, unnamed=True)
    walk.emit(1, Category.ACCOUNT_NUMBER, content.IDENTIFIER)
    walk.emit(7, Category.CLAIM_NUMBER, content.IDENTIFIER)
    walk.emit(11, Category.DIAGNOSIS, content.CODE, part="drg", fault="text in a coded element")


def plb(walk: Walk) -> None:
    """PLB, provider adjustment: its reference often holds a patient's account or name."""
    walk.subject = Subject.PROVIDER
    for element in range(3, min(len(walk.elements), 14), 2):
        for repetition, start, parts in walk.composites(element):
            if len(parts) > 1:
                walk.text_at(parts[1], start + len(parts[0]) + 1, (element, 2, repetition))


def bpr(walk: Walk) -> None:
    """BPR, payment order: the bank accounts of payer and payee."""
    for element in (9, 15, 21):
        walk.emit(element, Category.BANK_ACCOUNT, content.NOBODYS, subject=Subject.PROVIDER)


def bht(walk: Walk) -> None:
    """BHT, beginning: the sender's number of the file, or words where a number belongs.

    A bare number is not looked up among the claims' numbers: small senders put one claim in a
    file and give both the same.
    """
    if _WORD.search(walk.value(3)):
        walk.open_text(3)
    else:
        walk.emit(3, None, content.NOBODYS)


def bgn(walk: Walk) -> None:
    """BGN, beginning: the sender's number of the file."""
    walk.emit(2, None, content.NOBODYS)


def ent(walk: Walk) -> None:
    """ENT, entity: the organisation or (2J) the individual a premium is for."""
    person = walk.value(2) == b"2J"
    walk.new_record(Subject.PERSON if person else Subject.PROVIDER, unnamed=person)
    entity_id(walk, 3, 4)
    entity_id(walk, 6, 7)


def rmr(walk: Walk) -> None:
    """RMR, remittance reference: a person's policy or account where one is in force."""
    kinds = {b"AZ": Category.MEMBER_ID, b"11": Category.ACCOUNT_NUMBER}
    personal = walk.subject is Subject.PERSON
    category = kinds.get(walk.value(1), Category.OTHER_ID) if personal else None
    walk.emit(2, category, content.IDENTIFIER)


def adx(walk: Walk) -> None:
    """ADX, adjustment of a premium: its reference."""
    walk.emit(4, None, content.NOBODYS)


def hcr(walk: Walk) -> None:
    """HCR, health care services review: the authorisation's number."""
    walk.emit(2, Category.OTHER_ID, content.IDENTIFIER, subject=Subject.PERSON)


def cob(walk: Walk) -> None:
    """COB, coordination of benefits: the member's policy with another payer."""
    walk.subject = Subject.PERSON
    walk.emit(2, Category.MEMBER_ID, content.IDENTIFIER)


def act(walk: Walk) -> None:
    """ACT, account of a third-party administrator in the 834."""
    walk.emit(1, None, content.NOBODYS)
