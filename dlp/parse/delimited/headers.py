"""What a column's header says that it holds. Only half of the evidence: values must agree."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from dlp.detect.words import is_given_name, is_word
from dlp.model import Category, Subject

_C = Category


class Named(NamedTuple):
    """A category that a header names.

    Attributes:
        category: The category.
        part: Part of a name or address, or "".
        subject: Whom the column speaks about.
        alone: Whether such a column speaks of persons on its own. Dates, codes, towns and phones
            do only in a table that names somebody.
        vague: Whether the word has other uses ("name" of a product), so that the values must
            look the part.
    """

    category: Category
    part: str = ""
    subject: Subject = Subject.PERSON
    alone: bool = True
    vague: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PERSON: Final = _words(
    "patient pt pat member mbr memb mem subscriber subscr insured bene beneficiary enrollee"
    " dependent guarantor claimant policyholder person employee cardholder recipient client"
    " spouse child responsible"
)
_OTHERS: Final = _words(
    "provider prvdr prov physician phys physn phsyn doctor dr rendering attending referring rfr"
    " rfrg rfrng ordering prescriber prscrbng facility fac hospital hosp clinic payer payor insurer"
    " vendor pharmacy employer company org organization lab laboratory supplier practice staff"
    " operator agent carrier carr npi tin department dept office location site product drug plan"
    " contact manager analyst user sender receiver surgeon operating oprtg atndg"
)
_ONLY_PATIENTS: Final = _words("mrn dob")
"""What no provider has: a facility's MRN is a patient's."""
_CARERS: Final = _words(
    "provider prvdr physician phys doctor dr rendering attending referring ordering prescriber"
    " surgeon operating"
)
_PREMISES: Final = _words(
    "facility fac hospital hosp clinic payer payor insurer pharmacy lab laboratory practice office"
    " location site supplier vendor"
)
_NOT_IDS: Final = _words(
    "count cnt total totals avg average sum pct percent rate amount amt flag ind indicator type"
    " desc description status qty quantity sw version vrsn vers rank ratio paid per days units"
    " yr year month len length"
)
_ID: Final = _words("id ids no num number nbr identifier sk key nr ident uniq code ref reference")
_OTHER_KEYS: Final = _words(
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
    persons = [i for i, word in enumerate(words) if word in _PERSON or word in _ONLY_PATIENTS]
    # "member provider name" is the provider's, "group member id" is the member's.
    return bool(others) and (not persons or others[-1] > persons[-1])


def speaks_of_premises(words: tuple[str, ...]) -> bool:
    """Whether the column is about who has an office with a telephone, and nobody's contact."""
    return bool((_PREMISES | _CARERS) & set(words)) and speaks_of_others(words)


def names_premises(words: tuple[str, ...]) -> bool:
    """Whether the column says which office, site or payer a row is about."""
    return bool(_PREMISES & set(words)) and speaks_of_others(words)


_SHORT_FORMS: Final = _words(
    "dx dob dod dos dt nm nme brth bdate birthdt bday addr adr acct cc dl svc srvc serv admsn"
    " dschrg thru tel phn ph ss ssn soc socsec mbi hicn hic mrn iban vin cpt icd icd9 icd10 dgns"
    " hcpcs ndc rx lname fname mname surname forename fullname zip5 postcode medicaid dcn icn tcn"
    " clm pcn"
)
_TITLE_WORDS: Final = _PERSON | _OTHERS | _CARERS | _NOT_IDS | _ID | _OTHER_KEYS | _SHORT_FORMS
_LONGEST_COUNTER: Final = 3
_FEW_TITLE_WORDS: Final = 3


def is_title(header: str) -> bool:
    """Whether a cell is the name of a column and nothing more: no value, nobody's name."""
    return all(map(_may_title, tokens(header)))


def _may_title(word: str) -> bool:
    if word.isdigit():
        return len(word) <= _LONGEST_COUNTER
    return word in _TITLE_WORDS or (is_word(word) and not is_given_name(word))


