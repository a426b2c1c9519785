"""Passages that are about one person share a record."""

from __future__ import annotations

import pytest

from tests.support.x12_passages import slow_passages

ISA = (
    "ISA*00*          *00*          *ZZ*A              *ZZ*B              "
    "*250314*1253*^*00501*000000905*0*T*:~"
)


def records(number: str, guide: str, segments: str) -> dict[str, int]:
    data = (
        f"{ISA}GS*X*A*B*20250314*1253*1*X*{guide}~ST*{number}*1~{segments}~SE*1*1~GE*1*1~IEA*1*1~"
    )
    passages = slow_passages(data.encode())
    return {passage.text: passage.record for passage in passages}


@pytest.fixture
def claim() -> dict[str, int]:
    return records(
        "837",
        "005010X222A1",
        "HL*1**20*1~NM1*85*1*WELBY*MARCUS~N3*1 MAIN ST~"
        "HL*2*1*22*0~SBR*P*18*GRP1~NM1*IL*1*LARK*ANNA****MI*W1~N3*7 ELM ST~DMG*D8*19620718~"
        "NM1*PR*2*PAYER~CLM*ACCT1~NM1*82*1*HOUSE*GREG~SBR*S*01*GRP2~NM1*IL*1*LARK*BERT****MI*W2~"
        "LX*1~SV1*HC:99213~"
        "HL*3*1*22*0~SBR*P*18*GRP3~NM1*IL*1*FINCH*CARL****MI*W3~CLM*ACCT3",
    )


@pytest.mark.parametrize("other", ["GRP1", "ANNA", "W1", "7 ELM ST", "19620718", "ACCT1", "99213"])
def test_what_is_the_patients_shares_the_patients_record(claim: dict[str, int], other: str) -> None:
    assert claim[other] == claim["W1"]


def test_the_other_subscriber_is_somebody_else(claim: dict[str, int]) -> None:
    assert claim["GRP2"] == claim["BERT"] == claim["W2"] != claim["W1"]


def test_the_next_subscriber_is_somebody_else(claim: dict[str, int]) -> None:
    assert claim["GRP3"] == claim["CARL"] == claim["ACCT3"] not in (claim["W1"], claim["W2"])


def test_a_providers_parts_share_a_record(claim: dict[str, int]) -> None:
    assert claim["WELBY"] == claim["MARCUS"] == claim["1 MAIN ST"] != claim["HOUSE"]


def test_a_paid_claim_and_its_patient_share_a_record() -> None:
    found = records("835", "005010X221A1", "CLP*A1*1~NM1*QC*1*LARK*ANNA~CLP*A2*1~NM1*QC*1*FINCH")
    assert found["A1"] == found["LARK"] == found["ANNA"] != found["A2"]
    assert found["A2"] == found["FINCH"]


def test_a_member_and_their_numbers_share_a_record() -> None:
    found = records(
        "834", "005010X220A1", "INS*Y~REF*0F*W1~NM1*IL*1*LARK*ANNA~INS*N~REF*0F*W2~NM1*IL*1*FINCH"
    )
    assert found["W1"] == found["LARK"] != found["W2"] == found["FINCH"]
