"""Pins of TLS client certificates: made of PEM files, compared with what TLS was shown. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.directory_types import CredentialKind, DirectoryError, NewCredential

_MIN_RSA: Final = 2048
_PRIVATE: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_UNSEEN: Final = re.compile(r"[^\x21-\x7e]+")
_SERVES: Final = frozenset(
    {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
)


def certificate_pin(
    text: str, file: str = "the certificate", *, now: datetime | None = None
) -> NewCredential:
    """A pin of this very certificate; it ends with it.

    Raises:
        DirectoryError: A private key, no certificate or several, one that has expired, is too
            weak, or isn't for clients.
    """
    certificate = _client_certificate(text, file, now or datetime.now(UTC))
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return NewCredential(
        CredentialKind.CLIENT_CERTIFICATE,
        digest,
        digest,
        _comment(certificate),
        lifetime=certificate.not_valid_after_utc - (now or datetime.now(UTC)),
    )


def key_pin(
    text: str, file: str = "the certificate", *, now: datetime | None = None
) -> NewCredential:
    """A pin of this certificate's public key: renewed ones of the same key fit it too.

    Raises:
        DirectoryError: As for :func:`certificate_pin`.
    """
    certificate = _client_certificate(text, file, now or datetime.now(UTC))
    digest = _key_digest(certificate)
    return NewCredential(CredentialKind.CLIENT_KEY, digest, digest, _comment(certificate))


def pins_of(der: bytes, now: datetime) -> Sequence[tuple[CredentialKind, str]]:
    """What a certificate that a client proved may be pinned as; nothing once it is out of date.

    TLS checked chain and dates at the handshake. Connections outlive certificates, so dates are
    looked at again with each request.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            return ()
        key = _key_digest(certificate)
    except ValueError:
        return ()
    whole = hashlib.sha256(der).hexdigest()
    return ((CredentialKind.CLIENT_CERTIFICATE, whole), (CredentialKind.CLIENT_KEY, key))


def _client_certificate(text: str, file: str, now: datetime) -> x509.Certificate:
    if _PRIVATE.search(text):
        raise DirectoryError(
            f"{file} holds a private key; nothing of it was kept. Ask the partner for the "
            "certificate alone, and tell them to make a new key if they sent you this one"
        )
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise DirectoryError(f"{file} holds no whole PEM certificate") from None
    if len(found) != 1:
        raise DirectoryError(
            f"{file} holds {len(found)} certificates; give the client's own alone, and put its "
            "CA into the file that https.client_ca names"
        )
    _check(found[0], file, now)
    return found[0]


def _check(certificate: x509.Certificate, file: str, now: datetime) -> None:
    if certificate.not_valid_after_utc <= now:
        raise DirectoryError(f"{file} expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    try:
        key = certificate.public_key()
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    except ValueError:
        raise DirectoryError(f"{file}: a key or extension of it can't be read") from None
    if usage is not None and not _SERVES & set(usage):
        raise DirectoryError(
            f"{file} isn't for clients: its extended key usage lacks clientAuth, so TLS would "
            "refuse it; have it issued anew"
        )
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA:
        raise DirectoryError(f"{file}: RSA of {key.key_size} bits is too weak; use 3072 or more")


def _key_digest(certificate: x509.Certificate) -> str:
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def _comment(certificate: x509.Certificate) -> str:
    return _UNSEEN.sub("_", certificate.subject.rfc4514_string())[:80]