def is_state(header: str) -> bool:
    """Whether a column says in which state a person lives."""
    words = tokens(header)
    return bool({"state", "st"} & set(words)) and not speaks_of_others(words)


def read(header: str) -> Named | None:
    """The category that a header names, None for none."""
    words = tokens(header)
    found = _category(words, set(words))
    if found is None:
        return None
    return found._replace(subject=Subject.PROVIDER) if speaks_of_others(words) else found


def _category(words: tuple[str, ...], have: set[str]) -> Named | None:
    clinical = _clinical(have)
    if clinical is not None:
        return clinical
    if have & _NOT_IDS and not have & {"dob", "ssn", "birth", "brth"}:
        return None
    return _date(have) or _name(words, have) or _contact(words, have) or _number(words, have)


_CLINICAL: Final = (
    (_words("dx dx1 diag diagnosis dgns icd icd9 icd10 diagnoses"), _C.DIAGNOSIS),
    (_words("cpt hcpcs prcdr procedure"), _C.PROCEDURE),
    (_words("ndc medication drug rx"), _C.MEDICATION),
)


def _clinical(have: set[str]) -> Named | None:
    if have & _words("amt amount count cnt total paid vrsn version flag ind sw qty yr year"):
        return None
    for names, category in _CLINICAL:
        if have & names and not have & _words("dt date name"):
            return Named(category, alone=False)
    return None


def _date(have: set[str]) -> Named | None:
    if have == {"bd"} or ({"b", "day"} <= have and len(have) <= _FEW_TITLE_WORDS):
        return Named(_C.BIRTH_DATE)
    if have & _words("dob birth brth bth birthdate birthdt bday birthday born bdate"):
        return None if have & _words("place state weight city") else Named(_C.BIRTH_DATE)
    if have & _words("death dod deceased dth"):
        return Named(_C.DEATH_DATE) if have & _words("dt date dod on") else None
    dated = have & _words("dt date dos from thru")
    if "dos" in have or (
        dated
        and have
        & _words(
            "service svc srvc serv from thru admit admission admsn discharge dschrg visit encounter"
        )
    ):
        return Named(_C.SERVICE_DATE, alone=False)
    return None


_INITIALS: Final[dict[tuple[str, ...], str]] = {
    ("l", "name"): "last",
    ("f", "name"): "first",
    ("m", "name"): "middle",
}
_PARTS: Final = (
    (_words("last lname lnm surname srnm family lst lastname maiden"), "last"),
    (_words("first 1st frst fname fnm given gvn firstname forename"), "first"),
    (_words("middle mdl midl mname mi"), "middle"),
)


def _name(words: tuple[str, ...], have: set[str]) -> Named | None:
    named = have & _words("name nm nme names fullname")
    initial = _INITIALS.get(words[-2:]) if len(words) > 1 else None
    if initial:
        return Named(_C.NAME, initial)
    for marks, part in _PARTS:
        # "last" alone is also the last of something; "mi" is also Michigan.
        short = have & _words(
            "lname lnm surname srnm fname fnm gvn lastname firstname forename mname"
        )
        whose = have & _PERSON and have <= marks | _PERSON
        if (
            have & marks
            and (named or short or whose)
            and not have & _words("file business product")
        ):
            return Named(_C.NAME, part)
    if "fullname" in have or (named and have & (_PERSON | _CARERS | {"full"})):
        return Named(_C.NAME, "full")
    if len(words) == 1 and have & (_PERSON - {"child", "client"}):
        return Named(_C.NAME, "full", vague=True)
    alone = len(words) == 1 and (named or have & _CARERS)
    return Named(_C.NAME, "full", vague=True) if alone else None


_CONTACT: Final = (
    (_words("phone telephone tel mobile cell phn ph"), _C.PHONE, ""),
    (_words("fax"), _C.FAX, ""),
    (_words("email"), _C.EMAIL, ""),
    (_words("address addr adr street address1 addr1"), _C.ADDRESS, "street"),
    (_words("city town"), _C.ADDRESS, "city"),
    (_words("zip zipcode postal zip5 postcode"), _C.ADDRESS, "zip"),
    (_words("url website"), _C.URL, ""),
)


