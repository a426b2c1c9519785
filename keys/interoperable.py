"""A partner's key pair that every OpenPGP program in use opens messages with.

Certificates that Sequoia makes announce version 2 of the encrypted data packet (RFC 9580 section
5.2.3.32), and Sequoia then seals in it, which GnuPG and PGPy can't open. A certificate that
doesn't announce it is sealed for in version 1, which all three open. Real partners bring a
certificate of their own program, which announces what that program reads; this is for those who
have none yet, and for the demo.
"""

from __future__ import annotations

from keys.pgpy_import import (
    PGPUID,
    CompressionAlgorithm,
    EllipticCurveOID,
    HashAlgorithm,
    KeyFlags,
    PGPKey,
    PubKeyAlgorithm,
    SymmetricKeyAlgorithm,
)


def generate_partner_key(name: str, email: str) -> bytes:
    """A new secret key, armored, without a password: version 4, Ed25519 and Curve25519.

    Raises:
        ValueError: If ``name`` is blank.
    """
    if not name.strip():
        raise ValueError("a partner's OpenPGP key needs a name")
    key = PGPKey.new(PubKeyAlgorithm.EdDSA, EllipticCurveOID.Ed25519)
    key.add_uid(
        PGPUID.new(name, email=email),
        usage={KeyFlags.Certify, KeyFlags.Sign},
        hashes=[HashAlgorithm.SHA512, HashAlgorithm.SHA256],
        ciphers=[SymmetricKeyAlgorithm.AES256],
        compression=[CompressionAlgorithm.Uncompressed],
        hash=HashAlgorithm.SHA512,
    )
    key.add_subkey(
        PGPKey.new(PubKeyAlgorithm.ECDH, EllipticCurveOID.Curve25519),
        usage={KeyFlags.EncryptCommunications, KeyFlags.EncryptStorage},
        hash=HashAlgorithm.SHA512,
    )
    return str(key).encode("ascii")
