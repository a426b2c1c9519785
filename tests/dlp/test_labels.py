"""Values are what stands beside them says: in rows, in pairs, and in tables that are shown."""

from __future__ import annotations

import json

import pytest

from dlp.model import Category
from dlp.parse.hl7v2.named import title_of
from tests.support.inspecting import Inspected

_HEAD = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    '><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
)
_PATIENT = "<recordTarget><patientRole>{}</patientRole></recordTarget>"
_SECTION = (
    "<component><structuredBody><component><section>{}</section></component></structuredBody>"
    "</component>"
)
_BASE64 = (
    "<component><nonXMLBody><text representation='B64'>U1NOIDIz<!-- x -->Ni00NS04NzE0</text>"
    "</nonXMLBody></component>"
)
_ROW = "<table><tr><th>SSN</th><td>236458714</td></tr></table>"
_COLUMN = (
    "<table><thead><tr><th>Name</th><th>Social Security No.</th></tr></thead>"
    "<tbody><tr><td>n/a</td><td>236458714</td></tr></tbody></table>"
)


def document(inside: str) -> bytes:
    return f"{_HEAD}{inside}</ClinicalDocument>".encode()


def unexpected(inspected: Inspected, data: bytes, contract: str) -> list[Category]:
    return [f.category for f in inspected(data, contract)[0].findings if not f.expected]


@pytest.mark.parametrize(
    "inside",
    [
        _SECTION.format(f"<text>{_ROW}</text>"),
        _SECTION.format(f"<text>{_COLUMN}</text>"),
        _SECTION.format(
            '<entry><observation><code code="45396-4" displayName="Social security number"/>'
            '<value xsi:type="ST">236458714</value></observation></entry>'
        ),
        _PATIENT.format('<id root="1.2.3" extension="236458714" assigningAuthorityName="SSN"/>'),
        _PATIENT.format('<id root="1.2.3" extension="SSN 236458714"/>'),
        _PATIENT.format('<telecom value="tel:236-45-8714"/>'),
        _PATIENT.format('<telecom value="tel:SSN 236458714"/>'),
        "<author><assignedAuthor><id extension='SSN 236458714'/></assignedAuthor></author>",
        '<code code="236-45-8714" codeSystem="2.16.840.1.113883.6.1"/>',
        '<title xmlns:q="SSN 236-45-8714">x</title>',
        _BASE64,
    ],
)
def test_an_ssn_anywhere_in_a_clinical_document_is_held(inside: str, inspected: Inspected) -> None:
    assert set(unexpected(inspected, document(inside), "clinical-ccda")) == {Category.SSN}


@pytest.mark.parametrize("table", [_ROW, _COLUMN])
def test_a_table_in_a_narrative_is_read_by_its_titles(table: str, inspected: Inspected) -> None:
    resource = {"resourceType": "Basic", "text": {"div": f"<div>{table}</div>"}}
    assert unexpected(inspected, json.dumps(resource).encode(), "clinical-fhir") == [Category.SSN]
    xml = f'<Basic xmlns="http://hl7.org/fhir"><text><div>{table}</div></text></Basic>'
    assert unexpected(inspected, xml.encode(), "clinical-fhir") == [Category.SSN]


@pytest.mark.parametrize(
    ("data", "category"),
    [
        (b'{"fields": [{"id": "17", "label": "SSN", "value": 236458714}]}', Category.SSN),
        (b'[["name", "ssn"], ["n/a", "236458714"]]', Category.SSN),
        (b"<r><field name='SSN'>236458714</field></r>", Category.SSN),
        (b"<r><field id='17' name='SSN' value='236458714'/></r>", Category.SSN),
        (b"<r><field name='SSN'><value>236458714</value></field></r>", Category.SSN),
        (b"<r><f><Id>17</Id><Name>Last Name</Name><Value>Zu</Value></f></r>", Category.NAME),
    ],
)
def test_a_pair_of_name_and_value_is_read_together(
    data: bytes, category: Category, inspected: Inspected
) -> None:
    assert unexpected(inspected, data, "no-phi") == [category]


@pytest.mark.parametrize(
    "data",
    [
        b"<r><f><Name>Order number</Name><Value>236458714</Value></f></r>",
        b"<r><f><Name>SSN</Name><Value>required</Value></f></r>",
        b"<r><f><Name>SSN</Name></f><f><Value>236458714</Value></f></r>",
        b'{"type": "claim", "text": "4471"}',
        b'[["item", "count"], ["widget", "236458714"]]',
    ],
)
def test_a_label_names_nothing_but_its_own_value(data: bytes, inspected: Inspected) -> None:
    assert unexpected(inspected, data, "no-phi") == []


@pytest.mark.parametrize(
    ("field", "category"),
    [
        ("<PID.19>236458714</PID.19>", Category.SSN),
        ("<PID.3><CX.1>4471902</CX.1><CX.5>MR</CX.5></PID.3>", Category.MEDICAL_RECORD_NUMBER),
        ("<PID.5><XPN.1><FN.1>Zu</FN.1></XPN.1></PID.5>", Category.NAME),
        ("<PID.7><TS.1>19560314</TS.1></PID.7>", Category.BIRTH_DATE),
    ],
)
def test_hl7_v2_as_xml_has_its_fields_by_name(
    field: str, category: Category, inspected: Inspected
) -> None:
    data = f'<ADT_A01 xmlns="urn:hl7-org:v2xml"><PID>{field}</PID></ADT_A01>'
    assert unexpected(inspected, data.encode(), "no-phi") == [category]


def test_staff_in_hl7_v2_as_xml_is_told_by_no_field() -> None:
    assert title_of(["ADT_A01", "PV1", "PV1.7", "XCN.2", "FN.1"]) == ""
    assert title_of(["ADT_A01", "PID", "PID.5", "XPN.1", "FN.1"]) == "last name"
