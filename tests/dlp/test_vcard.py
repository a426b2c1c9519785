"""Contact cards and invitations: every property is read, folded, escaped or encoded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp.model import Obstacle
from dlp.parse.vcard import parse
from tests.support.inspecting import Inspected
from tests.support.reading import entries, obstacles, read, survives, texts

SECRET = "Zora Quillfeather"


def _card(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", "")).encode()


def _event(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", "")).encode()


@pytest.mark.parametrize(
    "line",
    [
        f"NOTE:{SECRET}",
        "NOTE:Zora\r\n  Quillfeather",
        "NOTE:Zora Quil\r\n\tlfeather",
        "NOTE;ENCODING=QUOTED-PRINTABLE:Zora=20Quill=\r\nfeather",
        "N:Quillfeather;Zora;;;",
        f'ATTENDEE;CN="{SECRET}";RSVP=TRUE:mailto:desk@clinic.example',
        f"X-OWN;X-WHO={SECRET}:1",
        f"item1.X-ABLabel:{SECRET}",
        f"TZID:{SECRET}",
        SECRET,
    ],
)
def test_text_is_read_wherever_it_stands(line: str) -> None:
    assert SECRET in texts(read(parse, _card(line)))


def test_a_picture_is_an_entry_and_a_damaged_one_is_told() -> None:
    assert entries(read(parse, _card("PHOTO;ENCODING=b;TYPE=PNG:iVBO\r\n Rw0K"))) == [
        b"\x89PNG\r\n"
    ]
    assert obstacles(read(parse, _card("PHOTO;ENCODING=b:iV*"))) == {Obstacle.MALFORMED}


def test_a_description_in_html_is_an_entry_with_its_escapes_undone() -> None:
    page = "X-ALT-DESC;FMTTYPE=text/html:<p>Zora\\, Quill</p>"
    assert entries(read(parse, _event(page))) == [b"<html>\n<p>Zora, Quill</p>"]


@pytest.mark.parametrize(
    ("line", "category"),
    [
        ("BDAY:19620314", "birth_date"),
        ("BDAY:1962-03-14", "birth_date"),
        ("TEL;TYPE=CELL:6148234471", "phone"),
        ("ADR;TYPE=HOME:;;1427 Larkspur Ave;Dayton;OH;45402;USA", "address"),
        ("NOTE:SSN 236\\;45", ""),
        ("NOTE:SSN 2364\r\n 56789", "ssn"),
    ],
)
def test_a_property_tells_what_its_value_is(inspected: Inspected, line: str, category: str) -> None:
    report, _ = inspected(_card(line))
    assert {f.category for f in report.findings} == ({category} if category else set())


def test_an_ordinary_invitation_is_released(inspected: Inspected) -> None:
    data = _event(
        "PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN", "METHOD:REQUEST",
        "BEGIN:VTIMEZONE", "TZID:Eastern Standard Time", "BEGIN:STANDARD",
        "DTSTART:16011104T020000", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11", "TZOFFSETFROM:-0400",
        "END:STANDARD", "END:VTIMEZONE", "BEGIN:VEVENT", "DTSTAMP:20240506T130000Z",
        'DTSTART;TZID="Eastern Standard Time":20240510T100000', "SUMMARY:Monthly totals call",
        "UID:040000008200E00074C5B7101A82E00800000000", "SEQUENCE:0", "TRANSP:OPAQUE",
        "BEGIN:VALARM", "TRIGGER:-PT15M", "ACTION:DISPLAY", "END:VALARM", "END:VEVENT",
    )  # fmt: skip
    report, verdict = inspected(data)
    assert report.format == "vcard"
    assert verdict.action == "release", [f.where for f in report.findings]


@given(st.binary(max_size=300))
def test_any_bytes_give_items_or_the_one_error(data: bytes) -> None:
    assert survives(parse, b"BEGIN:VCARD\r\n" + data)
