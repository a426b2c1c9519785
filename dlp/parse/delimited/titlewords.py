"""The words of a column's header: whom they speak of, and whether they are a title at all."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from dlp.detect.words import is_given_name, is_word, vocabulary

PERSON: Final = vocabulary(
    "patient pt pat member mbr memb mem subscriber subscr insured bene beneficiary enrollee"
    " dependent guarantor claimant policyholder person employee cardholder recipient client"
    " spouse child responsible"
)
_OTHERS: Final = vocabulary(
    "provider prvdr prov physician phys physn phsyn doctor dr rendering attending referring rfr"
    " rfrg rfrng ordering prescriber prscrbng facility fac hospital hosp clinic payer payor insurer"
    " vendor pharmacy employer company org organization lab laboratory supplier practice staff"
    " operator agent carrier carr npi tin department dept office location site product drug plan"
    " contact manager analyst user sender receiver surgeon operating oprtg atndg"
)
_ONLY_PATIENTS: Final = vocabulary("mrn dob")
"""What no provider has: a facility's MRN is a patient's."""
CARERS: Final = vocabulary(
    "provider prvdr physician phys doctor dr rendering attending referring ordering prescriber"
    " surgeon operating"
)
_PREMISES: Final = vocabulary(
    "facility fac hospital hosp clinic payer payor insurer pharmacy lab laboratory practice office"
    " location site supplier vendor"
)
NOT_IDS: Final = vocabulary(
    "count cnt total totals avg average sum pct percent rate amount amt flag ind indicator type"
    " desc description status qty quantity sw version vrsn vers rank ratio paid per days units"
    " yr year month len length"
)
ID: Final = vocabulary(
    "id ids no num number nbr identifier sk key nr ident uniq code ref reference"
)
_OTHER_KEYS: Final = vocabulary(
    "invoice check chk order batch trace npi tin ein zip routing aba ndc po contract site store"
    " product item lot serial group grp gl ledger unit units amount amt total count"
)
"""Words of numbers that aren't persons': evidence against bare nine digits being SSNs."""

_SPLIT: Final = re.compile(
    r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])|(?<=[A-Za-z])(?=\d)"
)
"""Borders of words: ``SSNumber`` has two, ``patientIDs`` as well."""


@lru_cache(maxsize=2_000)
def tokens(header: str) -> tuple[str, ...]:
    """The words of a header: ``BENE_LAST_NAME`` and ``beneLastName`` alike."""
    written = header[:200].replace("#", " number ").replace("DoB", "DOB")
    return tuple(word.lower() for word in _SPLIT.split(written) if word)


def is_other_key(words: tuple[str, ...]) -> bool:
    """Whether the header names a number of something that isn't a person."""
    return bool(_OTHER_KEYS & set(words))


def speaks_of_others(words: tuple[str, ...]) -> bool:
    """Whether the column is about a provider, payer, product or place."""
    others = [i for i, word in enumerate(words) if word in _OTHERS]
    persons = [i for i, word in enumerate(words) if word in PERSON or word in _ONLY_PATIENTS]
    # "member provider name" is the provider's, "group member id" is the member's.
    return bool(others) and (not persons or others[-1] > persons[-1])


def speaks_of_premises(words: tuple[str, ...]) -> bool:
    """Whether the column is about who has an office with a telephone, and nobody's contact."""
    return bool((_PREMISES | CARERS) & set(words)) and speaks_of_others(words)


def names_premises(words: tuple[str, ...]) -> bool:
    """Whether the column says which office, site or payer a row is about."""
    return bool(_PREMISES & set(words)) and speaks_of_others(words)


_SHORT_FORMS: Final = vocabulary(
    "dx dob dod dos dt nm nme brth bdate birthdt bday addr adr acct cc dl svc srvc serv admsn"
    " dschrg thru tel phn ph ss ssn soc socsec mbi hicn hic mrn iban vin cpt icd icd9 icd10 dgns"
    " hcpcs ndc rx lname fname mname surname forename fullname zip5 postcode medicaid dcn icn tcn"
    " clm pcn"
)
_TITLE_WORDS: Final = PERSON | _OTHERS | CARERS | NOT_IDS | ID | _OTHER_KEYS | _SHORT_FORMS
_LONGEST_COUNTER: Final = 3


def is_title(header: str) -> bool:
    """Whether a cell is the name of a column and nothing more: no value, nobody's name."""
    return all(map(_may_title, tokens(header)))


def _may_title(word: str) -> bool:
    if word.isdigit():
        return len(word) <= _LONGEST_COUNTER
    return word in _TITLE_WORDS or (is_word(word) and not is_given_name(word))
