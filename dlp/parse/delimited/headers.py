"""What a column's header says that it holds. Only half of the evidence: values must agree."""

from __future__ import annotations

from typing import Final, NamedTuple

from dlp.detect.words import vocabulary
from dlp.model import Category, Subject
from dlp.parse.delimited.titlewords import (
    CARERS,
    ID,
    NOT_IDS,
    PERSON,
    speaks_of_others,
    tokens,
)

_C = Category
_FEW_WORDS: Final = 3


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
    if have & NOT_IDS and not have & {"dob", "ssn", "birth", "brth"}:
        return None
    return _date(have) or _name(words, have) or _contact(words, have) or _number(words, have)


_CLINICAL: Final = (
    (vocabulary("dx dx1 diag diagnosis dgns icd icd9 icd10 diagnoses"), _C.DIAGNOSIS),
    (vocabulary("cpt hcpcs prcdr procedure"), _C.PROCEDURE),
    (vocabulary("ndc medication drug rx"), _C.MEDICATION),
)


def _clinical(have: set[str]) -> Named | None:
    if have & vocabulary("amt amount count cnt total paid vrsn version flag ind sw qty yr year"):
        return None
    for names, category in _CLINICAL:
        if have & names and not have & vocabulary("dt date name"):
            return Named(category, alone=False)
    return None


def _date(have: set[str]) -> Named | None:
    if have == {"bd"} or ({"b", "day"} <= have and len(have) <= _FEW_WORDS):
        return Named(_C.BIRTH_DATE)
    if have & vocabulary("dob birth brth bth birthdate birthdt bday birthday born bdate"):
        return None if have & vocabulary("place state weight city") else Named(_C.BIRTH_DATE)
    if have & vocabulary("death dod deceased dth"):
        return Named(_C.DEATH_DATE) if have & vocabulary("dt date dod on") else None
    dated = have & vocabulary("dt date dos from thru")
    if "dos" in have or (
        dated
        and have
        & vocabulary(
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
    (vocabulary("last lname lnm surname srnm family lst lastname maiden"), "last"),
    (vocabulary("first 1st frst fname fnm given gvn firstname forename"), "first"),
    (vocabulary("middle mdl midl mname mi"), "middle"),
)


def _name(words: tuple[str, ...], have: set[str]) -> Named | None:
    named = have & vocabulary("name nm nme names fullname")
    initial = _INITIALS.get(words[-2:]) if len(words) > 1 else None
    if initial:
        return Named(_C.NAME, initial)
    for marks, part in _PARTS:
        # "last" alone is also the last of something; "mi" is also Michigan.
        short = have & vocabulary(
            "lname lnm surname srnm fname fnm gvn lastname firstname forename mname"
        )
        whose = have & PERSON and have <= marks | PERSON
        if (
            have & marks
            and (named or short or whose)
            and not have & vocabulary("file business product")
        ):
            return Named(_C.NAME, part)
    if "fullname" in have or (named and have & (PERSON | CARERS | {"full"})):
        return Named(_C.NAME, "full")
    if len(words) == 1 and have & (PERSON - {"child", "client"}):
        return Named(_C.NAME, "full", vague=True)
    alone = len(words) == 1 and (named or have & CARERS)
    return Named(_C.NAME, "full", vague=True) if alone else None


_CONTACT: Final = (
    (vocabulary("phone telephone tel mobile cell phn ph"), _C.PHONE, ""),
    (vocabulary("fax"), _C.FAX, ""),
    (vocabulary("email"), _C.EMAIL, ""),
    (vocabulary("address addr adr street address1 addr1"), _C.ADDRESS, "street"),
    (vocabulary("city town"), _C.ADDRESS, "city"),
    (vocabulary("zip zipcode postal zip5 postcode"), _C.ADDRESS, "zip"),
    (vocabulary("url website"), _C.URL, ""),
)


def _contact(words: tuple[str, ...], have: set[str]) -> Named | None:
    found = _reach(have)
    return found._replace(alone=True) if found and _at_home(words) else found


def _at_home(words: tuple[str, ...]) -> bool:
    """Whether a telephone or address is at somebody's home: no nursing home's."""
    if "home" not in words and words[:1] != ("h",):
        return False
    place = words.index("home") if "home" in words else 0
    return set(words[:place]) <= PERSON and words[place + 1 : place + 2] != ("health",)


def _reach(have: set[str]) -> Named | None:
    if {"e", "mail"} <= have or have & vocabulary("email emailaddress"):
        return Named(_C.EMAIL, alone=False)
    if {"ip"} & have and have & vocabulary("address addr"):
        return Named(_C.IP_ADDRESS)
    counted = have & vocabulary("no num number nbr")
    if counted and "home" in have and have <= {"home"} | counted | PERSON:
        return Named(_C.PHONE, alone=False)
    for names, category, part in _CONTACT:
        if have & names:
            return Named(category, part, alone=False)
    return None


def _number(words: tuple[str, ...], have: set[str]) -> Named | None:  # noqa: PLR0911 - a list of rules
    if _is_ssn(have):
        return Named(_C.SSN)
    if have & vocabulary("mbi hicn hic") or ("medicare" in have and have & ID):
        return Named(_C.MEDICARE_ID)
    if _is_mrn(words, have):
        return Named(_C.MEDICAL_RECORD_NUMBER)
    if have & vocabulary("iban") or ({"bank", "account"} <= have):
        return Named(_C.BANK_ACCOUNT)
    if have & vocabulary("card cc") and have & (vocabulary("credit debit payment cc pan")):
        return Named(_C.PAYMENT_CARD)
    if have & vocabulary("vin") or ({"license", "plate"} <= have):
        return Named(_C.VEHICLE_ID)
    if have & vocabulary("license licence dl") and have & (vocabulary("driver drivers") | ID):
        return Named(_C.LICENSE_NUMBER)
    return _account(words, have)


_SSN_WORDS: Final = vocabulary("ss soc social last 4 four")


def _is_ssn(have: set[str]) -> bool:
    if have & vocabulary("ssn ssns ssan ssnum ssnbr socsec"):
        return True
    if {"social", "security"} <= have or (have & {"soc", "social"} and "sec" in have):
        return True
    national = "national" in have and have <= ID | PERSON | {"national"}
    short = have & vocabulary("ss soc social") and have <= ID | PERSON | _SSN_WORDS
    return bool(short or (national and have & ID))


def _is_mrn(words: tuple[str, ...], have: set[str]) -> bool:
    if (
        have & vocabulary("mrn medrec")
        or have >= {"med", "rec"}
        or have >= {"med", "record"}
        or {"medical", "record"} <= have
    ):
        return True
    if "chart" in have:
        return bool(have & ID) or have <= PERSON | {"chart"}
    return bool(have & {"mr", "emr"}) and bool(have & ID) and len(words) <= _FEW_WORDS


def _account(words: tuple[str, ...], have: set[str]) -> Named | None:
    if not have & ID:
        return Named(_C.ACCOUNT_NUMBER, vague=True) if words in _BARE_ACCOUNTS else None
    if have & vocabulary("account acct") or {"control", "patient"} <= have:
        return Named(_C.ACCOUNT_NUMBER, vague=True)
    if have & vocabulary("claim clm icn dcn tcn"):
        return Named(_C.CLAIM_NUMBER)
    if have & vocabulary(
        "member mbr memb mem subscriber subscr insured policy medicaid cardholder enrollee"
    ):
        return Named(_C.MEMBER_ID)
    if have & PERSON:
        return Named(_C.OTHER_ID)
    return None


_BARE_ACCOUNTS: Final = frozenset({("account",), ("acct",), ("pcn",)})
