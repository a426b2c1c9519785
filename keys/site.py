"""The other keys that a new site needs, made in memory: TLS, the log's, SSH host keys.

Functions return bytes; whoever makes the site writes them, secret ones with mode 0600.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

TLS_VALIDITY: Final = timedelta(days=397)
"""The longest that browsers accepted when the CA/Browser Forum set it (ballot SC31)."""
_CLOCK_SKEW: Final = timedelta(hours=1)
_RSA_BITS: Final = 3072


@dataclass(frozen=True, slots=True)
class SshHostKeys:
    """Private keys in OpenSSH's own format, and their public lines.

    Attributes:
        ed25519: Secret.
        ed25519_public: One line, as in ``known_hosts`` after the host's name.
        rsa: Secret; 3072 bits, for clients without Ed25519.
        rsa_public: One line.
    """

    ed25519: bytes
    ed25519_public: bytes
    rsa: bytes
    rsa_public: bytes


def generate_tls(common_name: str, sans: Sequence[str]) -> tuple[bytes, bytes]:
    """A self-signed server certificate for development, and its key, both PEM.

    ECDSA on P-256, valid for 397 days from an hour ago (for clocks that are slow).

    Args:
        common_name: At most 64 characters.
        sans: Host names and IP addresses that clients will use.

    Raises:
        ValueError: Without names, since clients ignore the common name (RFC 9525 section 2).
    """
    if not sans:
        raise ValueError("a TLS certificate needs the names or addresses it is for")
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    start = datetime.now(UTC) - _CLOCK_SKEW
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + TLS_VALIDITY)
    )
    for extension, critical in _extensions(sans, key.public_key()):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate, secret


def generate_log_key() -> tuple[bytes, bytes]:
    """The key that signs the log: Ed25519 (RFC 8032), secret and public, both PEM."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public


def generate_ssh_host_keys() -> SshHostKeys:
    """Host keys for the SFTP server: Ed25519, and RSA for old clients."""
    ed25519, rsa = Ed25519PrivateKey.generate(), generate_rsa(65537, _RSA_BITS)
    return SshHostKeys(*_openssh(ed25519), *_openssh(rsa))


def _openssh(key: Ed25519PrivateKey | RSAPrivateKey) -> tuple[bytes, bytes]:
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return secret, public + b"\n"


def _extensions(
    sans: Sequence[str], public: EllipticCurvePublicKey
) -> list[tuple[x509.ExtensionType, bool]]:
    """What a server's certificate that signs itself carries (RFC 5280 section 4.2)."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return [
        (x509.SubjectAlternativeName([_san(name) for name in sans]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        # By these a client that trusts two certificates of one name finds the right one.
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False),
    ]


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
