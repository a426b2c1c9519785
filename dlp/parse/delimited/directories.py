"""Directories of providers and ledgers of accounts: tables whose names are no patient's.

Told by their titles together: ``NPI`` beside ``Specialty``, ``Debit`` beside ``Credit``. One title
that speaks of a patient or of care makes a table one of those.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dlp.model import Category
from dlp.parse.delimited import headers, titlewords
from dlp.parse.terms import terms

_NPI: Final = terms("npi taxonomies taxonomy")
_OF_PROVIDERS: Final = terms(
    "credential credentials specialty speciality taxonomy taxonomies enumeration degree"
)
_LEDGER: Final = terms("debit credit")
_OF_PATIENTS: Final = terms(
    "patient patients pt pat member mbr subscriber insured bene beneficiary enrollee dependent "
    "guarantor claimant policyholder cardholder claim claims clm encounter visit referred"
)
_PATIENTS_OWN: Final = frozenset(
    {
        Category.BIRTH_DATE, Category.DEATH_DATE, Category.SSN, Category.MEDICAL_RECORD_NUMBER,
        Category.MEMBER_ID, Category.MEDICARE_ID, Category.SERVICE_DATE, Category.DIAGNOSIS,
        Category.PROCEDURE, Category.CLAIM_NUMBER, Category.ACCOUNT_NUMBER, Category.OTHER_ID,
    }
)  # fmt: skip


def is_directory(titles: Iterable[str]) -> bool:
    """Whether titles are those of a directory of providers."""
    listed = list(titles)
    words = {word for title in listed for word in titlewords.tokens(title)}
    if not (words & _NPI and words & _OF_PROVIDERS) or words & _OF_PATIENTS:
        return False
    named = (headers.read(title) for title in listed)
    return not any(name and name.category in _PATIENTS_OWN for name in named)


def is_ledger(titles: Iterable[str]) -> bool:
    """Whether titles are those of an accountant's ledger, whose accounts are nobody's."""
    words = {word for title in titles for word in titlewords.tokens(title)}
    return words >= _LEDGER and not words & _OF_PATIENTS
