"""Fields by the names that HL7 v2's XML encoding has for them: ``PID.19``."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category, Subject
from dlp.parse.hl7v2.table import FIELDS

_NAME: Final = re.compile(r"([A-Z][A-Z0-9]{2})\.([0-9]{1,2})(?:\.([0-9]{1,2}))?")
_TITLES: Final = {
    Category.SSN: "SSN", Category.BIRTH_DATE: "date of birth",
    Category.DEATH_DATE: "date of death", Category.MEDICAL_RECORD_NUMBER: "MRN",
    Category.MEMBER_ID: "member id", Category.MEDICARE_ID: "MBI",
    Category.ACCOUNT_NUMBER: "patient account number",
}  # fmt: skip
_NAMES: Final = {"FN.1": "last name", "XPN.1": "last name", "XPN.2": "first name"}
_COMPONENTS: Final = {"1": "last name", "2": "first name"}
"""Of a name: ``PID.5.1``."""


def title_of(names: list[str]) -> str:
    """What a table's column would call the innermost element's text; "" for what has no title.

    Args:
        names: The elements open, the innermost last.
    """
    for name in reversed(names[-4:]):
        found = _NAME.fullmatch(name)
        field = FIELDS.get(found[1], {}).get(int(found[2])) if found else None
        if field is None or field.subject is Subject.PROVIDER or field.category is None:
            continue
        if field.category is Category.NAME and found and found[3]:
            return _COMPONENTS.get(found[3], "")
        if field.category is Category.NAME:
            return next((_NAMES[each] for each in reversed(names) if each in _NAMES), "")
        return _TITLES.get(field.category, "")
    return ""