def _contact(words: tuple[str, ...], have: set[str]) -> Named | None:
    found = _reach(have)
    return found._replace(alone=True) if found and _at_home(words) else found


def _at_home(words: tuple[str, ...]) -> bool:
    """Whether a telephone or address is at somebody's home: no nursing home's."""
    if "home" not in words and words[:1] != ("h",):
        return False
    place = words.index("home") if "home" in words else 0
    return set(words[:place]) <= _PERSON and words[place + 1 : place + 2] != ("health",)


def _reach(have: set[str]) -> Named | None:
    if {"e", "mail"} <= have or have & _words("email emailaddress"):
        return Named(_C.EMAIL, alone=False)
    if {"ip"} & have and have & _words("address addr"):
        return Named(_C.IP_ADDRESS)
    counted = have & _words("no num number nbr")
    if counted and "home" in have and have <= {"home"} | counted | _PERSON:
        return Named(_C.PHONE, alone=False)
    for names, category, part in _CONTACT:
        if have & names:
            return Named(category, part, alone=False)
    return None


def _number(words: tuple[str, ...], have: set[str]) -> Named | None:  # noqa: PLR0911 - a list of rules
    if _is_ssn(have):
        return Named(_C.SSN)
    if have & _words("mbi hicn hic") or ("medicare" in have and have & _ID):
        return Named(_C.MEDICARE_ID)
    if _is_mrn(words, have):
        return Named(_C.MEDICAL_RECORD_NUMBER)
    if have & _words("iban") or ({"bank", "account"} <= have):
        return Named(_C.BANK_ACCOUNT)
    if have & _words("card cc") and have & (_words("credit debit payment cc pan")):
        return Named(_C.PAYMENT_CARD)
    if have & _words("vin") or ({"license", "plate"} <= have):
        return Named(_C.VEHICLE_ID)
    if have & _words("license licence dl") and have & (_words("driver drivers") | _ID):
        return Named(_C.LICENSE_NUMBER)
    return _account(words, have)


_SSN_WORDS: Final = _words("ss soc social last 4 four")


def _is_ssn(have: set[str]) -> bool:
    if have & _words("ssn ssns ssan ssnum ssnbr socsec"):
        return True
    if {"social", "security"} <= have or (have & {"soc", "social"} and "sec" in have):
        return True
    national = "national" in have and have <= _ID | _PERSON | {"national"}
    short = have & _words("ss soc social") and have <= _ID | _PERSON | _SSN_WORDS
    return bool(short or (national and have & _ID))


def _is_mrn(words: tuple[str, ...], have: set[str]) -> bool:
    if (
        have & _words("mrn medrec")
        or have >= {"med", "rec"}
        or have >= {"med", "record"}
        or {"medical", "record"} <= have
    ):
        return True
    if "chart" in have:
        return bool(have & _ID) or have <= _PERSON | {"chart"}
    return bool(have & {"mr", "emr"}) and bool(have & _ID) and len(words) <= _FEW_TITLE_WORDS


def _account(words: tuple[str, ...], have: set[str]) -> Named | None:
    if not have & _ID:
        return Named(_C.ACCOUNT_NUMBER, vague=True) if words in _BARE_ACCOUNTS else None
    if have & _words("account acct") or {"control", "patient"} <= have:
        return Named(_C.ACCOUNT_NUMBER, vague=True)
    if have & _words("claim clm icn dcn tcn"):
        return Named(_C.CLAIM_NUMBER)
    if have & _words(
        "member mbr memb mem subscriber subscr insured policy medicaid cardholder enrollee"
    ):
        return Named(_C.MEMBER_ID)
    if have & _PERSON:
        return Named(_C.OTHER_ID)
    return None


_BARE_ACCOUNTS: Final = frozenset({("account",), ("acct",), ("pcn",)})
