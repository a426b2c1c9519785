"""What FHIR's data types and elements hold (R4 sections 2.24 and 8, R5 likewise)."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category
from dlp.parse.terms import terms

_C: Final = Category

STAFF: Final = terms(
    "Practitioner PractitionerRole Organization OrganizationAffiliation Location HealthcareService "
    "Endpoint InsurancePlan"
)
"""Resources that speak of providers and payers."""
STAFF_NAMES: Final = STAFF | terms(
    "practitioner organization managingOrganization serviceProvider insurer generalPractitioner "
    "custodian facility location provider participatingOrganization ownedBy administeredBy issuer"
)
"""What a reference points to, or the element that it is, where its display is a provider's name;
an author, a performer or a payor may be the patient."""
IMPERSONAL: Final = terms(
    "Bundle CapabilityStatement CodeSystem CompartmentDefinition ConceptMap GraphDefinition "
    "ImplementationGuide MessageDefinition NamingSystem OperationDefinition OperationOutcome "
    "SearchParameter StructureDefinition StructureMap TerminologyCapabilities ValueSet "
    "ActivityDefinition ChargeItemDefinition EventDefinition Library Measure ObservationDefinition "
    "PlanDefinition Questionnaire SpecimenDefinition SubstanceDefinition Medication Substance"
)
"""Resources about nobody: their dates are no person's, and their publishers' contacts neither."""
STAFF_ELEMENTS: Final = terms(
    "author performer practitioner provider requester recorder asserter attender organization "
    "managingOrganization serviceProvider payor insurer generalPractitioner custodian facility "
    "location publisher careTeam interpreter enterer prescription"
)
"""Elements whose references and names are those of providers, payers and staff."""

SYSTEMS: Final[tuple[tuple[str, str, Category], ...]] = (
    ("hl7.org/fhir/sid/icd-10-cm", "icd10cm", _C.DIAGNOSIS),
    ("hl7.org/fhir/sid/icd-10", "icd10cm", _C.DIAGNOSIS),
    ("hl7.org/fhir/sid/icd-9-cm", "icd9cm", _C.DIAGNOSIS),
    ("www.cms.gov/Medicare/Coding/ICD10", "icd10pcs", _C.PROCEDURE),
    ("snomed.info/sct", "snomed", _C.DIAGNOSIS),
    ("loinc.org", "loinc", _C.PROCEDURE),
    ("www.nlm.nih.gov/research/umls/rxnorm", "rxnorm", _C.MEDICATION),
    ("hl7.org/fhir/sid/ndc", "ndc", _C.MEDICATION),
    ("www.ama-assn.org/go/cpt", "cpt", _C.PROCEDURE),
    ("www.cms.gov/Medicare/Coding/HCPCS", "hcpcs", _C.PROCEDURE),
    ("terminology.hl7.org/CodeSystem/HCPCS", "hcpcs", _C.PROCEDURE),
    ("www.ada.org/cdt", "cdt", _C.PROCEDURE),
)
"""Part of a Coding's system to our name of it and what its codes are."""

IDENTIFIERS: Final[dict[str, Category]] = {
    "MR": _C.MEDICAL_RECORD_NUMBER, "PI": _C.MEDICAL_RECORD_NUMBER, "SS": _C.SSN, "SB": _C.SSN,
    "MC": _C.MEDICARE_ID, "MB": _C.MEMBER_ID, "MA": _C.MEMBER_ID, "SN": _C.MEMBER_ID,
    "AN": _C.ACCOUNT_NUMBER, "DL": _C.LICENSE_NUMBER, "PPN": _C.LICENSE_NUMBER,
    "UDI": _C.DEVICE_ID, "SNO": _C.DEVICE_ID,
}  # fmt: skip
"""Identifier.type codes (v2 table 0203)."""
IDENTIFIER_SYSTEMS: Final[tuple[tuple[str, Category], ...]] = (
    ("us-ssn", _C.SSN), ("2.16.840.1.113883.4.1", _C.SSN), ("us-mbi", _C.MEDICARE_ID),
    ("us-medicare", _C.MEDICARE_ID), ("mrn", _C.MEDICAL_RECORD_NUMBER),
    ("2.16.840.1.113883.4.3.", _C.LICENSE_NUMBER),
)  # fmt: skip
"""Part of an Identifier's system to what its values are; an NPI is nobody's secret."""
NPI_SYSTEMS: Final = ("us-npi", "2.16.840.1.113883.4.6")

