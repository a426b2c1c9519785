"""JSON and FHIR: every value and odd key, by data type where FHIR has one."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contracts import Action
from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Category, NotReadableError, Obstacle, Passage, Subject
from dlp.parse import fhir, jsondoc
from dlp.parse.jsonleaf import Array, Leaf, Value, text_of
from dlp.parse.jsontree import records
from dlp.unpack.entry import Entry
from tests.support.inspecting import Inspected

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p-4471",
    "identifier": [
        {"type": {"coding": [{"code": "MR"}]}, "system": "http://north.example/x", "value": "A77"},
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "536-22-8714"},
        {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1245319599"},
    ],
    "name": [{"family": "De La Cruz", "given": ["Maria", "Q"], "text": "Maria Q De La Cruz"}],
    "telecom": [{"system": "phone", "value": "937-555-0142"}],
    "birthDate": "1956-03-04",
    "address": [{"line": ["12 Oak St"], "city": "Dayton", "postalCode": "45402"}],
    "generalPractitioner": [{"display": "Dr. Ann Whitfield"}],
    "text": {"div": '<div title="Jo">Seen <b>Gre</b>ta &amp; co<!-- hid --></div>'},
    "extension": [{"url": "http://x.example/ok", "valueString": "told by Aiko"}],
    "_birthDate": {"extension": [{"valueString": "maybe wrong"}]},
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "code": {
        "coding": [
            {
                "system": "http://hl7.org/fhir/sid/icd-10-cm",
                "code": "F10.20",
                "display": "dependence",
            }
        ],
        "text": "drinks",
    },
    "onsetDateTime": "2026-01-02",
    "recorder": {"display": "Ann Whitfield"},
}


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def read(data: bytes, fmt: str = "fhir/json") -> list[Item]:
    parse = fhir.parse if fmt.startswith("fhir") else jsondoc.parse
    return list(parse(Content(io.BytesIO(data), "", fmt), Meter(Budget())))


def passages(data: bytes, fmt: str = "fhir/json") -> list[Passage]:
    return [item for item in read(data, fmt) if isinstance(item, Passage)]


def of(text: str, data: bytes, fmt: str = "fhir/json") -> Passage:
    [found] = [p for p in passages(data, fmt) if p.text == text]
    return found


@pytest.mark.parametrize(
    ("text", "category", "part"),
    [
        ("De La Cruz", Category.NAME, "last"),
        ("Maria", Category.NAME, "first"),
        ("Q", Category.NAME, "middle"),
        ("A77", Category.MEDICAL_RECORD_NUMBER, ""),
        ("536-22-8714", Category.SSN, ""),
        ("937-555-0142", Category.PHONE, ""),
        ("1956-03-04", Category.BIRTH_DATE, ""),
        ("12 Oak St", Category.ADDRESS, "street"),
        ("45402", Category.ADDRESS, "zip"),
        ("p-4471", Category.OTHER_ID, ""),
    ],
)
def test_a_patients_elements_have_their_meaning(text: str, category: Category, part: str) -> None:
    found = of(text, bundle(PATIENT))
    assert (found.category, found.part, found.subject) == (category, part, Subject.PERSON)
    assert found.carrier is Carrier.IDENTIFIER_FIELD
    assert str(found.where).startswith("resource 1 Patient.")


def test_a_providers_npi_is_nobodys_secret() -> None:
    assert "1245319599" not in [p.text for p in passages(bundle(PATIENT))]


@pytest.mark.parametrize("text", ["told by Aiko", "maybe wrong", "drinks", "dependence",
                                  "Maria Q De La Cruz"])  # fmt: skip
def test_displays_texts_and_extensions_are_read(text: str) -> None:
    assert of(text, bundle(PATIENT, CONDITION)).carrier is Carrier.FREE_TEXT


def test_a_diagnosis_has_its_code_system() -> None:
    code = of("F10.20", bundle(CONDITION))
    assert (code.carrier, code.category, code.part) == (
        Carrier.CODED, Category.DIAGNOSIS, "icd10cm",
    )  # fmt: skip


def test_the_narrative_is_read_as_it_is_shown_and_so_is_what_it_hides() -> None:
    data = bundle(PATIENT)
    texts = {p.text for p in passages(data)}
    assert {"Seen Greta & co", "Jo", " hid "} <= texts
    shown = of("Seen Greta & co", data)
    assert shown.spans
    offset, length = shown.spans(5, 10)
    assert data[offset : offset + length] == b"Gre</b>ta"


def test_an_attachments_data_is_inspected() -> None:
    data = base64.b64encode(b"%PDF-1.4").decode()
    document = {"resourceType": "DocumentReference",
                "content": [{"attachment": {"contentType": "application/pdf", "data": data,
                                            "title": "scan of Jo.pdf"}}]}  # fmt: skip
    [entry] = [item for item in read(json.dumps(document).encode()) if isinstance(item, Entry)]
    assert entry.source
    assert (entry.name, entry.source.read()) == ("scan of Jo.pdf", b"%PDF-1.4")


def test_each_line_of_ndjson_is_a_resource() -> None:
    data = b"\n".join(json.dumps(r).encode() for r in (PATIENT, CONDITION))
    assert {str(p.where).split(".")[0] for p in passages(data, "fhir/ndjson")} == {
        "resource 1 Patient", "resource 2 Condition",
    }  # fmt: skip


def test_every_value_says_where_its_bytes_are() -> None:
    data = bundle(PATIENT, {"note": 'a "b" \u00e9\n', "resourceType": "X"})
    for passage in passages(data):
        assert passage.offset is not None
        raw = data[passage.offset : passage.offset + (passage.length or 0)]
        if passage.spans is None:
            assert raw.decode() == passage.text
    quoted = of('a "b" \u00e9\n', data)
    assert quoted.spans
    offset, length = quoted.spans(2, 5)
    assert data[offset : offset + length] == b'\\"b\\"'


def test_keys_that_hold_data_are_read() -> None:
    texts = {p.text for p in passages(b'{"Greta Kesselring, 12 Oak": 1, "ok_key": "v"}', "json")}
    assert texts == {"Greta Kesselring, 12 Oak", "v"}


@pytest.mark.parametrize(
    ("key", "value", "category"),
    [
        ("dob", "1956-03-04", Category.BIRTH_DATE),
        ("patientLastName", "Kesselring", Category.NAME),
        ("ssn", "536228714", Category.SSN),
        ("ssn", "see chart", None),
        ("patient", "see chart", None),
        ("note", "1956-03-04", None),
    ],
)
def test_key_and_shape_together_tell_what_a_value_is(
    key: str, value: str, category: Category | None
) -> None:
    assert of(value, json.dumps({key: value}).encode(), "json").category is category


@pytest.mark.parametrize(
    ("outer", "inner", "category"),
    [("member", "first", Category.NAME), ("queue", "first", None)],
)
def test_the_key_around_tells_whose_a_value_is(
    outer: str, inner: str, category: Category | None
) -> None:
    data = json.dumps({outer: {inner: "Kesselring"}}).encode()
    assert of("Kesselring", data, "json").category is category


def test_a_name_under_a_providers_key_is_the_providers() -> None:
    data = json.dumps({"provider": {"lastName": "Kesselring"}}).encode()
    assert of("Kesselring", data, "json").subject is Subject.PROVIDER


def test_an_ssn_in_any_json_is_held(inspected: Inspected) -> None:
    report, verdict = inspected(b'{"rows": [{"x": "ssn 536-22-8714"}]}')
    assert report.format == "json"
    assert verdict.action is Action.HOLD


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1', b'{"a"}', b"[1, 2}", b'{"a": 1}}', b'{"a": nul}', b"[1 2]", b"{1: 2}", b'"abc'],
)
def test_what_is_no_json_is_named(data: bytes) -> None:
    with pytest.raises(NotReadableError) as caught:
        read(data, "json")
    assert caught.value.obstacle is Obstacle.MALFORMED


@pytest.mark.parametrize("value", ["JOHNSMITH 536", "536-22-8714", "1245319598", "1 45319599"])
def test_what_is_no_npi_is_read_in_an_npis_place(value: str) -> None:
    person = {"resourceType": "Practitioner", "identifier": [
        {"system": "http://hl7.org/fhir/sid/us-npi", "value": value}]}  # fmt: skip
    assert value in [p.text for p in passages(bundle(person))]


@pytest.mark.parametrize(
    ("system", "is_read"),
    [
        ("urn:oid:2.16.840.1.113883.4.1", False),
        ("urn:uuid:0c3151bd-1cbf-4d64-b04d-123456789012", False),
        ("http://north.example/fhir/ids", False),
        ("http://north.example/fhir/536228714", True),
        ("http://north.example/fhir/536-22-8714", True),
        ("urn:patient:536-22-8714", True),
    ],
)
def test_a_long_number_in_the_name_of_a_system_is_read(system: str, is_read: bool) -> None:
    person = {"resourceType": "Patient", "identifier": [{"system": system, "value": "A77"}]}
    assert (system in [p.text for p in passages(bundle(person))]) == is_read


def test_what_follows_a_document_is_read_too() -> None:
    assert of("second", b'{"a": "first"} {"a": "second"}', "json")


def test_deep_nesting_is_named() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(b"[" * 5000, "json")
    assert caught.value.obstacle is Obstacle.TOO_DEEP


def test_both_of_two_equal_keys_are_read() -> None:
    assert {p.text for p in passages(b'{"a": "first", "a": "second"}', "json")} == {
        "first",
        "second",
    }


_TEXT = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def plain(value: Value) -> object:
    if isinstance(value, Leaf):
        return text_of(value).text if value.quoted else json.loads(value.raw)
    if isinstance(value, Array):
        return [plain(inner) for inner in value.elements]
    return {text_of(key).text: plain(inner) for key, inner in value.members}


@settings(max_examples=200)
@given(_JSON, st.booleans())
def test_the_tree_is_what_the_standard_library_reads(value: object, ascii_only: bool) -> None:
    data = json.dumps({"a": {"b": {"c": value}}}, ensure_ascii=ascii_only).encode()
    [record] = records(io.BytesIO(data), Meter(Budget()))
    assert plain(record.value) == {"a": {"b": {"c": value}}}


@settings(max_examples=400)
@given(st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"resourceType"', b'"name"', b'"', b"\\", b"12345678",
     b"true", b" ", b"\n", b"\xff", b'"<b>&amp;"', b'"div"', b'"data"', b'"contentType"']),
    max_size=25).map(b"".join)))  # fmt: skip
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    for fmt in ("fhir/json", "json"):
        try:
            for item in read(data, fmt):
                if isinstance(item, Passage) and item.spans:
                    item.spans(0, len(item.text))
        except NotReadableError:
            continue


def fhir_verdict(inspected: Inspected, resource: dict[str, Any], contract: str) -> list[str]:
    report, _ = inspected(json.dumps(resource).encode(), contract)
    return [str(f.category) for f in report.findings if not f.expected and f.confidence >= 0.5]


@pytest.mark.parametrize("element", ["code", "status", "valueCode", "system", "version", "unit",
                                     "profile", "fullUrl", "contentType", "language"])  # fmt: skip
@pytest.mark.parametrize(
    ("value", "category"),
    [("236-45-8714", "ssn"), ("937-438-2214", "phone"), ("1EG4-TE5-MK73", "medicare_id")],
)
def test_a_number_that_is_somebodys_is_no_code(
    element: str, value: str, category: str, inspected: Inspected
) -> None:
    resource = {"resourceType": "Basic", element: value}
    assert fhir_verdict(inspected, resource, "no-phi") == [category]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "code": {"text": "SSN"}, "valueString": "236458714"},
        {"resourceType": "Observation", "code": {"coding": [{"display": "Social security number"}]},
         "valueInteger": 236458714},
        {"resourceType": "Parameters", "parameter": [{"name": "ssn", "valueString": "236458714"}]},
        {"resourceType": "Basic", "extension": [
            {"url": "http://north.example/patient-ssn", "valueString": "236458714"}]},
        {"resourceType": "QuestionnaireResponse", "item": [
            {"text": "Social Security Number", "answer": [{"valueString": "236458714"}]}]},
        {"resourceType": "Patient", "identifier": [
            {"type": {"text": "Social Security Number"}, "value": "236458714"}]},
        {"resourceType": "Patient", "address": [{"line": ["SSN 236-45-8714"], "city": "Dayton"}]},
        {"resourceType": "Patient", "name": [{"family": "SSN 236458714"}]},
        {"resourceType": "Patient", "telecom": [{"system": "phone", "value": "236-45-8714"}]},
        {"resourceType": "Practitioner", "telecom": [{"system": "fax", "value": "SSN 236458714"}]},
        {"resourceType": "Location", "address": {"line": ["SSN 236-45-8714"], "city": "Dayton"}},
        {"resourceType": "Basic", "ssn": 236458714},
        {"resourceType": "Basic", "text": {"div": "<div class='SSN 236-45-8714'>ok</div>"}},
    ],
)  # fmt: skip
def test_an_ssn_beside_its_label_or_in_another_field_is_held(
    resource: dict[str, Any], inspected: Inspected
) -> None:
    assert fhir_verdict(inspected, resource, "clinical-fhir") == ["ssn"]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "QuestionnaireResponse", "item": [
            {"text": "Patient last name", "answer": [{"valueString": "Kesselring"}]}]},
        {"resourceType": "QuestionnaireResponse", "item": [
            {"text": "MRN", "answer": [{"valueString": "4471902"}]}]},
        {"resourceType": "Patient", "name": [{"text": "Xi Li"}]},
        {"resourceType": "Basic", "fullUrl": "https://a.example/r4/Patient/Quintero-Marisol"},
        {"resourceType": "Encounter", "location": [{"period": {"start": "2026-01-02"}}]},
        {"resourceType": "DocumentReference", "author": [
            {"reference": "Patient/a", "display": "Greta Kesselring"}]},
    ],
)  # fmt: skip
def test_what_a_resource_says_of_a_person_is_held(
    resource: dict[str, Any], inspected: Inspected
) -> None:
    assert len(fhir_verdict(inspected, resource, "no-phi")) == 1


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "PractitionerRole", "meta": {"lastUpdated": "2026-01-02T10:00:00Z"},
         "practitioner": {"reference": "Practitioner/ex-1", "display": "Dr Adam Careful"}},
        {"resourceType": "Practitioner", "name": [{"text": "Marisol Quintero, MD"}],
         "address": [{"text": "1482 Larkspur Lane, Dayton, OH 45402"}]},
        {"resourceType": "Organization", "contact": [{"name": {"text": "Marisol Quintero"}}]},
        {"resourceType": "ValueSet", "date": "2026-01-02", "contact": [
            {"telecom": [{"system": "url", "value": "http://hl7.org/fhir"}]}]},
        {"resourceType": "CapabilityStatement", "rest": [{"searchParam": [
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-birthdate"}]}]},
    ],
)  # fmt: skip
def test_directories_and_definitions_speak_of_nobody(
    resource: dict[str, Any], inspected: Inspected
) -> None:
    assert fhir_verdict(inspected, resource, "no-phi") == []


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ({"ssn_number": "236458714"}, "ssn"),
        ({"patientDob": "Mar 14, 1956"}, "birth_date"),
        ({"dob": "14.03.1956"}, "birth_date"),
        ({"chartNumber": "4471902"}, "medical_record_number"),
        ({"ssnLast4": "8714"}, "ssn"),
        ({"ss_last_four": "8714"}, "ssn"),
        ({"guarantor": "BROADNAX LAKEISHA"}, "name"),
        ({"bestNumber": "6145550142"}, "phone"),
        ({"patientAccountNo": "4471902"}, "account_number"),
        ({"policyNumber": "W123456789"}, "member_id"),
        ({"patient": {"id": "4471902"}}, "other_id"),
    ],
)
def test_a_key_says_what_a_columns_title_would(
    value: dict[str, Any], category: str, inspected: Inspected
) -> None:
    assert fhir_verdict(inspected, value, "no-phi") == [category]


@pytest.mark.parametrize(
    "value",
    [
        {"clientId": "app-4471902"},
        {"vendor": "Acme", "accountNumber": "4471902"},
        {"claimNumberFormat": "AAA999999"},
        {"name": "FirstPatient", "value": "true"},
        {"orderNumber": "4471902"},
        {"guarantor": "Self Pay"},
        {"patient": "Not Found"},
        {"claimCount": "4471902"},
        {"providerAccountNumber": "4471902"},
        {"patientCount": 4471902},
    ],
)
def test_a_key_of_other_things_says_nothing(value: dict[str, Any], inspected: Inspected) -> None:
    assert fhir_verdict(inspected, value, "no-phi") == []


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Binary", "contentType": "text/plain", "data": "SSN 236458714"},
        {"resourceType": "Coverage", "subscriberId": "236-45-8714"},
        {"resourceType": "Bundle", "identifier": {"value": "SSN 236458714"}},
    ],
)
def test_an_ssn_in_place_of_data_or_an_id_is_held(
    resource: dict[str, Any], inspected: Inspected
) -> None:
    assert fhir_verdict(inspected, resource, "clinical-fhir") == ["ssn"]
