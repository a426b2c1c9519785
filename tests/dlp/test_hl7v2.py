"""HL7 v2: every field comes out, those that the standard defines with their meaning."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Category, NotReadableError, Passage, Subject
from dlp.parse.hl7v2 import parse
from dlp.unpack.entry import Entry
from tests.support.inspecting import Inspected

MESSAGE = b"""MSH|^~\\&|LAB|NORTH|HUB|PAYER|20260101||ORU^R01|M1|P|2.5.1
PID|1||4471^^^N^MR~900-12^^^P^MB||DE LA CRUZ^MARIA^Q^JR||19560304|F|||12 OAK ST^APT 4^DAYTON^OH^\
45402||(937)555-0142|||||ACC77|536-22-8714
PV1|1|I|W^389^1||||1234^WHITFIELD^ANN^^^DR
DG1|1||F10.20^Alcohol dependence^I10C
OBX|1|TX|1^Note^L||Seen with wife R\\T\\D\\.br\\on Monday
OBX|2|NM|2^Weight^L||81.5
NTE|1|L|Call her sister
ZP1|1|GRETA KESSELRING^friend
""".replace(b"\n", b"\r")


def read(data: bytes) -> list[Item]:
    return list(parse(Content(io.BytesIO(data), "", "hl7v2"), Meter(Budget())))


def passages(data: bytes) -> list[Passage]:
    return [item for item in read(data) if isinstance(item, Passage)]


def at(where: str, data: bytes = MESSAGE) -> Passage:
    [found] = [p for p in passages(data) if p.where == where]
    return found


@pytest.mark.parametrize(
    ("where", "text", "category", "part"),
    [
        ("PID#1-3[1].1", "4471", Category.MEDICAL_RECORD_NUMBER, ""),
        ("PID#1-3[2].1", "900-12", Category.MEMBER_ID, ""),
        ("PID#1-5.1", "DE LA CRUZ", Category.NAME, "last"),
        ("PID#1-5.2", "MARIA", Category.NAME, "first"),
        ("PID#1-7", "19560304", Category.BIRTH_DATE, ""),
        ("PID#1-11.1", "12 OAK ST", Category.ADDRESS, "street"),
        ("PID#1-11.5", "45402", Category.ADDRESS, "zip"),
        ("PID#1-13", "(937)555-0142", Category.PHONE, ""),
        ("PID#1-18", "ACC77", Category.ACCOUNT_NUMBER, ""),
        ("PID#1-19", "536-22-8714", Category.SSN, ""),
    ],
)
def test_a_patients_fields_have_their_meaning(
    where: str, text: str, category: Category, part: str
) -> None:
    found = at(where)
    assert (found.text, found.category, found.part) == (text, category, part)
    assert (found.carrier, found.subject) == (Carrier.IDENTIFIER_FIELD, Subject.PERSON)


def test_the_parts_of_one_name_share_a_record() -> None:
    assert at("PID#1-5.1").record == at("PID#1-5.2").record != at("PV1#1-7.2").record


def test_staff_is_no_patient() -> None:
    assert at("PV1#1-7.2").subject is Subject.PROVIDER


def test_a_diagnosis_has_its_code_system_and_its_words_are_read() -> None:
    code = at("DG1#1-3.1")
    assert (code.carrier, code.category, code.part) == (
        Carrier.CODED, Category.DIAGNOSIS, "icd10cm",
    )  # fmt: skip
    assert at("DG1#1-3.2").carrier is Carrier.FREE_TEXT


def test_escapes_are_undone_and_their_bytes_are_known() -> None:
    note = at("OBX#1-5")
    assert note.text == "Seen with wife R&D\non Monday"
    assert note.spans
    start = note.text.index("R&D")
    offset, length = note.spans(start, start + 3)
    assert MESSAGE[offset : offset + length] == b"R\\T\\D"


@pytest.mark.parametrize("where", ["NTE#1-3", "ZP1#1-2"])
def test_notes_and_segments_of_ones_own_are_free_text(where: str) -> None:
    assert at(where).carrier is Carrier.FREE_TEXT


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_any_line_end_gives_the_same(end: bytes) -> None:
    texts = [p.text for p in passages(MESSAGE.replace(b"\r", end))]
    assert texts == [p.text for p in passages(MESSAGE)]


def test_every_passage_says_where_its_bytes_are() -> None:
    for passage in passages(b"\x0b" + MESSAGE.replace(b"\r", b"\r\n") + b"\x1c\r"):
        assert passage.offset is not None
        raw = (b"\x0b" + MESSAGE.replace(b"\r", b"\r\n"))[passage.offset :][: passage.length]
        if passage.spans is None:
            assert raw.decode() == passage.text


def test_other_separators_are_those_the_header_declares() -> None:
    data = b"MSH#*~\\&#A\rPID#1##7##KESSELRING*GRETA\r"
    assert at("PID#1-5.2", data).text == "GRETA"


def test_several_messages_are_told_apart() -> None:
    places = [p.where for p in passages(MESSAGE + MESSAGE)]
    assert "message 2 PID#1-5.1" in places


def test_an_encapsulated_document_is_an_attachment() -> None:
    data = base64.b64encode(b"%PDF-1.4 hello").decode()
    message = f"MSH|^~\\&|A\rOBX|1|ED|1^x^L||N^AP^PDF^Base64^{data}\r".encode()
    [entry] = [item for item in read(message) if isinstance(item, Entry)]
    assert entry.source
    assert entry.source.read() == b"%PDF-1.4 hello"


def test_what_is_said_to_be_encoded_and_is_not_is_read_as_text() -> None:
    message = b"MSH|^~\\&|A\rOBX|1|ED|1^x^L||N^AP^TEXT^A^GRETA KESSELRING\r"
    assert "GRETA KESSELRING" in [p.text for p in passages(message)]


def test_digits_in_a_name_are_read_as_text() -> None:
    found = at("PID#1-5", b"MSH|^~\\&|A\rPID|1||||CALL 937-555-0142\r")
    assert found.carrier is Carrier.FREE_TEXT


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"MSH|^~\\&|A\rPID|1|||||||||536-22-8714\r", "536-22-8714"),
        (b"MSH|^~\\&|A\rPID|1|||||||||SMITH\r", "SMITH"),
        (b"MSH|^~\\&|A\rZP1|NG\r", "NG"),
        (b"MSH|^~\\&|A\rOBX|1|TX|||LEE\r", "LEE"),
        (b"MSH|^~\\&GRETA KESSELRING|A\r", "GRETA KESSELRING"),
        (b"MSH|^~\\&|A\rGRETA KESSELRING\r", "GRETA KESSELRING"),
        (b"MSH|^~\\&|A\rOBX|1|ED|||N^AP^TEXT^Base64^GRETA KESSELRINGS\r", "GRETA KESSELRINGS"),
        (
            b"MSH|^~\\&|A\rNTE|1||\\X"
            + b"GRETA KESSELRING OF DAYTON OHIO, 45402".hex().encode()
            + b"\\\r",
            "GRETA KESSELRING OF DAYTON OHIO, 45402",
        ),
        (b"MSH|^~\\&|A\rPID|1||||VAN DYK&VAN&DYK^ANN\r", "VAN DYK"),
        (b"MSH|^~\\&|A\rNTE|1||O\x92Brien\r", "O\u2019Brien"),
    ],
)
def test_nothing_is_hidden_in_an_odd_place(message: bytes, text: str) -> None:
    assert text in [p.text for p in passages(message)]


@pytest.mark.parametrize(
    "line",
    [
        "PID|1||||||||||SSN 236-45-8714^^DAYTON^OH^45402",
        "PID|1||||||||||12 OAK ST^^236-45-8714^OH^45402",
        "IN1|1||||SSN 236-45-8714",
        "ORC|RE||||||||||||||||||||||CLINIC|1 ELM ST^SSN 236-45-8714",
        "PV1|1|I|||||SSN 236458714^WHITFIELD^ANN",
        "PV1|1|I|||||236-45-8714^WHITFIELD^ANN",
        "OBR|1|||||||||||||||||236-45-8714",
        "PID|1||||||||||||236-45-8714",
        "PID|1|||||||||2106-3^White^236-45-8714",
        "OBX|1|CE|236-45-8714^Note^LN",
        "IN1|1||236-45-8714",
        "IN2||||||236-45-8714",
    ],
)
def test_an_ssn_in_a_field_of_another_kind_is_held(line: str, inspected: Inspected) -> None:
    report, verdict = inspected(f"MSH|^~\\&|A\r{line}\r".encode(), "clinical-hl7")
    assert [f.category for f in report.findings if not f.expected] == [Category.SSN]
    assert verdict.action == "hold"


@pytest.mark.parametrize(
    "line",
    [
        "PV1|1|I|||||1234567893^WHITFIELD^ANN^^^DR^^^NPI",
        "PV1|1|I|||||A WHITFIELD",
        "IN1|1|||ACME|PO BOX 7^^DAYTON^OH",
        "LOC|4WEST|Four West|N|GOOD SAMARITAN|1482 LARKSPUR LN^^DAYTON^OH^45402",
    ],
)
def test_who_treats_or_pays_is_nobodys_secret(line: str, inspected: Inspected) -> None:
    assert inspected(f"MSH|^~\\&|A\r{line}\r".encode())[1].action == "release"


def test_an_alias_is_a_record_of_its_own() -> None:
    data = b"MSH|^~\\&|A\rPID|1||||PARK^MEI~LEE^MAY\r"
    assert at("PID#1-5[1].1", data).record != at("PID#1-5[2].1", data).record


def test_utf_16_is_named() -> None:
    with pytest.raises(NotReadableError, match="NUL bytes"):
        read(b"MSH|^~\\&|A\rN\0T\0E\0")


@given(st.lists(st.sampled_from(
    [b"PID|", b"OBX|1|TX|", b"ZZZ|", b"|", b"^", b"~", b"&", b"\r", b"LEE", b"NGUYEN", b"536228714",
     b"1956", b"12 OAK ST", b"MR", b"ED", b"PI"]), max_size=20).map(b"".join))  # fmt: skip
def test_no_value_of_four_bytes_is_passed_over(data: bytes) -> None:
    message = b"MSH|^~\\&|A\r" + data
    seen = [p.text for p in passages(message)]
    for value in (b"NGUYEN", b"536228714", b"12 OAK ST"):
        assert (value not in message) or any(value.decode() in text for text in seen)


def test_a_segment_of_many_chunks_takes_linear_time() -> None:
    read(b"MSH|^~\\&|A\rNTE|1||" + b"word " * 2_000_000)


def test_a_file_that_begins_with_something_else_is_refused_by_name() -> None:
    with pytest.raises(NotReadableError, match="begins with MSH"):
        read(b"PID|1|2\r")


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(
    [b"MSH|^~\\&|", b"PID|", b"OBX|1|ED|", b"|", b"^", b"~", b"&", b"\\", b"\\X41\\", b"\\.br\\",
     b"\r", b"\n", b"Base64", b"\xc3\xa9", b"\xff", b"JOHN", b"19560304"]),
    max_size=30).map(b"".join)))  # fmt: skip
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    for prefix in (b"", b"MSH|^~\\&|A\r"):
        try:
            for item in read(prefix + data):
                if isinstance(item, Passage) and item.spans:
                    assert item.offset is not None
                    offset, length = item.spans(0, len(item.text))
                    assert offset >= item.offset
                    assert length <= (item.length or 0)
        except NotReadableError:
            continue


def test_no_word_of_a_public_message_is_passed_over(corpus: Path) -> None:
    for path in sorted((corpus / "hl7v2").rglob("*.hl7")):
        data = path.read_bytes()
        seen = b" ".join(
            data[p.offset : p.offset + (p.length or 0)]
            for p in passages(data)
            if p.offset is not None
        )
        words = {w for w in data.replace(b"|", b" ").split() if len(w) > 8 and w.isalpha()}
        assert {w for w in words if w not in seen} == set()


@pytest.mark.parametrize(
    "line",
    [
        "NTE|1||see \\\\host\\SSN 236-45-8714\\scan.pdf",
        "NTE|1||\\Z236-45-8714\\",
        "NTE|1||\\.SSN 236-45-8714\\",
        "OBX|1|ED|x||^TEXT^^Base64^U1NOIDIz\\X0D0A\\Ni00NS04NzE0",
        "OBX|1|ED|x||^TEXT^^Base64^U1NOIDIz Ni00NS04NzE0",
        "OBX|1|ST|^SSN^L||236458714",
        "OBX|1|NM|SSN||236458714",
        "ZPD|1|SSN|236458714",
        "PID|||236458714^^^USSSA&2.16.840.1.113883.4.1&ISO",
        "PID|||236458714^^^A^SSN",
    ],
)
def test_an_ssn_behind_an_escape_or_beside_its_label_is_held(
    line: str, inspected: Inspected
) -> None:
    report, _ = inspected(f"MSH|^~\\&|A\r{line}\r".encode(), "clinical-hl7")
    assert [f.category for f in report.findings if not f.expected] == [Category.SSN]


def test_formatting_commands_say_nothing() -> None:
    found = at("NTE#1-3", b"MSH|^~\\&|A\rNTE|1||a\\.in+3\\b\\H\\c\\N\\d\\.sp 2\\e\r")
    assert found.text == "a bcd\ne"


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("S26-12345", Carrier.IDENTIFIER_FIELD),
        ("LAB 77 A", Carrier.IDENTIFIER_FIELD),
        ("PT SS# 236458714 NEW", Carrier.FREE_TEXT),
    ],
)
def test_a_remark_in_the_place_of_an_id_is_text(number: str, carrier: Carrier) -> None:
    data = MESSAGE.replace(b"ZP1|1|", f"TXA|1|DS|TX|||||||||{number}\rZP1|1|".encode())
    assert at("TXA#1-12", data).carrier is carrier


@pytest.mark.parametrize(
    ("staff", "carrier"),
    [
        ("ANN WHITFIELD MD", Carrier.IDENTIFIER_FIELD),
        ("Spoke with Marisol Quintero today", Carrier.FREE_TEXT),
    ],
)
def test_a_sentence_in_the_place_of_a_physician_is_text(staff: str, carrier: Carrier) -> None:
    data = MESSAGE.replace(b"1234^WHITFIELD^ANN^^^DR", staff.encode())
    assert at("PV1#1-7", data).carrier is carrier


@pytest.mark.parametrize("field", ["PID|1||Card 4111111111111111", "ORC|RE|Visa 4111111111111111"])
def test_a_payment_card_in_the_place_of_an_id_is_held(inspected: Inspected, field: str) -> None:
    data = MESSAGE.replace(b"ZP1|1|", f"{field}\rZP1|1|".encode()).replace(b"|536-22-8714", b"")
    _, verdict = inspected(data.replace(b"F10.20^Alcohol dependence", b"J45.20"), "clinical-hl7")
    assert [reason.split(" in ")[0] for reason in verdict.reasons] == ["payment card"]
