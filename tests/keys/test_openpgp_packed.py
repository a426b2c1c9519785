"""Signatures within compression are found, and count only over the content that was opened."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysequoia import Profile

from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from keys.openpgp_open import MessageOpener, SignatureError, check_content
from keys.openpgp_packed import MOST_SIGNATURES, signatures
from keys.openpgp_packets import HEAD
from keys.openpgp_stream import StreamError
from keys.pgpy_import import CompressionAlgorithm
from tests.support.packed_messages import packed

CONTENT = b"month,claims\n" + b"2026-01,40\n" * 9000
SECRET = generate_gateway_key("Gateway <gateway@example.org>")
GATEWAY = certificate_of(SECRET)
CLINIC = generate_partner_key("Clinic", "clinic@example.org")
STRANGER = generate_partner_key("Stranger", "stranger@example.org")


def certificate(secret: bytes) -> bytes:
    return bytes(pysequoia.Tsk.from_bytes(secret).extract_certificate())


CERTIFICATE = certificate(CLINIC)


def checked(tmp_path: Path, signature: bytes, content: bytes) -> str:
    path = tmp_path / "content"
    path.write_bytes(content)
    return check_content(str(path), signature, [CERTIFICATE])


@pytest.mark.parametrize("armor", [False, True])
@pytest.mark.parametrize("compression", ["ZIP", "ZLIB", "Uncompressed"])
@pytest.mark.parametrize("content", [b"x", CONTENT])
def test_the_signature_is_found_and_checks(
    tmp_path: Path, content: bytes, compression: str, armor: bool
) -> None:
    message = packed(
        content, GATEWAY, [CLINIC], compression=CompressionAlgorithm[compression], armor=armor
    )
    (found,) = signatures(io.BytesIO(message), [SECRET])
    assert checked(tmp_path, found, content) == fingerprint(CERTIFICATE)


def test_the_opener_says_that_the_signature_is_packed(tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(packed(CONTENT, GATEWAY, [CLINIC]))
    opener = MessageOpener(SECRET)
    with pytest.raises(SignatureError) as error:
        opener.open(
            opener.look(path.read_bytes()[:HEAD]), str(path), str(tmp_path / "out"), [CERTIFICATE]
        )
    assert (error.value.signed, error.value.packed) == (True, True)


def test_other_content_does_not_check(tmp_path: Path) -> None:
    (found,) = signatures(io.BytesIO(packed(CONTENT, GATEWAY, [CLINIC])), [SECRET])
    with pytest.raises(SignatureError):
        checked(tmp_path, found, CONTENT + b"2026-02,41\n")


def test_a_strangers_signature_does_not_check(tmp_path: Path) -> None:
    (found,) = signatures(io.BytesIO(packed(CONTENT, GATEWAY, [STRANGER])), [SECRET])
    with pytest.raises(SignatureError):
        checked(tmp_path, found, CONTENT)


def test_of_several_signatures_the_first_few_are_given() -> None:
    message = packed(b"x", GATEWAY, [STRANGER, CLINIC] * 3)
    assert len(signatures(io.BytesIO(message), [SECRET])) == MOST_SIGNATURES


def test_an_old_key_of_the_gateway_opens_it_too() -> None:
    old = generate_gateway_key("Gateway <gateway@example.org>")
    message = packed(CONTENT, certificate_of(old), [CLINIC])
    assert len(signatures(io.BytesIO(message), [SECRET, old])) == 1


def test_a_key_that_pgpy_does_not_know_is_passed_over() -> None:
    newer = bytes(pysequoia.Tsk.generate("Gateway <g@example.org>", profile=Profile.RFC9580))
    message = packed(b"x", GATEWAY, [CLINIC])
    assert len(signatures(io.BytesIO(message), [newer, b"no key", SECRET])) == 1


def test_a_message_for_others_is_an_error() -> None:
    with pytest.raises(StreamError):
        signatures(io.BytesIO(packed(b"x", certificate(STRANGER), [CLINIC])), [SECRET])


def test_version_2_of_the_encrypted_packet_is_an_error() -> None:
    """Sequoia writes it for a certificate that announces it."""
    message = pysequoia.encrypt(b"x", [pysequoia.Cert.from_bytes(GATEWAY)], armor=False)
    with pytest.raises(StreamError):
        signatures(io.BytesIO(message), [SECRET])


MESSAGE = packed(CONTENT, GATEWAY, [CLINIC])


@given(at=st.integers(0, len(MESSAGE) - 1), bit=st.integers(0, 7))
def test_a_changed_bit_gives_signatures_or_one_error(at: int, bit: int) -> None:
    damaged = bytearray(MESSAGE)
    damaged[at] ^= 1 << bit
    with suppress(StreamError):
        signatures(io.BytesIO(damaged), [SECRET])


@given(size=st.integers(0, len(MESSAGE) - 1))
def test_a_message_cut_short_gives_signatures_or_one_error(size: int) -> None:
    with suppress(StreamError):
        signatures(io.BytesIO(MESSAGE[:size]), [SECRET])
