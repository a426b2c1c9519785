"""What CDA's elements and attributes hold (HL7 CDA R2, and the C-CDA R2.1 implementation guide)."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category
from dlp.parse.misplaced import is_somebodys
from dlp.parse.terms import terms
from dlp.parse.xmlevents import Attribute

_C: Final = Category

STAFF: Final = terms(
    "assignedAuthor assignedEntity assignedCustodian assignedPerson representedOrganization "
    "representedCustodianOrganization providerOrganization scopingOrganization intendedRecipient "
    "informationRecipient receivedOrganization serviceProviderOrganization healthCareFacility "
    "legalAuthenticator authenticator dataEnterer author custodian performer encompassingEncounter "
    "participantRole manufacturedProduct playingDevice"
)
"""Elements inside which persons and places are providers', payers' and staff's."""
PERSONS: Final = terms("patientRole guardian associatedEntity relatedEntity relatedSubject subject")
"""Elements inside which they are patients and their people again."""
NAMES: Final = {"given": "first", "family": "last", "suffix": "suffix"}
ADDRESS: Final = {
    "streetAddressLine": "street", "houseNumber": "street", "streetName": "street",
    "city": "city", "state": "state", "postalCode": "zip",
}  # fmt: skip
IDS: Final = {
    "2.16.840.1.113883.4.1": _C.SSN, "2.16.840.1.113883.4.572": _C.MEDICARE_ID,
    "2.16.840.1.113883.4.927": _C.MEDICARE_ID,
}  # fmt: skip
"""Roots of instance identifiers; a state's driving licences are below 2.16.840.1.113883.4.3."""
LICENCES: Final = "2.16.840.1.113883.4.3."
NPI: Final = "2.16.840.1.113883.4.6"
SYSTEMS: Final = {
    "2.16.840.1.113883.6.90": ("icd10cm", _C.DIAGNOSIS),
    "2.16.840.1.113883.6.103": ("icd9cm", _C.DIAGNOSIS),
    "2.16.840.1.113883.6.4": ("icd10pcs", _C.PROCEDURE),
    "2.16.840.1.113883.6.104": ("icd9pcs", _C.PROCEDURE),
    "2.16.840.1.113883.6.96": ("snomed", _C.DIAGNOSIS),
    "2.16.840.1.113883.6.1": ("loinc", _C.PROCEDURE),
    "2.16.840.1.113883.6.88": ("rxnorm", _C.MEDICATION),
    "2.16.840.1.113883.6.69": ("ndc", _C.MEDICATION),
    "2.16.840.1.113883.6.12": ("cpt", _C.PROCEDURE),
    "2.16.840.1.113883.6.285": ("hcpcs", _C.PROCEDURE),
    "2.16.840.1.113883.6.14": ("hcpcs", _C.PROCEDURE),
}  # fmt: skip
LOINC: Final = "2.16.840.1.113883.6.1"
LOINC_CODE: Final = re.compile(r"[0-9]{1,5}-[0-9]")
TELECOM: Final[tuple[tuple[str, Category], ...]] = (
    ("tel:", _C.PHONE), ("fax:", _C.FAX), ("mailto:", _C.EMAIL), ("http", _C.URL),
)  # fmt: skip
DATES: Final = terms("effectiveTime time low high center birthTime deceasedTime value")
OIDS: Final = terms("root codeSystem sdtc valueSet")
_OID: Final = re.compile(
    r"[0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,30}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
)
"""Types uid and oid: object identifiers and UUIDs."""
WORDS: Final = terms(
    "classCode moodCode typeCode code nullFlavor unit type use determinerCode negationInd operator "
    "inversionInd contextConductionInd institutionSpecified representation extension partType "
    "align border cellpadding cellspacing colspan rowspan width valign listType contextControlCode "
    "independentInd language codeSystemVersion styleCode mediaType ID IDREF referencedObject href"
)
_WORD: Final = re.compile(
    r"[A-Z]{1,6}|[a-z]{1,10}|[0-9]{1,6}%?|true|false|[0-9]{1,6}-[0-9]|[A-Z][0-9][0-9A-Z.]{1,6}|"
    r"[0-9.]{1,8}(?:px|em|pt)|[a-z]{2}-[A-Z]{2}|(?:application|text|image)/[a-z.+-]{2,40}|"
    r"POCD_[A-Z0-9]{8}|[LR]rule|Botrule|Toprule|Bold|Italics|Underline|Emphasis|xRowGroup"
)
"""Type cs and the like: short codes of the standard's own vocabularies."""


_CODE: Final = re.compile(r"[A-Za-z0-9.:|-]{1,40}")


def fits(name: str, text: str) -> bool:
    """Whether an attribute's value is what its type allows and too little to name anybody."""
    if name in OIDS:
        return bool(_OID.fullmatch(text))
    return name in WORDS and bool(_WORD.fullmatch(text))


def system(code: str, named: Attribute | None) -> str:
    """The code system that a code is of; "" for one that isn't known, or for what is no code."""
    known = named is not None and named.text in SYSTEMS
    fits = _CODE.fullmatch(code) and not is_somebodys(code)
    return named.text if known and fits and named else ""


DATE: Final = re.compile(r"(?:19|20)[0-9]{2}(?:[0-9]{2}){0,5}(?:\.[0-9]+)?(?:[+-][0-9]{4})?")
NARRATIVE_INLINE: Final = terms(
    "content sub sup linkHtml renderMultiMedia footnoteRef br b i u em strong span a"
)
"""Elements of the narrative block that don't end a line of text (CDA R2 section 4.3.5)."""
