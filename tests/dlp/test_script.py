"""NCPDP SCRIPT: every element comes out, those of the standard with their meaning."""

from __future__ import annotations

import io
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.people import somebody
from bench.quality.records import script
from config.contracts import Action
from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Carrier, Category, NotReadableError, Passage, Subject
from dlp.parse.ncpdp import parse_script
from tests.support.inspecting import Inspected

WHO = somebody(random.Random(5))
MESSAGE = script(WHO, "Take with food.")
OLD = b"""<Message xmlns="http://www.ncpdp.org/schema/SCRIPT" version="010"><Body><NewRx>
<Pharmacy><StoreName>Corner Drugs</StoreName></Pharmacy><Patient><Identification>
<SocialSecurity>536228714</SocialSecurity></Identification><Name><LastName>Roe</LastName></Name>
<Address><ZipCode>45402</ZipCode></Address><CommunicationNumbers><Communication>
<Number>9375550142</Number><Qualifier>TE</Qualifier></Communication></CommunicationNumbers>
</Patient></NewRx></Body></Message>"""


def passages(data: bytes) -> list[Passage]:
    content = Content(io.BytesIO(data), "", "ncpdp/script")
    return [item for item in parse_script(content, Meter(Budget())) if isinstance(item, Passage)]


@pytest.mark.parametrize(
    ("text", "category", "part", "subject"),
    [
        (WHO.last, Category.NAME, "last", Subject.PERSON),
        (WHO.first, Category.NAME, "first", Subject.PERSON),
        (WHO.birth.isoformat(), Category.BIRTH_DATE, "", Subject.PERSON),
        (WHO.street, Category.ADDRESS, "street", Subject.PERSON),
        (WHO.zip, Category.ADDRESS, "zip", Subject.PERSON),
        (WHO.phone, Category.PHONE, "", Subject.PERSON),
        (WHO.member_id, Category.MEMBER_ID, "", Subject.PERSON),
        (WHO.mrn, Category.MEDICAL_RECORD_NUMBER, "", Subject.PERSON),
        ("Whitfield", Category.NAME, "last", Subject.PROVIDER),
        ("00093723401", Category.MEDICATION, "ndc", Subject.PERSON),
    ],
)
def test_elements_have_their_meaning(
    text: str, category: Category, part: str, subject: Subject
) -> None:
    found = next(each for each in passages(MESSAGE) if each.text == text)
    assert (found.category, found.part, found.subject) == (category, part, subject)


@pytest.mark.parametrize(
    ("text", "category", "subject"),
    [
        ("536228714", Category.SSN, Subject.PERSON), ("45402", Category.ADDRESS, Subject.PERSON),
        ("9375550142", Category.PHONE, Subject.PERSON),
        ("Corner Drugs", Category.NAME, Subject.PROVIDER),
    ],
)  # fmt: skip
def test_the_older_version_says_the_same(text: str, category: Category, subject: Subject) -> None:
    found = next(each for each in passages(OLD) if each.text == text)
    assert (found.category, found.subject) == (category, subject)


def test_every_value_says_where_its_bytes_are() -> None:
    for each in passages(MESSAGE):
        if each.offset is not None and each.length is not None and each.spans is None:
            assert MESSAGE[each.offset : each.offset + each.length].decode() == each.text


MARKER = "Jonathan Ferndale asks, 078-05-1120"
VALUES = list(re.finditer(rb">([^<>\s][^<>]*)<", MESSAGE))


@pytest.mark.parametrize("place", range(len(VALUES)))
def test_no_element_hides_a_sentence(place: int) -> None:
    found = VALUES[place]
    data = MESSAGE[: found.start(1)] + MARKER.encode() + MESSAGE[found.end(1) :]
    [seen] = [each for each in passages(data) if MARKER in each.text]
    assert seen.carrier is Carrier.FREE_TEXT


@given(st.binary(max_size=60), st.integers(0, len(MESSAGE)))
def test_a_changed_message_gives_passages_or_the_one_error(change: bytes, at: int) -> None:
    try:
        passages(MESSAGE[:at] + change + MESSAGE[at + len(change) :])
    except NotReadableError:
        return


@pytest.mark.parametrize(
    ("note", "action"),
    [("Take with food.", Action.RELEASE), ("SSN 536-22-8714", Action.HOLD),
     (f"{WHO.first} {WHO.last} will call", Action.HOLD)],
)  # fmt: skip
def test_a_prescription_goes_unless_its_note_names_somebody(
    inspected: Inspected, note: str, action: Action
) -> None:
    report, verdict = inspected(script(WHO, note), "pharmacy", "a.xml")
    assert report.format == "ncpdp/script"
    assert verdict.action is action


@pytest.mark.parametrize(
    "element",
    [
        "<Pharmacy><Fax><Number>{}</Number></Fax></Pharmacy>",
        "<Prescriber><Identification><DEANumber>{}</DEANumber></Identification></Prescriber>",
        "<Patient><PrimaryTelephone><Number>{}</Number></PrimaryTelephone></Patient>",
    ],
)
def test_an_ssn_in_an_element_of_another_kind_is_held(element: str, inspected: Inspected) -> None:
    body = element.format("236-45-8714")
    head = '<Message xmlns="http://www.ncpdp.org/schema/SCRIPT">'
    report, _ = inspected(f"{head}<Body>{body}</Body></Message>".encode(), "pharmacy")
    assert [f.category for f in report.findings if not f.expected] == [Category.SSN]
