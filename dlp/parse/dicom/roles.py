"""What DICOM elements mean (PS3.6), and what their value representations allow (PS3.5, 6.2)."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category, Subject
from dlp.parse.terms import terms

CATEGORIES: Final[dict[str, Category]] = {
    "PatientID": Category.MEDICAL_RECORD_NUMBER,
    "OtherPatientIDs": Category.MEDICAL_RECORD_NUMBER,
    "RETIRED_OtherPatientIDs": Category.MEDICAL_RECORD_NUMBER,
    "MedicalRecordLocator": Category.MEDICAL_RECORD_NUMBER,
    "PatientBirthDate": Category.BIRTH_DATE,
    "PatientBirthDateInAlternativeCalendar": Category.BIRTH_DATE,
    "PatientDeathDateInAlternativeCalendar": Category.DEATH_DATE,
    "PatientAddress": Category.ADDRESS,
    "CountryOfResidence": Category.ADDRESS,
    "RegionOfResidence": Category.ADDRESS,
    "PatientTelephoneNumbers": Category.PHONE,
    "InsurancePlanIdentification": Category.MEMBER_ID,
    "AdmissionID": Category.ACCOUNT_NUMBER,
    "ServiceEpisodeID": Category.ACCOUNT_NUMBER,
    "AccessionNumber": Category.OTHER_ID,
    "StudyID": Category.OTHER_ID,
    "FillerOrderNumberImagingServiceRequest": Category.OTHER_ID,
    "PlacerOrderNumberImagingServiceRequest": Category.OTHER_ID,
    "DeviceSerialNumber": Category.DEVICE_ID,
    "DeviceUID": Category.DEVICE_ID,
    "UniqueDeviceIdentifier": Category.DEVICE_ID,
    "ClinicalTrialSubjectID": Category.OTHER_ID,
    "ClinicalTrialSubjectReadingID": Category.OTHER_ID,
    "InstitutionAddress": Category.ADDRESS,
    "ReferringPhysicianAddress": Category.ADDRESS,
    "ReferringPhysicianTelephoneNumbers": Category.PHONE,
}
"""Identifier fields by their keyword; person names are told by their representation."""

SERVICE_DATES: Final = re.compile(
    r"(Study|Series|Acquisition|Content|Curve|Overlay|Admitting|Discharge|Visit|"
    r"PerformedProcedureStep(Start|End)|ScheduledProcedureStep(Start|End)|Procedure|"
    r"Treatment|Observation|Verification|Scheduled(Admission|Discharge|Study(Start|Stop))|"
    r"LastMenstrual|StudyVerified|StudyRead|StudyArrival|StudyCompletion|"
    r"StructureSet|RTPlan|Review|IssueDateOfImagingServiceRequest).*Date(Time)?"
    r"|(Study|Series|Acquisition|Content)Date(Time)?|IssueDateOfImagingServiceRequest"
)

_PATIENT: Final = re.compile(r"Patient|ResponsiblePerson$|Subject")
_STAFF: Final = re.compile(
    r"Physician|Operator|Performer|Reviewer|Author|Creator|Observer|Verifying|Interpret|Recorder|"
    r"Transcriber|Approver|Technologist|Institution|Requesting|OrderEnteredBy|Reporting|Scheduled|"
    r"Radiopharmacist|Custodian"
)

SHAPES: Final[dict[str, re.Pattern[str]]] = {
    "DA": re.compile(r"(\d{8}|\d{4}\.\d\d\.\d\d)?"),
    "DT": re.compile(r"(\d{4}(\d\d){0,5}(\.\d{1,6})?([+-]\d{4})?)?"),
    "TM": re.compile(r"((\d\d){1,3}(\.\d{1,6})?|\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?"),
    "AS": re.compile(r"(\d{3}[DWMY])?"),
    "IS": re.compile(r"([+-]?\d{1,12})?"),
    "DS": re.compile(r"([+-]?(\d{1,16}\.?\d{0,16}|\.\d{1,16})([eE][+-]?\d{1,3})?)?"),
    "UI": re.compile(r"[0-9.]{0,64}"),
    "CS": re.compile(r"[A-Z0-9_ ]{0,16}"),
}
"""What a value without its padding may be; anything else is looked at as text."""

TERMS: Final = terms(
    "helical axial cine scout mode spiral sequence localizer volumetric rotate rotational dynamic "
    "derived original mip mpr minip sat gated ungated retrospective prospective phase contrast "
    "spin echo gradient inversion recovery planar fast turbo coronal sagittal oblique oblq "
    "tomo fluoro subtraction mono dual energy cardiac bolus iso ir iec has contains concept mod "
    "acq properties obs context inferred selected from and or abdomen pelvis lumbar "
    "thoracic cervical spine skull knee ankle wrist"
)
"""Words of code strings, standard and vendors', besides ordinary ones (PS3.3, PS3.16)."""

NUMBERS: Final = frozenset({"AT", "FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"})
BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def subject(keyword: str) -> Subject:
    """Whom a field is about: its keyword says; who isn't known to be staff is a patient."""
    if _PATIENT.search(keyword):
        return Subject.PERSON
    return Subject.PROVIDER if _STAFF.search(keyword) else Subject.PERSON


NAME_PARTS: Final = ("last", "first", "middle", "", "suffix")
"""The components of a PN value: family^given^middle^prefix^suffix."""
