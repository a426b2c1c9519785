"""What CDA's elements and attributes hold (HL7 CDA R2, and the C-CDA R2.1 implementation guide)."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category
from dlp.parse.terms import terms

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
TELECOM: Final[tuple[tuple[str, Category], ...]] = (
    ("tel:", _C.PHONE), ("fax:", _C.FAX), ("mailto:", _C.EMAIL), ("http", _C.URL),
)  # fmt: skip
DATES: Final = terms("effectiveTime time low high center birthTime deceasedTime value")
TYPED: Final = terms(
    "classCode moodCode typeCode code codeSystem codeSystemName codeSystemVersion root nullFlavor "
    "unit type use ID styleCode determinerCode negationInd inversionInd contextConductionInd "
    "institutionSpecified operator mediaType representation extension language partType align "
    "border cellpadding cellspacing colspan rowspan width valign schemaLocation xmlns listType "
    "referencedObject IDREF href sdtc valueSet sdc typeId independentInd contextControlCode "
    "assigningAuthorityName"
)
"""Attributes of the types cs, uid, oid, bl, and of the narrative's layout."""
CODE: Final = re.compile(
    r"[A-Z0-9_.-]{1,12}|(?=[^0-9]{0,12}[0-9])[A-Za-z0-9._+/#%-]{1,64}|[a-z]{1,12}|true|false"
    r"|[A-Z][a-z]{1,12}(?:[A-Z][a-z]{1,12}){0,3}"
)
"""What fits a typed attribute: codes, OIDs, UUIDs, references."""
DATE: Final = re.compile(r"(?:19|20)[0-9]{2}(?:[0-9]{2}){0,5}(?:\.[0-9]+)?(?:[+-][0-9]{4})?")
NARRATIVE_INLINE: Final = terms(
    "content sub sup linkHtml renderMultiMedia footnoteRef br b i u em strong span a"
)
"""Elements of the narrative block that don't end a line of text (CDA R2 section 4.3.5)."""
