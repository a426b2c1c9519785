"""Remarks of billing staff that name nobody release; the same with somebody's number don't."""

from __future__ import annotations

import pytest

from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Category, Passage
from tests.dlp.test_inspect_files import claim
from tests.support.inspecting import Inspected


def found(detectors: Detectors, text: str) -> list[tuple[Category, str]]:
    passage = Passage(text, "here", Carrier.FREE_TEXT)
    matches = detectors.find(passage, Identities(limit=0))
    return [(m.category, text[m.start : m.end]) for m in matches if m.confidence >= 0.5]


@pytest.mark.parametrize(
    "remark",
    [
        "GL ACCOUNT 4010-200",
        "ACCOUNT NUMBER 10100 OPERATING CASH",
        "DEBIT CASH ACCOUNT 1010 CREDIT AR ACCOUNT 1200",
        "PAYER ID 62308 NOT ACTIVE",
        "PLAN NAME GOLD PPO 1500/80",
        "ROUTE ORAL 5 TABS",
    ],
)
def test_a_ledgers_account_a_payers_id_a_plan_and_a_dose_are_nobodys(
    detectors: Detectors, remark: str
) -> None:
    assert found(detectors, remark) == []


@pytest.mark.parametrize(
    ("remark", "category", "value"),
    [
        ("PATIENT ACCOUNT 88213774 DEBIT", Category.ACCOUNT_NUMBER, "88213774"),
        ("POSTED TO ACCOUNT 88213774", Category.ACCOUNT_NUMBER, "88213774"),
        ("MOVED TO BOISE ID 83702", Category.ADDRESS, "MOVED TO BOISE ID 83702"),
        ("DOB-03141961", Category.BIRTH_DATE, "03141961"),
        ("CHART 48291-3", Category.MEDICAL_RECORD_NUMBER, "48291-3"),
        ("JOHN SMITH PPO", Category.NAME, "JOHN SMITH"),
    ],
)
def test_somebodys_number_is_found(
    detectors: Detectors, remark: str, category: Category, value: str
) -> None:
    assert found(detectors, remark) == [(category, value)]


def test_words_for_a_members_class_hold_no_enrollment(inspected: Inspected) -> None:
    body = "INS*Y*18*021*20*A***FT~REF*0F*202443307~REF*ZZ*PLAN CODE 7~REF*DX*EAST PLANT DEPT 12~"
    data = (
        claim()[:106].decode()
        + "GS*BE*A*B*20240101*1200*1*X*005010X220A1~ST*834*0001*005010X220A1~"
        + body
        + "SE*6*0001~GE*1*1~IEA*1*000000001~"
    )
    _, verdict = inspected(data.encode(), "enrollment")
    assert (verdict.action, verdict.reasons) == ("release", ())


@pytest.mark.parametrize("remark", ["PT SS# 236458714 NEW", "PT BORN 3/14/61", "MBI 1EG4TE5MK73"])
def test_a_patients_number_in_a_plans_name_holds_a_claim(inspected: Inspected, remark: str) -> None:
    data = claim().replace(b"SBR*P*18*******CI", f"SBR*P*18**{remark}*****CI".encode())
    _, verdict = inspected(data, "claims")
    assert verdict.action == "hold"


def test_a_desks_telephone_in_its_name_holds_nothing(inspected: Inspected) -> None:
    data = claim().replace(b"PER*IC*DESK*", b"PER*IC*BILLING DEPT 305-555-2222*")
    _, verdict = inspected(data, "claims")
    assert (verdict.action, verdict.reasons) == ("release", ())
