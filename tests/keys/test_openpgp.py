"""The gateway's own key, and partners' keys made here."""

from __future__ import annotations

import re
from datetime import timedelta

import pysequoia
import pytest

from keys.interoperable import generate_partner_key
from keys.openpgp import (
    CertificateError,
    certificate_of,
    describe,
    fingerprint,
    generate_gateway_key,
)


@pytest.fixture(scope="module")
def secret() -> bytes:
    return generate_gateway_key("Example Gateway <gateway@example.org>")


def test_the_gateways_key_signs_and_its_certificate_verifies(secret: bytes) -> None:
    signed = pysequoia.sign(pysequoia.Tsk.from_bytes(secret).signer(), b"text")
    cert = pysequoia.Cert.from_bytes(certificate_of(secret))
    checked = pysequoia.verify(signed, store=lambda _ids: [cert])
    assert checked.bytes == b"text"
    assert len(checked.valid_sigs) == 1


def test_the_public_side_holds_no_secret_packet(secret: bytes) -> None:
    assert b"PRIVATE" in secret
    tags = {str(p.tag) for p in pysequoia.packet.PacketPile.from_bytes(certificate_of(secret))}
    assert tags == {"Tag.PublicKey", "Tag.PublicSubkey", "Tag.UserID", "Tag.Signature"}


def test_the_gateways_key_is_of_version_4_which_gnupg_reads(secret: bytes) -> None:
    info = describe(certificate_of(secret))
    assert info.primary.version == 4
    assert info.algorithms == ("EdDSA Ed25519", "EdDSA Ed25519", "ECDH Curve25519")
    assert info.user_ids == ("Example Gateway <gateway@example.org>",)


def test_the_fingerprint_is_the_same_of_either_side(secret: bytes) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", fingerprint(secret))
    assert (
        fingerprint(secret) == fingerprint(certificate_of(secret)) == describe(secret).fingerprint
    )


@pytest.mark.parametrize("validity", [None, timedelta(days=30)])
def test_it_expires_when_it_was_told_to(validity: timedelta | None) -> None:
    info = describe(certificate_of(generate_gateway_key("Gateway", validity)))
    assert info.expires == (None if validity is None else info.created + validity)


def test_expiry_is_the_last_encryption_keys_where_that_is_sooner() -> None:
    partner = pysequoia.Tsk.generate("Payer", validity_seconds=86_400)
    info = describe(bytes(partner.extract_certificate()))
    assert info.expires == min(key.expires for key in info.encryption_keys if key.expires)


def test_a_blank_name_makes_no_key() -> None:
    with pytest.raises(ValueError, match="user id"):
        generate_gateway_key(" ")
    with pytest.raises(ValueError, match="name"):
        generate_partner_key("", "payer@example.org")


@pytest.mark.parametrize("blob", [b"", b"hello", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx"])
def test_what_is_no_key_is_refused_without_a_stack_trace(blob: bytes) -> None:
    for read in (certificate_of, describe, fingerprint):
        with pytest.raises(CertificateError) as caught:
            read(blob)
        assert "\n" not in str(caught.value)
