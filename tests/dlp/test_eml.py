"""Mail: headers, bodies and attachments, whatever they are wrapped in."""

from __future__ import annotations

import contextlib
import io
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.model import Category, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse import eml
from dlp.unpack.entry import Entry
from tests.support.inspecting import Inspected


def mail(body: str = "Hello\n", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "desk@clinic.example", "claims@payer.example"
    message["Subject"] = headers.get("subject", "Question")
    message.set_content(body, cte=headers.get("cte"))
    return message


def read(data: bytes) -> list[Item]:
    return list(eml.parse(Content(io.BytesIO(data), "", "message/rfc822"), Meter(Budget())))


def texts(data: bytes) -> str:
    return " | ".join(item.text for item in read(data) if isinstance(item, Passage))


def test_headers_are_decoded_and_named() -> None:
    data = b"From: a@b.cc\nTo: c@d.ee\nSubject: =?utf-8?q?about_Zo=C3=AB_Park?=\n\nhi\n"
    found = {str(i.where() if callable(i.where) else i.where): i.text
             for i in read(data) if isinstance(i, Passage)}  # fmt: skip
    assert any("Zo\u00eb Park" in text for text in found.values())
    assert any("subject" in place.lower() for place in found)


@pytest.mark.parametrize("cte", ["7bit", "quoted-printable", "base64"])
def test_a_body_is_read_in_any_transfer_encoding(cte: str, inspected: Inspected) -> None:
    report, _ = inspected(mail("SSN 536-22-8714 is hers\n", cte=cte).as_bytes())
    assert report.format == "message/rfc822"
    assert Category.SSN in {f.category for f in report.findings}


def test_an_attachment_is_inspected_by_its_own_format(inspected: Inspected) -> None:
    message = mail()
    message.add_attachment("<p>SSN 536-<b>22</b>-8714</p>", subtype="html", filename="a.html")
    report, _ = inspected(message.as_bytes())
    assert "html" in report.formats.values()
    assert Category.SSN in {f.category for f in report.findings}


def test_an_attachments_name_is_read() -> None:
    message = mail()
    message.add_attachment("x\n", filename="Aiko Volkova.txt")
    names = [item.name for item in read(message.as_bytes()) if isinstance(item, Entry)]
    assert "Aiko Volkova.txt" in names


def test_a_mail_in_a_mail_is_read(inspected: Inspected) -> None:
    outer = mail()
    outer.add_attachment(mail("SSN 536-22-8714\n"))
    report, _ = inspected(outer.as_bytes())
    assert Category.SSN in {f.category for f in report.findings}


@pytest.mark.parametrize(
    "head",
    [
        b"From a@b.cc Mon Jan  5 10:00:00 2026\nSubject: x\nTo: c@d.ee\n",
        b"DKIM-Signature: v=1\nSender: a@b.cc\nSubject: x\n",
        b"Authentication-Results: x\nFrom: a@b.cc\nTo: c@d.ee\n",
    ],
)
def test_a_mail_is_known_by_any_of_its_usual_first_headers(
    inspected: Inspected, head: bytes
) -> None:
    assert inspected(head + b"\nhello\n")[0].format == "message/rfc822"


def test_preamble_and_epilogue_are_read() -> None:
    message = mail()
    message.add_attachment("x\n")
    message.preamble, message.epilogue = "for Aiko\n", "from Greta\n"
    said = texts(message.as_bytes())
    assert "for Aiko" in said
    assert "from Greta" in said


def test_an_encrypted_mail_is_named() -> None:
    data = (
        b"From: a@b.cc\nTo: c@d.ee\nSubject: x\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\n\n'
        b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
        b"Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n--b--\n"
    )
    assert Obstacle.ENCRYPTED in {i.obstacle for i in read(data) if isinstance(i, Uninspectable)}


def test_a_desk_s_own_addresses_hold_no_mail(inspected: Inspected) -> None:
    assert inspected(mail("nothing to see\n").as_bytes())[1].action == "release"


def test_a_persons_address_does(inspected: Inspected) -> None:
    data = mail().as_bytes().replace(b"claims@payer", b"aiko.volkova@payer")
    assert Category.EMAIL in {f.category for f in inspected(data)[0].findings}


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(
    [b"From: a\n", b"Subject: =?utf-8?b?", b"?=\n", b"Content-Type: multipart/mixed; boundary=b\n",
     b"Content-Transfer-Encoding: base64\n", b"\n", b"--b\n", b"--b--\n", b"SGk=\n", b"=4A=\n",
     b"begin 644 a\n", b"#0V%T\n", b"end\n", b"\xff", b" folded\n", b"Content-Type: text/html\n"]),
    max_size=20).map(b"".join)))  # fmt: skip
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    try:
        for item in read(data):
            if isinstance(item, Entry) and item.source:
                item.source.read(1000)
    except NotReadableError:
        return


def test_many_nested_parts_take_linear_time() -> None:
    data = b"From: a@b.cc\nTo: c@d.ee\nSubject: x\n"
    for index in range(300):
        data += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (index, index)
    with contextlib.suppress(NotReadableError):
        read(data + b"\n" * 100_000)


@pytest.mark.parametrize(
    "head",
    [
        b"From: <Saved by Blink>\nSnapshot-Content-Location: https://a.example\nSubject: x\n",
        b"MIME-Version: 1.0\n",
        b"",
    ],
)
def test_a_page_saved_as_a_mail_is_read_as_one(inspected: Inspected, head: bytes) -> None:
    whole = (
        head
        + b"Content-Type: multipart/related; boundary=ab\n\n--ab\n"
        + (
            b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
            b"PGI+U1NOIDUzNjwvYj4tMjItODcxNA==\n--ab--\n"
        )
    )
    report, _ = inspected(whole)
    assert report.format == "message/rfc822"
    assert Category.SSN in {f.category for f in report.findings}
