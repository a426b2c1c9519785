"""What stands where: data types and meanings of the fields that hold identifiers or codes.

HL7 v2.8.2 chapters 3 (ADT), 4 (orders), 6 (finance), 7 (results), 9 (documents), 10 (scheduling).
A field that isn't here is read as free text, so nothing has to be listed to be seen.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlp.model import Category, Subject

_C: Final = Category


class Field(NamedTuple):
    """One field.

    Attributes:
        type: Data type: XPN, XAD, XTN, CX, XCN, TS, CE, ST (an identifier alone) or TX.
        category: What an identifier or date in it is; None for codes and names.
        subject: Whom it is about.
    """

    type: str
    category: Category | None = None
    subject: Subject = Subject.PERSON


def _provider(kind: str, category: Category | None = None) -> Field:
    return Field(kind, category, Subject.PROVIDER)


_NAME, _ADDRESS, _PHONE = Field("XPN", _C.NAME), Field("XAD", _C.ADDRESS), Field("XTN", _C.PHONE)
_STAFF = _provider("XCN", _C.NAME)
_BIRTH, _SERVICE = Field("TS", _C.BIRTH_DATE), Field("TS", _C.SERVICE_DATE)
_MRN, _MEMBER = Field("CX", _C.MEDICAL_RECORD_NUMBER), Field("CX", _C.MEMBER_ID)
_ACCOUNT, _ID = Field("CX", _C.ACCOUNT_NUMBER), Field("CX", _C.OTHER_ID)
_SSN = Field("ST", _C.SSN)
_DIAGNOSIS, _PROCEDURE = Field("CE", _C.DIAGNOSIS), Field("CE", _C.PROCEDURE)
_MEDICATION, _CODE = Field("CE", _C.MEDICATION), Field("CE")
_LOCATION = _CODE
"""PL: ward, room, bed and house, which side by side would read as an address."""

FIELDS: Final[dict[str, dict[int, Field]]] = {
    "PID": {
        2: _MRN, 3: _MRN, 4: _MRN, 5: _NAME, 6: _NAME, 7: _BIRTH, 9: _NAME, 10: _CODE, 11: _ADDRESS,
        13: _PHONE, 14: _PHONE, 15: _CODE, 16: _CODE, 17: _CODE, 18: _ACCOUNT, 19: _SSN,
        20: Field("CX", _C.LICENSE_NUMBER), 21: _MRN, 22: _CODE, 29: Field("TS", _C.DEATH_DATE),
        40: _PHONE,
    },
    "PD1": {3: _provider("XON", _C.NAME), 4: _STAFF},
    "NK1": {2: _NAME, 3: _CODE, 4: _ADDRESS, 5: _PHONE, 6: _PHONE, 12: _ID, 16: _BIRTH, 30: _NAME,
            31: _PHONE, 32: _ADDRESS, 33: _ID, 37: _SSN},
    "GT1": {2: _ID, 3: _NAME, 4: _NAME, 5: _ADDRESS, 6: _PHONE, 7: _PHONE, 8: _BIRTH, 12: _SSN,
            16: _provider("XPN", _C.NAME), 17: _provider("XAD", _C.ADDRESS),
            18: _provider("XTN", _C.PHONE), 19: _ID, 42: _NAME, 45: _NAME, 46: _PHONE},
    "IN1": {2: _CODE, 3: _provider("CX", _C.OTHER_ID), 4: _provider("XON", _C.NAME),
            5: _provider("XAD", _C.ADDRESS), 6: _provider("XPN", _C.NAME),
            7: _provider("XTN", _C.PHONE), 16: _NAME, 17: _CODE, 18: _BIRTH, 19: _ADDRESS,
            36: Field("ST", _C.MEMBER_ID), 44: _ADDRESS, 49: _MEMBER},
    "IN2": {1: _ID, 2: _SSN, 6: Field("ST", _C.MEDICARE_ID), 8: Field("ST", _C.MEMBER_ID),
            9: _NAME, 49: _NAME, 50: _PHONE, 52: _NAME, 53: _PHONE, 61: _MEMBER, 63: _PHONE,
            64: _PHONE},
    "PV1": {3: _LOCATION, 6: _LOCATION, 11: _LOCATION, 42: _LOCATION, 43: _LOCATION,
            7: _STAFF, 8: _STAFF, 9: _STAFF, 17: _STAFF, 19: _ACCOUNT, 44: _SERVICE, 45: _SERVICE,
            50: _ACCOUNT, 52: _STAFF},
    "PV2": {1: _LOCATION, 3: _CODE, 8: _SERVICE, 9: _SERVICE, 13: _STAFF},
    "MRG": {1: _MRN, 2: _MRN, 3: _ACCOUNT, 4: _MRN, 5: _ACCOUNT, 7: _NAME},
    "DG1": {3: _DIAGNOSIS, 5: _SERVICE, 16: _STAFF},
    "PR1": {3: _PROCEDURE, 5: _SERVICE, 8: _STAFF, 11: _STAFF, 12: _STAFF, 15: _DIAGNOSIS},
    "DRG": {1: _CODE},
    "AL1": {2: _CODE, 3: _CODE, 6: _SERVICE},
    "IAM": {2: _CODE, 3: _CODE, 13: _SERVICE, 14: _STAFF},
    "ORC": {2: _ID, 3: _ID, 4: _ID, 9: _SERVICE, 10: _STAFF, 11: _STAFF, 12: _STAFF,
            13: _LOCATION, 14: _provider("XTN", _C.PHONE), 15: _SERVICE, 19: _STAFF,
            21: _provider("XON", _C.NAME), 22: _provider("XAD", _C.ADDRESS),
            23: _provider("XTN", _C.PHONE), 24: _provider("XAD", _C.ADDRESS)},
    "OBR": {2: _ID, 3: _ID, 4: _PROCEDURE, 6: _SERVICE, 7: _SERVICE, 8: _SERVICE, 10: _STAFF,
            14: _SERVICE, 15: _CODE, 16: _STAFF, 17: _provider("XTN", _C.PHONE), 22: _SERVICE,
            28: _STAFF, 31: _CODE, 32: _STAFF, 33: _STAFF, 34: _STAFF, 35: _STAFF, 36: _SERVICE,
            44: _PROCEDURE},
    "OBX": {3: _CODE, 6: _CODE, 14: _SERVICE, 15: _CODE, 16: _STAFF, 17: _CODE, 19: _SERVICE,
            23: _provider("XON", _C.NAME), 24: _provider("XAD", _C.ADDRESS), 25: _STAFF},
    "SPM": {2: _ID, 4: _CODE, 8: _CODE, 17: _SERVICE, 18: _SERVICE},
    "FT1": {2: _ID, 4: _SERVICE, 7: _CODE, 19: _DIAGNOSIS, 20: _STAFF, 21: _STAFF, 23: _ID,
            24: _STAFF, 25: _PROCEDURE, 29: _MEDICATION},
    "SCH": {1: _ID, 2: _ID, 7: _CODE, 12: _STAFF, 13: _provider("XTN", _C.PHONE),
            14: _provider("XAD", _C.ADDRESS), 16: _STAFF, 17: _provider("XTN", _C.PHONE),
            18: _provider("XAD", _C.ADDRESS), 20: _STAFF, 21: _provider("XTN", _C.PHONE),
            26: _ID, 27: _ID},
    "AIG": {3: _CODE}, "AIL": {3: _LOCATION, 4: _CODE}, "AIP": {3: _STAFF, 6: _SERVICE},
    "AIS": {3: _PROCEDURE, 4: _SERVICE},
    "TXA": {4: _SERVICE, 5: _STAFF, 6: _SERVICE, 7: _SERVICE, 8: _SERVICE, 9: _STAFF, 10: _STAFF,
            11: _STAFF, 12: _ID, 13: _ID, 14: _ID, 15: _ID, 22: _STAFF},
    "RXA": {3: _SERVICE, 4: _SERVICE, 5: _MEDICATION, 10: _STAFF, 22: _SERVICE},
    "RXD": {2: _MEDICATION, 3: _SERVICE, 7: _ID, 10: _STAFF},
    "RXE": {2: _MEDICATION, 13: _STAFF, 14: _STAFF, 15: _ID, 18: _SERVICE},
    "RXO": {1: _MEDICATION, 14: _STAFF}, "RXR": {1: _CODE, 2: _CODE},
    "EVN": {2: _SERVICE, 3: _SERVICE, 5: _STAFF, 6: _SERVICE},
    "ROL": {4: _STAFF, 5: _SERVICE, 6: _SERVICE, 11: _provider("XAD", _C.ADDRESS),
            12: _provider("XTN", _C.PHONE)},
    "PRT": {5: _STAFF, 8: _provider("XON", _C.NAME), 11: _SERVICE, 12: _SERVICE,
            14: _provider("XAD", _C.ADDRESS), 15: _provider("XTN", _C.PHONE)},
    "CTD": {2: _provider("XPN", _C.NAME), 3: _provider("XAD", _C.ADDRESS),
            5: _provider("XTN", _C.PHONE)},
    "PRD": {2: _provider("XPN", _C.NAME), 3: _provider("XAD", _C.ADDRESS),
            5: _provider("XTN", _C.PHONE)},
    "STF": {3: _provider("XPN", _C.NAME), 10: _provider("XTN", _C.PHONE),
            11: _provider("XAD", _C.ADDRESS)},
    "LOC": {4: _provider("XON", _C.NAME), 5: _provider("XAD", _C.ADDRESS),
            6: _provider("XTN", _C.PHONE)},
    "ACC": {1: _SERVICE},
}  # fmt: skip

TYPES: Final[dict[str, Category]] = {
    "MR": _C.MEDICAL_RECORD_NUMBER, "PI": _C.MEDICAL_RECORD_NUMBER, "PT": _C.MEDICAL_RECORD_NUMBER,
    "SS": _C.SSN, "SSN": _C.SSN, "MC": _C.MEDICARE_ID, "MA": _C.MEMBER_ID, "MB": _C.MEMBER_ID,
    "SN": _C.MEMBER_ID, "MI": _C.MEMBER_ID, "AN": _C.ACCOUNT_NUMBER, "VN": _C.ACCOUNT_NUMBER,
    "DL": _C.LICENSE_NUMBER, "LN": _C.LICENSE_NUMBER, "CC": _C.PAYMENT_CARD, "BA": _C.BANK_ACCOUNT,
}  # fmt: skip
"""Table 0203, identifier types (CX.5)."""

AUTHORITIES: Final = frozenset({"USSSA", "SSA", "SSN", "2.16.840.1.113883.4.1"})
"""Table 0363, the Social Security Administration: its numbers are SSNs."""

SYSTEMS: Final[dict[str, tuple[str, Category]]] = {
    "I10": ("icd10cm", _C.DIAGNOSIS), "I10C": ("icd10cm", _C.DIAGNOSIS),
    "ICD10": ("icd10cm", _C.DIAGNOSIS), "ICD-10-CM": ("icd10cm", _C.DIAGNOSIS),
    "I9": ("icd9cm", _C.DIAGNOSIS), "I9C": ("icd9cm", _C.DIAGNOSIS),
    "ICD9": ("icd9cm", _C.DIAGNOSIS), "I9CDX": ("icd9cm", _C.DIAGNOSIS),
    "I10P": ("icd10pcs", _C.PROCEDURE), "I9CP": ("icd9pcs", _C.PROCEDURE),
    "C4": ("cpt", _C.PROCEDURE), "CPT": ("cpt", _C.PROCEDURE), "CPT4": ("cpt", _C.PROCEDURE),
    "HCPCS": ("hcpcs", _C.PROCEDURE), "HCPT": ("hcpcs", _C.PROCEDURE),
    "LN": ("loinc", _C.PROCEDURE), "SCT": ("snomed", _C.DIAGNOSIS), "SNM": ("snomed", _C.DIAGNOSIS),
    "RXNORM": ("rxnorm", _C.MEDICATION), "NDC": ("ndc", _C.MEDICATION),
    "DRG": ("drg", _C.DIAGNOSIS),
}  # fmt: skip
"""Table 0396, coding systems (CE.3 and CE.6)."""
