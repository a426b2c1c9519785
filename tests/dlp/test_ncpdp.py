"""NCPDP Telecommunication: every field comes out, those of the standard with their meaning."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Carrier, Category, Passage, Subject
from dlp.parse.ncpdp import parse
from tests.support.inspecting import Inspected

CLAIM = (
    b"610066D0B1PBMTEST   1011245319599     20260101          \x1e\x1cAM01\x1cC419560304\x1cC52"
    b"\x1cCAMARIA\x1cCBDE LA CRUZ\x1cCM12 OAK ST\x1cCNDAYTON\x1cCOOH\x1cCP45402\x1cCQ9375550142"
    b"\x1e\x1cAM04\x1cC2W12345678\x1d\x1e\x1cAM07\x1cEM1\x1cD2007712345\x1cE103"
    b"\x1cD700002323401\x1cD300\x1e\x1cAM03\x1cEZ01\x1cDB1234567893\x1cDRWHITFIELD"
    b"\x1e\x1cAM13\x1cDOF1020"
)
MESSAGE = b"\x1e\x1cAM20\x1cFQCALL MS DE LA CRUZ AT HOME"


def passages(data: bytes) -> list[Passage]:
    content = Content(io.BytesIO(data), "", "ncpdp/telecom")
    return [item for item in parse(content, Meter(Budget())) if isinstance(item, Passage)]


@pytest.mark.parametrize(
    ("text", "category", "part", "subject"),
    [
        ("19560304", Category.BIRTH_DATE, "", Subject.PERSON),
        ("MARIA", Category.NAME, "first", Subject.PERSON),
        ("DE LA CRUZ", Category.NAME, "last", Subject.PERSON),
        ("12 OAK ST", Category.ADDRESS, "street", Subject.PERSON),
        ("9375550142", Category.PHONE, "", Subject.PERSON),
        ("W12345678", Category.MEMBER_ID, "", Subject.PERSON),
        ("00002323401", Category.MEDICATION, "ndc", Subject.PERSON),
        ("F1020", Category.DIAGNOSIS, "", Subject.PERSON),
        ("WHITFIELD", Category.NAME, "last", Subject.PROVIDER),
    ],
)
def test_fields_have_their_meaning(
    text: str, category: Category, part: str, subject: Subject
) -> None:
    [found] = [p for p in passages(CLAIM) if p.text == text]
    assert (found.category, found.part, found.subject) == (category, part, subject)


def test_every_passage_says_where_its_bytes_are() -> None:
    for found in passages(b"\x02" + CLAIM + MESSAGE + b"\x03\r\n"):
        data = b"\x02" + CLAIM + MESSAGE + b"\x03\r\n"
        assert found.offset is not None
        assert data[found.offset :][: found.length].decode() == found.text


def test_a_value_that_is_no_such_thing_is_read_as_text() -> None:
    [found] = [p for p in passages(CLAIM.replace(b"9375550142", b"ASK GRETA"))
               if p.text == "ASK GRETA"]  # fmt: skip
    assert found.carrier is Carrier.FREE_TEXT


def test_a_claim_is_released_and_a_message_with_the_patient_is_held(inspected: Inspected) -> None:
    report, verdict = inspected(CLAIM.replace(b"F1020", b"J0190"), "pharmacy")
    assert (report.format, verdict.action, verdict.reasons) == ("ncpdp/telecom", "release", ())
    _, verdict = inspected(CLAIM.replace(b"F1020", b"J0190") + MESSAGE, "pharmacy")
    assert verdict.action == "hold"


@pytest.mark.parametrize(
    "value", ["236-45-8714", "SSN 236458714", "MRN 4471902", "DOB 03/14/1956", "937-438-2214"]
)
@pytest.mark.parametrize("name", ["C1", "C3", "E7", "ZZ"])
def test_a_field_without_a_meaning_of_its_own_is_read_apart_from_its_id(
    name: str, value: str, inspected: Inspected
) -> None:
    _, verdict = inspected(CLAIM + f"\x1c{name}{value}".encode(), "no-phi")
    assert f"segment 6 AM13 {name}" in " ".join(verdict.reasons)


def test_a_name_that_begins_in_the_place_of_an_id_is_read_whole() -> None:
    assert "GRETA KESSELRING" in [p.text for p in passages(CLAIM + b"\x1cGRETA KESSELRING")]


@pytest.mark.parametrize("name", ["CQ", "PM", "CM", "CP", "D7", "DB"])
def test_an_ssn_in_a_field_of_another_kind_is_held(name: str, inspected: Inspected) -> None:
    data = CLAIM.replace(b"F1020", b"J0190") + f"\x1c{name}236-45-8714".encode()
    _, verdict = inspected(data, "pharmacy")
    assert verdict.reasons == (f"Social Security number in free text at segment 6 AM13 {name}",)


HEADER = "{:6}D0B1{:10}102{:15}20260101{:10}"
FIRST = "\x0200T{:24}0000001202601011200P12{:24}\x03\r\n"
LAST = "\x029900000010000000002{}\x03\r\n"


def batch(sender: str = "SENDER1", vendor: str = "VENDOR1", said: str = "END") -> bytes:
    header = HEADER.format("610066", "PCN1", "1245319599", vendor)
    body = CLAIM.replace(b"F1020", b"J0190").partition(b"\x1e")[2].decode()
    each = f"\x02G10000000001{header}\x1e{body}\x03\r\n"
    return (FIRST.format(sender, "RECEIVER1") + 2 * each + LAST.format(said)).encode()


def test_a_processors_control_number_is_no_patients(inspected: Inspected) -> None:
    data = CLAIM.replace(b"F1020", b"J0190").replace(b"PBMTEST   ", b"PCN1234567")
    assert inspected(data, "pharmacy")[1].action == "release"


def test_a_batch_is_read_as_its_transactions_are(inspected: Inspected) -> None:
    report, verdict = inspected(batch(), "pharmacy")
    assert (report.format, verdict.action, verdict.reasons) == ("ncpdp/telecom", "release", ())
    diagnoses = [p for p in passages(batch()) if p.category is Category.DIAGNOSIS]
    assert [p.text for p in diagnoses] == ["J0190", "J0190"]


@pytest.mark.parametrize("place", ["sender", "said"])
def test_an_ssn_in_a_batchs_own_fields_is_held(place: str, inspected: Inspected) -> None:
    _, verdict = inspected(batch(**{place: "236-45-8714"}), "pharmacy")
    assert [reason.partition(" at ")[0] for reason in verdict.reasons] == [
        "Social Security number in free text"
    ]


_WORDS = st.lists(st.sampled_from(
    [b"\x1c", b"\x1d", b"\x1e", b"\x02", b"\x03", b"AM01", b"CB", b"CA", b"FQ", b"ZZ", b"NGUYEN",
     b"536-22-8714", b"19560304", b"\xff", b"\n"]), max_size=25).map(b"".join)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), _WORDS))
def test_no_value_is_passed_over(data: bytes) -> None:
    said = [p.text for p in passages(data)]
    for value in (b"NGUYEN", b"536-22-8714"):
        assert value not in data or any(value.decode() in text for text in said)