CONTACTS: Final[dict[str, Category]] = {
    "phone": _C.PHONE, "sms": _C.PHONE, "pager": _C.PHONE, "fax": _C.FAX, "email": _C.EMAIL,
    "url": _C.URL,
}  # fmt: skip
ADDRESS: Final[dict[str, str]] = {
    "line": "street", "city": "city", "state": "state", "postalCode": "zip", "text": "street",
}  # fmt: skip
PLACES: Final[dict[str, re.Pattern[str]]] = {
    "street": re.compile(r"(?s)(?!.*\d{3}[ -]?\d\d[ -]?\d{4}).{1,120}"),
    "city": re.compile(r"[^@\d]{1,40}"),
    "state": re.compile(r"[^@\d]{1,30}"),
    "zip": re.compile(r"(?!\d{3}-\d\d-\d{4})[A-Za-z0-9][A-Za-z0-9 -]{1,9}"),
}
"""What is no more than a provider's place; anything else there is text."""
DATES: Final[dict[str, Category]] = {
    "birthDate": _C.BIRTH_DATE, "deceasedDateTime": _C.DEATH_DATE,
}  # fmt: skip
KEYS: Final = terms("id reference")
"""A resource's own id, and another's that is pointed to."""
CODES: Final = terms(
    "resourceType status use gender system code type language unit kind intent priority mode "
    "version versionId profile url fullUrl contentType comparator valueCode valueUri valueUrl "
    "valueCanonical method relation source action subsumption operator mimeType rank preference "
    "verificationStatus clinicalStatus criticality severity category import definition valueSet "
    "baseDefinition targetProfile supportedProfile instantiatesCanonical questionnaire derivedFrom"
)
"""Elements of the primitive types code, uri, url and canonical."""
ID: Final = re.compile(
    r"(?:#|urn:uuid:|[A-Z][A-Za-z]{2,40}/)?(?=[^0-9]{0,20}[0-9])[A-Za-z0-9.-]{1,64}"
)
CODE: Final = re.compile(
    r"[a-z][a-z0-9_-]{0,39}|[A-Z0-9_-]{1,6}|(?=[^0-9]{0,9}[0-9])[A-Za-z0-9][A-Za-z0-9.+/_-]{0,29}"
    r"|[A-Z][a-z]{2,20}(?:[A-Z][a-z]{2,20}){0,4}|[<>=]{1,2}|[a-z]+/[a-z0-9.+;= -]+"
    r"|[a-z]{2}-[A-Z]{2}"
)
"""Codes and type names. A word in capitals longer than six may be anybody's name."""
URI: Final = re.compile(
    r"urn:(?:oid:[0-9.]+|uuid:[0-9a-fA-F-]+)"
    r"|(?!\S*/(?:Patient|Person|RelatedPerson)/[A-Za-z][A-Za-z._%+-]{2,}(?:[/?#]|\Z))"
    r"(?!\S*(?:[0-9]{7}|[0-9]{3}-[0-9]{2}-[0-9]{4}))(?:https?://[\w./#|:,%~+()-]+|urn:[\w.:-]+)"
)
"""Names of systems, profiles and resources. One with a query, a long number or an SSN is text, and
so is one of a person whose id has letters alone."""
DATE: Final = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T[0-9:.]{2,15}(?:Z|[+-]\d\d:\d\d)?)?)?)?")
BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\s\\nr]{8,}")
