"""FHIR's XML says what its JSON says, and nothing in it is out of sight."""

from __future__ import annotations

import io
import random
import re

import pytest

from bench.quality.people import somebody
from bench.quality.records import fhir, fhir_xml
from config.contracts import Action
from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Carrier, Category, NotReadableError, Passage
from dlp.parse.fhir import parse, parse_xml
from tests.support.inspecting import Inspected

DOCUMENT = b"""<?xml version="1.0"?><!-- by Jonas --><Patient xmlns="http://hl7.org/fhir">
<id value="p4471"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">
<p title="Aiko">Seen <b>Gre</b>ta</p></div></text>
<contained><Practitioner><name><family value="Whitfield"/></name></Practitioner></contained>
<extension url="http://x.example/ok"><valueString value="told by &quot;Ana&quot;"/></extension>
<name id="n1"><family value="De La Cruz"><extension url="http://x.example/own">
<valueString value="maiden name Roe"/></extension></family><given value="Maria"/><given value="Q"/>
</name>stray words<birthDate value="1956-03-04"/><gender value="female"/></Patient>"""


def passages(data: bytes) -> list[Passage]:
    content = Content(io.BytesIO(data), "", "fhir/xml")
    return [item for item in parse_xml(content, Meter(Budget())) if isinstance(item, Passage)]


def said(data: bytes) -> set[tuple[str, Category | None, str]]:
    return {(each.text, each.category, each.part) for each in passages(data)}


def test_both_syntaxes_say_the_same() -> None:
    who = somebody(random.Random(3))
    content = Content(io.BytesIO(fhir(who, "Called home.")), "", "fhir/json")
    items = parse(content, Meter(Budget()))
    as_json = {(i.text, i.category, i.part) for i in items if isinstance(i, Passage)}
    assert said(fhir_xml(who, "Called home.")) == as_json


@pytest.mark.parametrize(
    "text", ["Aiko", "Seen Greta", 'told by "Ana"', "maiden name Roe", "stray words", "by Jonas"]
)
def test_text_of_every_place_is_read(text: str) -> None:
    found = {each.text.strip() for each in passages(DOCUMENT) if each.carrier is Carrier.FREE_TEXT}
    assert text in found


def test_a_persons_name_comes_by_its_parts_and_staff_is_staff() -> None:
    found = {(each.text, each.part, str(each.subject)) for each in passages(DOCUMENT)}
    assert found >= {
        ("De La Cruz", "last", "person"), ("Maria", "first", "person"), ("Q", "middle", "person"),
        ("Whitfield", "last", "provider"),
    }  # fmt: skip


def test_every_value_says_where_its_bytes_are() -> None:
    for each in passages(DOCUMENT):
        if each.spans is None and each.offset is not None and each.length is not None:
            written = DOCUMENT[each.offset : each.offset + each.length].decode()
            assert written == each.text


def test_each_entry_of_a_bundle_is_a_resource() -> None:
    places = {str(each.where).partition(".")[0] for each in passages(_bundle())}
    assert places == {"resource 1 Patient", "resource 2 Observation"}


def _bundle() -> bytes:
    return fhir_xml(somebody(random.Random(3)), "Called home.")


MARKER = "Jonathan Ferndale 078-05-1120"


@pytest.mark.parametrize("place", range(len(re.findall(rb'"[^"<]*"', DOCUMENT))))
def test_no_attribute_hides_a_text(place: int) -> None:
    found = list(re.finditer(rb'"[^"<]*"', DOCUMENT))[place]
    data = DOCUMENT[: found.start() + 1] + MARKER.encode() + DOCUMENT[found.end() - 1 :]
    try:
        assert any(MARKER in each.text for each in passages(data))
    except NotReadableError as error:
        assert "XML" in str(error)  # noqa: PT017 - the declaration must be one


def test_a_strangers_ssn_in_a_note_is_held(inspected: Inspected) -> None:
    data = fhir_xml(somebody(random.Random(3)), "SSN 536-22-8714 was given.")
    report, verdict = inspected(data, "clinical-fhir", "a.xml")
    assert report.format == "fhir/xml"
    assert verdict.action is Action.HOLD
