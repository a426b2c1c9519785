"""Signatures, certificates and signed texts are read: nothing written into them stays hidden."""

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
from dlp.parse.openpgp import parse
from dlp.unpack.entry import Entry
from tests.support.inspecting import Inspected

ALICE = pysequoia.Tsk.generate("Alice Example <alice@example.org>")
CERTIFICATE = bytes(ALICE.extract_certificate())
DETACHED = pysequoia.SignatureMode.DETACHED
SIGNATURE = pysequoia.sign(ALICE.signer(), b"x", mode=DETACHED, armor=False)
SECRET = "JOHN Q KESSELRING SSN 536-22-8714"


def items(data: bytes) -> list[Item]:
    return list(parse(Content(io.BytesIO(data), "", "openpgp/signature"), Meter(Budget())))


def said(data: bytes) -> str:
    """All text that comes out."""
    return "\n".join(item.text for item in items(data) if isinstance(item, Passage))


def troubles(data: bytes) -> list[Obstacle]:
    return [item.obstacle for item in items(data) if isinstance(item, Uninspectable)]


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body


def subpacket(kind: int, body: bytes) -> bytes:
    return b"\xff" + (len(body) + 1).to_bytes(4, "big") + bytes([kind]) + body


def signature(*, hashed: bytes = b"", unhashed: bytes = b"", tail: bytes = b"\x12\x34\x00\x01\x01"
) -> bytes:  # fmt: skip
    areas = len(hashed).to_bytes(2, "big") + hashed + len(unhashed).to_bytes(2, "big") + unhashed
    return packet(2, b"\x04\x00\x16\x08" + areas + tail)


def notation(name: str, value: bytes, *, readable: bool = True) -> bytes:
    sizes = len(name).to_bytes(2, "big") + len(value).to_bytes(2, "big")
    flags = b"\x80\0\0\0" if readable else bytes(4)
    return subpacket(20, flags + sizes + name.encode() + value)


def armored(label: str, data: bytes, *headers: str) -> bytes:
    lines = [f"-----BEGIN PGP {label}-----", *headers, ""]
    lines += [*base64.encodebytes(data).decode().split(), f"-----END PGP {label}-----", ""]
    return "\n".join(lines).encode()


HIDDEN = {
    "notation": signature(hashed=notation("note@example.org", SECRET.encode())),
    "notation's name": signature(unhashed=notation(SECRET, b"x")),
    "notation without the flag": signature(unhashed=notation("n", SECRET.encode(), readable=False)),
    "policy address": signature(hashed=subpacket(26, SECRET.encode())),
    "signer's user id": signature(hashed=subpacket(28, SECRET.encode())),
    "reason": signature(hashed=subpacket(29, b"\x01" + SECRET.encode())),
    "algorithms": signature(hashed=subpacket(11, SECRET.encode())),
    "unknown part": signature(unhashed=subpacket(77, SECRET.encode())),
    "critical part": signature(hashed=subpacket(0x80 | 28, SECRET.encode())),
    "embedded": signature(
        hashed=subpacket(32, signature(hashed=subpacket(28, SECRET.encode()))[6:])
    ),
    "value": signature(tail=b"\x12\x34\x01\x08" + SECRET.encode()),
    "value in UTF-16": signature(tail=b"\x12\x34" + SECRET.encode("utf-16-le")),
    "cut short": signature(hashed=notation("a", SECRET.encode()))[:-7],
    "old signature": packet(2, b"\x03\x05" + bytes(17) + SECRET.encode()),
    "user id": CERTIFICATE + packet(13, SECRET.encode()),
    "key": packet(6, b"\x04" + bytes(5) + SECRET.encode()),
    "padding": SIGNATURE + packet(21, SECRET.encode()),
    "private packet": SIGNATURE + packet(60, SECRET.encode()),
    "behind the packets": SIGNATURE + SECRET.encode(),
    "armor header": armored("SIGNATURE", SIGNATURE, f"Comment: {SECRET}"),
    "behind the armor": armored("SIGNATURE", SIGNATURE) + SECRET.encode(),
    "between blocks": armored("SIGNATURE", SIGNATURE) + f"{SECRET}\n".encode()
    + armored("PUBLIC KEY BLOCK", CERTIFICATE),
    "no Base64": armored("SIGNATURE", SIGNATURE).replace(b"\n\n", f"\n\n{SECRET}\n".encode(), 1),
    "no blank line": f"-----BEGIN PGP SIGNATURE-----\n{SECRET}\n-----END".encode(),
}  # fmt: skip


