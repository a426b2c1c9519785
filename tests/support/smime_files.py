"""Small S/MIME files, in definite and indefinite form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

_KEY = generate_private_key(SECP256R1())
_START = datetime(2026, 1, 1, tzinfo=UTC)


def certificate(name: str, mail: str = "", key: object = None) -> x509.Certificate:
    """A self-signed one."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key((key or _KEY).public_key())  # type: ignore[attr-defined]  # a private key
        .serial_number(4711)
        .not_valid_before(_START)
        .not_valid_after(_START + timedelta(days=365))
    )
    if mail:
        names = x509.SubjectAlternativeName([x509.RFC822Name(mail)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key or _KEY, SHA256())  # type: ignore[arg-type]  # likewise


def signed(
    content: bytes, signer: x509.Certificate, *, detached: bool = False, smime: bool = False
) -> bytes:
    """Signed data; with ``smime`` as a mail."""
    options = [pkcs7.PKCS7Options.Binary]
    if detached:
        options.append(pkcs7.PKCS7Options.DetachedSignature)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(signer, _KEY, SHA256())
    return builder.sign(Encoding.SMIME if smime else Encoding.DER, options)


def enveloped(content: bytes) -> bytes:
    """Encrypted data."""
    key = generate_rsa(65537, 2048)
    recipient = certificate("Recipient", key=key)
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(recipient)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def indefinite(pieces: list[bytes], certificates: bytes = b"") -> bytes:
    """Signed data as programs that stream write it: open lengths, the content in pieces."""
    signed_data = bytes.fromhex("06092a864886f70d010702")
    data = bytes.fromhex("06092a864886f70d010701")
    octets = b"\x24\x80" + b"".join(_tlv(4, piece) for piece in pieces) + b"\0\0"
    inside = b"\x30\x80" + data + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    body = b"\x02\x01\x01" + b"\x31\x00" + inside + certificates + b"\x31\x00"
    return b"\x30\x80" + signed_data + b"\xa0\x80\x30\x80" + body + b"\0\0" * 3


def _tlv(tag: int, body: bytes) -> bytes:
    return bytes([tag, 0x84]) + len(body).to_bytes(4, "big") + body
