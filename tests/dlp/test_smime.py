"""S/MIME data that is signed is read; what is encrypted is called so, by its bytes."""

from __future__ import annotations

import base64
import io

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.model import NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.cms import parse
from dlp.unpack.entry import Entry
from tests.support.inspecting import Inspected
from tests.support.smime_files import certificate, enveloped, indefinite, signed

DESK = certificate("claims desk")
CLEAN = b"Content-Type: text/plain\r\n\r\nnothing to see\r\n"
LEAK = b"Content-Type: text/plain\r\n\r\nSSN 536-22-8714 of John Q Kesselring\r\n"
HEADERS = b"From: claims@clinic.example\r\nTo: claims@payer.example\r\nSubject: claims\r\n"
ENVELOPED = enveloped(CLEAN)


def items(data: bytes) -> list[Item]:
    return list(parse(Content(io.BytesIO(data), "", "smime/signed"), Meter(Budget())))


def members(data: bytes) -> list[bytes]:
    return [i.source.read() for i in items(data) if isinstance(i, Entry) and i.source]


def said(data: bytes) -> str:
    return "\n".join(item.text for item in items(data) if isinstance(item, Passage))


def mail(kind: str, body: bytes) -> bytes:
    head = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nContent-Type: "
    return HEADERS + head + kind.encode() + b"\r\n\r\n" + base64.encodebytes(body)


@pytest.mark.parametrize(
    "data",
    [
        signed(LEAK, DESK),
        indefinite([LEAK]),
        indefinite([LEAK[:40], LEAK[40:44], LEAK[44:]]),
        mail("application/pkcs7-mime; smime-type=signed-data", signed(LEAK, DESK)),
        mail("application/pkcs7-mime; smime-type=enveloped-data", signed(LEAK, DESK)),
        mail("application/x-pkcs7-mime; name=smime.p7m", indefinite([LEAK])),
        signed(LEAK, DESK, detached=True, smime=True),
    ],
)
def test_what_is_signed_is_read(inspected: Inspected, data: bytes) -> None:
    report, _ = inspected(data)
    assert "ssn" in {str(finding.category) for finding in report.findings}
    assert Obstacle.ENCRYPTED not in {trouble.obstacle for trouble in report.uninspectable}


@pytest.mark.parametrize(
    "data",
    [
        signed(CLEAN, DESK),
        indefinite([CLEAN]),
        mail("application/pkcs7-mime; smime-type=signed-data", signed(CLEAN, DESK)),
        HEADERS + signed(CLEAN, DESK, detached=True, smime=True),
    ],
)
def test_a_clean_signed_mail_is_released(inspected: Inspected, data: bytes) -> None:
    report, verdict = inspected(data)
    assert (verdict.reasons, report.uninspectable) == ((), ())


def test_a_signed_entity_is_read_as_mail_so_that_its_attachments_are(inspected: Inspected) -> None:
    attachment = base64.encodebytes(b"id,ssn\n1,536-22-8714\n2,536-22-8715\n3,536-22-8716\n")
    entity = (
        b"Content-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=a.csv\r\n\r\n" + attachment
    )
    assert "delimited/csv" in inspected(signed(entity, DESK))[0].formats.values()


@pytest.mark.parametrize(
    "data",
    [
        ENVELOPED,
        mail("application/pkcs7-mime; smime-type=enveloped-data", ENVELOPED),
        mail("application/pkcs7-mime; smime-type=signed-data", ENVELOPED),
    ],
)
def test_what_is_encrypted_is_called_so_whatever_its_mail_says(
    inspected: Inspected, data: bytes
) -> None:
    report, verdict = inspected(data)
    assert Obstacle.ENCRYPTED in {trouble.obstacle for trouble in report.uninspectable}
    assert verdict.action == "hold"


def test_text_that_calls_itself_encrypted_is_read(inspected: Inspected) -> None:
    report, _ = inspected(mail("application/pkcs7-mime; smime-type=enveloped-data", LEAK))
    assert "ssn" in {str(finding.category) for finding in report.findings}


def test_what_stands_in_a_certificate_is_read() -> None:
    data = signed(CLEAN, certificate("John Q Kesselring", "kesselring@clinic.example"))
    assert "John Q Kesselring" in said(data)
    assert "kesselring@clinic.example" in said(data)


@pytest.mark.parametrize(
    "put",
    [
        b"\x0c\x11John Q Kesselring",
        b"\x1e\x22" + "John Q Kesselring".encode("utf-16-be"),
        b"\x81\x11John Q Kesselring",
        b"\x04\x11John Q Kesselring",
        b"\x04\x13\x0c\x11John Q Kesselring",
        b"\x03\x12\x00John Q Kesselring",
        b"\x02\x11John Q Kesselring",
        b"\x24\x80\x04\x11John Q Kesselring\0\0",
    ],
)
def test_no_element_hides_text(put: bytes) -> None:
    assert "John Q Kesselring" in said(
        indefinite([CLEAN], certificates=b"\xa0\x80" + put + b"\0\0")
    )


@pytest.mark.parametrize(
    "data",
    [
        signed(CLEAN, DESK)[:-9],
        signed(CLEAN, DESK) + b"John Q Kesselring",
        indefinite([CLEAN])[:-2],
        b"\x30\x80" * 300,
        signed(CLEAN, DESK)[:30],
    ],
    ids=["cut", "followed", "open", "deep", "head"],
)
def test_damage_is_said(data: bytes) -> None:
    assert Obstacle.MALFORMED in {i.obstacle for i in items(data) if isinstance(i, Uninspectable)}


def test_pieces_make_one_content() -> None:
    assert members(indefinite([b"one ", b"", b"two"])) == [b"one two"]


SEEDS = (signed(CLEAN, DESK), indefinite([CLEAN[:9], CLEAN[9:]]), signed(LEAK, DESK, detached=True))


@given(st.sampled_from(SEEDS), st.integers(0, 10**6), st.binary(max_size=12), st.integers(0, 12))
def test_any_damage_gives_items_or_a_named_error(
    seed: bytes, place: int, put: bytes, cut: int
) -> None:
    at = place % len(seed)
    try:
        items(seed[:at] + put + seed[at + cut :])
    except NotReadableError as error:
        assert error.obstacle in Obstacle  # noqa: PT017 - any other error is the failure


@given(st.binary(max_size=200))
def test_any_bytes_give_items_or_a_named_error(data: bytes) -> None:
    try:
        items(data)
    except NotReadableError as error:
        assert error.obstacle in Obstacle  # noqa: PT017 - likewise


def test_a_mail_signed_with_openpgp_is_released(inspected: Inspected) -> None:
    key = pysequoia.Tsk.generate("claims desk")
    mode = pysequoia.SignatureMode.DETACHED
    signature = pysequoia.sign(key.signer(), CLEAN, mode=mode, armor=True)
    data = (
        HEADERS + b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b; "
        b'protocol="application/pgp-signature"\r\n\r\n--b\r\n' + CLEAN + b"\r\n--b\r\n"
        b"Content-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
        + signature + b"\r\n--b--\r\n"
    )  # fmt: skip
    report, verdict = inspected(data)
    assert "openpgp/signature" in report.formats.values()
    assert (verdict.reasons, report.uninspectable) == ((), ())