@pytest.mark.parametrize("place", HIDDEN)
def test_nothing_hides(place: str) -> None:
    assert SECRET in said(HIDDEN[place])


@pytest.mark.parametrize("armor", [False, True])
def test_signatures_and_certificates_are_read_to_their_end(armor: bool) -> None:
    for label, data in (("SIGNATURE", SIGNATURE), ("PUBLIC KEY BLOCK", CERTIFICATE)):
        assert troubles(armored(label, data) if armor else data) == []
    assert "Alice Example <alice@example.org>" in said(CERTIFICATE)


def test_random_values_are_mostly_silent(inspected: Inspected) -> None:
    signatures = [
        pysequoia.sign(ALICE.signer(), bytes([n]), mode=DETACHED, armor=True) for n in range(40)
    ]
    held = [data for data in signatures if inspected(data)[1].action != "release"]
    assert held == []


@pytest.mark.parametrize(
    ("data", "obstacle"),
    [
        (SIGNATURE + packet(18, b"\x01" + bytes(40)), Obstacle.ENCRYPTED),
        (bytes(ALICE), Obstacle.UNSUPPORTED_TYPE),
        (signature(unhashed=subpacket(77, bytes(900))), Obstacle.MALFORMED),
        (signature(unhashed=notation("n", bytes(900), readable=False)), Obstacle.MALFORMED),
        (CERTIFICATE + packet(17, subpacket(7, bytes(900))), Obstacle.MALFORMED),
        (SIGNATURE[:-5], Obstacle.MALFORMED),
        (armored("SIGNATURE", SIGNATURE)[:-40], Obstacle.MALFORMED),
        (armored("SIGNATURE", SIGNATURE).replace(b"\n\n", b"\n\n!!!", 1), Obstacle.MALFORMED),
    ],
)
def test_what_could_carry_anything_is_a_fault(data: bytes, obstacle: Obstacle) -> None:
    assert obstacle in troubles(data)


def test_a_photo_is_a_member() -> None:
    photo = b"\x10\0\x01\x01" + bytes(12) + b"\xff\xd8\xff\xe0 a picture"
    found = items(CERTIFICATE + packet(17, subpacket(1, photo)))
    images = [item for item in found if isinstance(item, Entry)]
    assert [image.source.read() for image in images if image.source] == [photo[16:]]


SIGNED = pysequoia.sign(
    ALICE.signer(), b"id,paid\n1,20\n- 2,30\n3,40\n", mode=pysequoia.SignatureMode.CLEAR
)


def test_a_signed_text_is_read_as_what_it_is(inspected: Inspected) -> None:
    report, verdict = inspected(SIGNED)
    assert report.format == "openpgp/signed-text"
    assert "delimited/csv" in report.formats.values()
    assert verdict.action == "release"


def test_a_signed_text_loses_only_its_escapes() -> None:
    (member,) = (item for item in items(SIGNED) if isinstance(item, Entry))
    assert member.source
    assert member.source.read() == b"id,paid\n1,20\n- 2,30\n3,40\n"


def test_a_person_in_a_signed_text_is_found(inspected: Inspected) -> None:
    data = SIGNED.replace(b"3,40", b"3,SSN 536-22-8714")
    assert inspected(data)[1].action == "hold"


def test_a_line_that_ends_the_text_early_hides_nothing() -> None:
    data = SIGNED.replace(b"3,40", f"-----\n{SECRET}".encode())
    assert SECRET in said(data)
    assert Obstacle.MALFORMED in troubles(data)


def test_many_blocks_without_an_end_take_linear_time() -> None:
    data = b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n" * 20_000
    meter = Meter(Budget(seconds=20))
    assert len(list(parse(Content(io.BytesIO(data), "", "openpgp/signature"), meter))) >= 20_000


SEEDS = (SIGNATURE, CERTIFICATE, armored("SIGNATURE", SIGNATURE), SIGNED, *HIDDEN.values())


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
