"""Messages for the gateway are opened; nothing else is, and each is told apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.certificate import CertificateError
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from keys.openpgp_open import Fault, MessageError, MessageOpener, SignatureError
from keys.openpgp_packets import HEAD, ArmorEnd, is_armored, lead

CONTENT = b"month,claims\n" + b"2026-01,40\n" * 9000
SECRET = generate_gateway_key("Gateway <gateway@example.org>")
GATEWAY = pysequoia.Cert.from_bytes(certificate_of(SECRET))
CLINIC = pysequoia.Tsk.from_bytes(generate_partner_key("Clinic", "clinic@example.org"))
STRANGER = pysequoia.Tsk.generate("Stranger <stranger@example.org>")
OPENER = MessageOpener(SECRET)

Open = Callable[..., tuple[bytes, str]]


def certificate(key: pysequoia.Tsk) -> bytes:
    return bytes(key.extract_certificate())


def sealed(
    content: bytes = CONTENT,
    *keys: pysequoia.Cert,
    signer: pysequoia.Tsk | None = None,
    passwords: tuple[str, ...] = (),
    armor: bool = False,
) -> bytes:
    signing = signer.signer() if signer else None
    return pysequoia.encrypt(content, keys, signer=signing, passwords=passwords, armor=armor)


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def run(message: bytes, *certificates: bytes) -> tuple[bytes, str]:
        source, output = tmp_path / "message", tmp_path / "content"
        source.write_bytes(message)
        found = OPENER.look(message[:HEAD])
        signer = OPENER.open(found, str(source), str(output), certificates)
        return output.read_bytes(), signer

    return run


def fault(opened: Open, message: bytes) -> Fault:
    with pytest.raises(MessageError) as error:
        opened(message)
    return error.value.fault


@pytest.mark.parametrize("armor", [False, True])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_a_message_for_the_gateway_opens(opened: Open, content: bytes, armor: bool) -> None:
    assert opened(sealed(content, GATEWAY, armor=armor)) == (content, "")


def test_it_opens_also_where_others_can_open_it_too(opened: Open) -> None:
    message = sealed(CONTENT, STRANGER.extract_certificate(), GATEWAY, passwords=("word",))
    assert opened(message)[0] == CONTENT


@pytest.mark.parametrize("armor", [False, True])
def test_a_message_for_another_key_is_named(opened: Open, armor: bool) -> None:
    message = sealed(CONTENT, STRANGER.extract_certificate(), armor=armor)
    assert fault(opened, message) is Fault.FOREIGN


def test_a_password_alone_is_named(opened: Open) -> None:
    assert fault(opened, sealed(CONTENT, passwords=("word",))) is Fault.PASSWORD


@pytest.mark.parametrize("armor", [False, True])
def test_a_message_that_is_only_signed_is_not_taken_for_an_encrypted_one(
    opened: Open, armor: bool
) -> None:
    message = pysequoia.sign(CLINIC.signer(), CONTENT, armor=armor)
    assert fault(opened, message) is Fault.NOT_ENCRYPTED


def test_data_without_integrity_protection_is_refused(opened: Open) -> None:
    message = sealed(CONTENT, GATEWAY)
    session_key = 2 + message[1]
    old = message[:session_key] + bytes([0xC0 | 9, 100]) + bytes(100)
    assert fault(opened, old) is Fault.UNPROTECTED


@pytest.mark.parametrize("armor", [False, True])
def test_a_message_cut_short_never_opens(opened: Open, armor: bool) -> None:
    message = sealed(os.urandom(60_000), GATEWAY, armor=armor)
    whole = len(message.rstrip())
    for size in [*range(1, whole - 60, 1024), whole - 60]:
        assert fault(opened, message[:size]) is Fault.DAMAGED, size


def test_a_changed_bit_never_goes_unseen(opened: Open) -> None:
    message = sealed(os.urandom(3_000), GATEWAY)
    for place in [60, 80, 110, 200, 1000, len(message) - 25, len(message) - 1]:
        changed = bytearray(message)
        changed[place] ^= 0x10
        assert fault(opened, bytes(changed)) is Fault.DAMAGED, place


@pytest.mark.parametrize("tail", [b"\0" * 100, b"Jane Roe", sealed(b"more", GATEWAY)])
def test_what_follows_a_message_makes_it_damaged(opened: Open, tail: bytes) -> None:
    assert fault(opened, sealed(CONTENT, GATEWAY) + tail) is Fault.DAMAGED


def test_a_known_signature_is_checked_and_named(opened: Open) -> None:
    message = sealed(CONTENT, GATEWAY, signer=CLINIC)
    assert opened(message, certificate(CLINIC)) == (CONTENT, fingerprint(certificate(CLINIC)))


def test_among_several_certificates_the_right_one_is_named(opened: Open) -> None:
    message = sealed(CONTENT, GATEWAY, signer=STRANGER)
    known = (certificate(CLINIC), certificate(STRANGER))
    assert opened(message, *known)[1] == fingerprint(certificate(STRANGER))


@pytest.mark.parametrize(("signer", "signed"), [(None, False), (STRANGER, True)])
def test_no_known_signature_says_whether_there_is_any(
    opened: Open, signer: pysequoia.Tsk | None, signed: bool
) -> None:
    message = sealed(CONTENT, GATEWAY, signer=signer)
    with pytest.raises(SignatureError) as error:
        opened(message, certificate(CLINIC))
    assert error.value.signed is signed
    assert opened(message)[0] == CONTENT


def test_a_certificate_alone_does_not_open(opened: Open) -> None:
    with pytest.raises(CertificateError):
        MessageOpener(certificate_of(SECRET))


def test_an_error_quotes_nothing(opened: Open) -> None:
    with pytest.raises(MessageError) as error:
        opened(sealed(b"Jane Roe", GATEWAY)[:-9])
    assert (str(error.value), error.value.__cause__) == ("damaged", None)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_looked_at_without_an_error(data: bytes, armor: bool) -> None:
    head = b"-----BEGIN PGP MESSAGE-----\n\n" + data if armor else data
    assert len(lead(head).recipients) <= len(head)


@given(st.integers(0, 10**9))
def test_a_message_damaged_anywhere_in_its_start_gives_a_fault(seed: int) -> None:
    message = bytearray(sealed(b"x", GATEWAY, STRANGER.extract_certificate()))
    message[seed % 120] ^= 1 + seed % 255
    try:
        OPENER.look(bytes(message))
    except MessageError as error:
        assert error.fault in Fault  # noqa: PT017 - either outcome is right, another error is not


def test_many_recipients_past_the_head_are_tried() -> None:
    message = sealed(b"x", STRANGER.extract_certificate())
    packet = message[: 2 + message[1]]
    assert OPENER.look((packet * 2000)[:HEAD]).data is None


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_text_after_an_armored_message_is_seen_in_pieces_of_any_size(size: int) -> None:
    armored = sealed(b"x" * 5000, GATEWAY, armor=True)
    verdicts = []
    for message in (armored + b"\r\n\n", armored + b"\nJane Roe\n", armored + armored):
        end = ArmorEnd()
        for place in range(0, len(message), size):
            end.feed(message[place : place + size])
        verdicts.append(end.followed)
    assert verdicts == [False, True, True]


def test_an_armored_message_is_known_by_its_first_line() -> None:
    assert is_armored(b"\xef\xbb\xbf\r\n" + sealed(b"x", GATEWAY, armor=True))
    assert not is_armored(b"see below\n" + sealed(b"x", GATEWAY, armor=True))
