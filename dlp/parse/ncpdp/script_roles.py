"""What SCRIPT's elements hold (NCPDP SCRIPT 10.6 and 2017071 on, which differ in names alone)."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category
from dlp.parse.misplaced import has_ssn
from dlp.parse.terms import terms

_C: Final = Category

STAFF: Final = terms(
    "Pharmacy Pharmacist Prescriber Supervisor FollowUpPrescriber Facility Provider Agent "
    "PrescriberAgent OrderingProvider AttendingPhysician Veterinarian NonVeterinarian Sender "
    "Receiver SenderSoftware To From PayerIdentification ServiceProvider AdministeringProvider"
)
"""Elements inside which names, numbers and places are providers', payers' and staff's."""
PERSONS: Final = terms(
    "Patient HumanPatient CardHolderName Cardholder ResponsibleParty PatientContact NextOfKin "
    "EmergencyContact AlternateContact"
)
"""Elements inside which they are patients' and their people's again."""
NAMES: Final = {
    "LastName": "last", "FirstName": "first", "MiddleName": "middle", "Suffix": "suffix",
    "BusinessName": "full", "FacilityName": "full", "ClinicName": "full", "StoreName": "full",
    "PharmacyName": "full", "OrganizationName": "full",
}  # fmt: skip
ADDRESS: Final = {
    "AddressLine1": "street", "AddressLine2": "street", "City": "city", "State": "state",
    "StateProvince": "state", "ZipCode": "zip", "PostalCode": "zip",
}  # fmt: skip
IDS: Final = {
    "SocialSecurity": _C.SSN, "MedicareNumber": _C.MEDICARE_ID, "HIN": _C.MEDICARE_ID,
    "MedicaidNumber": _C.MEMBER_ID, "CardholderID": _C.MEMBER_ID, "CardHolderID": _C.MEMBER_ID,
    "PBMMemberID": _C.MEMBER_ID, "MutuallyDefined": _C.OTHER_ID, "GroupID": _C.OTHER_ID,
    "PatientAccountNumber": _C.ACCOUNT_NUMBER, "FileID": _C.MEDICAL_RECORD_NUMBER,
    "MedicalRecordIdentificationNumberEHR": _C.MEDICAL_RECORD_NUMBER,
    "MedicalRecordIdentificationNumberPlan": _C.MEDICAL_RECORD_NUMBER,
    "DriversLicense": _C.LICENSE_NUMBER, "DriversLicenseNumber": _C.LICENSE_NUMBER,
    "PassportNumber": _C.LICENSE_NUMBER, "DEANumber": _C.LICENSE_NUMBER,
    "StateLicenseNumber": _C.LICENSE_NUMBER, "ElectronicMail": _C.EMAIL, "Email": _C.EMAIL,
    "PriorAuthorization": _C.OTHER_ID, "PriorAuthorizationValue": _C.OTHER_ID,
    "RxReferenceNumber": _C.OTHER_ID, "PrescriberOrderNumber": _C.OTHER_ID,
    "SerialNumber": _C.DEVICE_ID,
}  # fmt: skip
"""Elements whose text is a number of somebody."""
NUMBERS: Final = {"Fax": _C.FAX, "FaxNumber": _C.FAX, "FaxTelephone": _C.FAX}
"""What ``Number`` is inside these; a telephone number anywhere else."""
CODES: Final = {
    "ProductCode": ("ndc", _C.MEDICATION), "DrugCoded": ("ndc", _C.MEDICATION),
    "Primary": ("icd10cm", _C.DIAGNOSIS), "Secondary": ("icd10cm", _C.DIAGNOSIS),
}  # fmt: skip
"""What ``Code`` is inside these, if it looks like it."""
CODE_SHAPES: Final = {
    "ndc": re.compile(r"[0-9]{9,11}"),
    "icd10cm": re.compile(r"[A-TV-Z][0-9][A-Z0-9]\.?[A-Z0-9]{0,4}"),
}
DATE: Final = re.compile(
    r"(?:19|20)\d\d-?(?:0\d|1[0-2])-?[0-3]\d(?:T[\d:.]{2,15}(?:Z|[+-]\d\d:?\d\d)?)?"
)
PLAIN: Final = re.compile(r"[A-Za-z]{0,2}|[A-Z]{1,3}[0-9][A-Z0-9]{0,4}|[0-9.]{1,6}|true|false")
"""Flags, counts and codes too short to identify anybody."""
_WORDS: Final = r"(?!(?:\S+\s+){%d}\S)"
_ID: Final = re.compile(r"(?=.{1,60}\Z)[^\s@]+(?: [^\s@]*[0-9][^\s@]*)?", re.DOTALL)
_SHAPES: Final = {
    _C.NAME: re.compile(r"(?=.{1,64}\Z)(?!.*\d{3})" + _WORDS % 8 + r"[^@\r\n\t]+", re.DOTALL),
    _C.PHONE: re.compile(r"[+(]?\d[\d()+. /-]{4,24}(?:x\d{1,6})?"),
    _C.FAX: re.compile(r"[+(]?\d[\d()+. /-]{4,24}"),
    _C.EMAIL: re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}"),
    _C.SSN: re.compile(r"\d{3}[ -]?\d\d[ -]?\d{4}"),
    _C.BIRTH_DATE: DATE,
}


_PARTS: Final = {
    "street": re.compile(r"(?=.{1,64}\Z)" + _WORDS % 10 + r"[^@\r\n\t]+", re.DOTALL),
    "city": re.compile(r"(?=.{1,40}\Z)" + _WORDS % 5 + r"[^@\d\r\n\t]+", re.DOTALL),
    "state": re.compile(r"[A-Za-z]{2,3}"),
    "zip": re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{2,9}"),
}


def fits(category: Category, part: str, text: str) -> bool:
    """Whether an element's text is what the element is for, and no sentence in its place."""
    if category is not Category.SSN and has_ssn(text):
        return False
    shape = _PARTS.get(part) or _SHAPES.get(category, _ID)
    return shape.fullmatch(text.strip()) is not None
