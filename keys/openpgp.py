"""The gateway's own OpenPGP key: making it, and showing its public side.

Version 4 with Ed25519 and X25519 (as EdDSA and ECDH over Curve25519), which every OpenPGP
program in use can verify; version 6 (RFC 9580) is not yet read by GnuPG or PGPy.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pysequoia import Cert, CipherSuite, Profile, Tsk

from keys.certificate import CertificateError, CertificateInfo, describe, explain

__all__ = [
    "GATEWAY_VALIDITY",
    "CertificateError",
    "CertificateInfo",
    "certificate_of",
    "describe",
    "fingerprint",
    "generate_gateway_key",
]

GATEWAY_VALIDITY: Final = timedelta(days=3 * 365)
"""How long a new gateway key lasts; ``describe(...).expires`` says when to renew it."""


def generate_gateway_key(user_id: str, validity: timedelta | None = GATEWAY_VALIDITY) -> bytes:
    """A new secret key that certifies, signs and decrypts, armored, without a password.

    Args:
        user_id: Such as ``Example Gateway <gateway@example.org>``.
        validity: Until it expires, or None for never.

    Raises:
        ValueError: If ``user_id`` is blank.
    """
    if not user_id.strip():
        raise ValueError("the gateway's OpenPGP key needs a user id")
    seconds = None if validity is None else int(validity.total_seconds())
    key = Tsk.generate(
        user_id,
        profile=Profile.RFC4880,
        cipher_suite=CipherSuite.Cv25519,
        validity_seconds=seconds,
    )
    return str(key).encode("ascii")


def certificate_of(secret: bytes) -> bytes:
    """The public certificate of a secret key, armored.

    Raises:
        CertificateError: If ``secret`` isn't an OpenPGP secret key.
    """
    try:
        return str(Tsk.from_bytes(secret).extract_certificate()).encode("ascii")
    except RuntimeError as error:
        raise CertificateError(f"not an OpenPGP secret key: {explain(error)}") from None


def fingerprint(blob: bytes) -> str:
    """The primary key's fingerprint, lower-case hexadecimal, of a certificate or secret key.

    Raises:
        CertificateError: If it is neither.
    """
    try:
        return Cert.from_bytes(blob).fingerprint
    except RuntimeError as error:
        raise CertificateError(f"not an OpenPGP certificate: {explain(error)}") from None
