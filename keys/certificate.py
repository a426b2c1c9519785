"""An OpenPGP certificate as its packets say it is (RFC 9580 section 10.1), for versions 4 and 6.

Sequoia parses the packets and checks every signature that the certificate's own key is said to
have made: a revocation, an expiry or a flag that isn't rightly signed says nothing here. What its
binding leaves out (sizes, curves) is read from the key material itself. Whether Sequoia would seal
for the certificate under its own policy is for :mod:`keys.admission` to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from pysequoia import Cert
from pysequoia.packet import HashAlgorithm, Packet, PacketPile, SignatureType, Tag

_ALGORITHMS: Final = {
    1: "RSA",
    2: "RSA",
    3: "RSA",
    16: "ElGamal",
    17: "DSA",
    18: "ECDH",
    19: "ECDSA",
    20: "ElGamal",
    22: "EdDSA",
    25: "X25519",
    26: "X448",
    27: "Ed25519",
    28: "Ed448",
}
"""RFC 9580 section 9.1; newer numbers are shown as such."""

_CURVES: Final = {
    "2b06010401da470f01": "Ed25519",
    "2b060104019755010501": "Curve25519",
    "2a8648ce3d030107": "NIST P-256",
    "2b81040022": "NIST P-384",
    "2b81040023": "NIST P-521",
    "2b2403030208010107": "brainpoolP256r1",
    "2b240303020801010b": "brainpoolP384r1",
    "2b240303020801010d": "brainpoolP512r1",
}
"""RFC 9580 section 9.2, by object identifier."""

_WEAK_HASHES: Final = (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.RipeMD)
_CERTIFYING: Final = (
    SignatureType.DirectKey,
    SignatureType.GenericCertification,
    SignatureType.PersonaCertification,
    SignatureType.CasualCertification,
    SignatureType.PositiveCertification,
)
_REVOKING: Final = (SignatureType.KeyRevocation, SignatureType.SubkeyRevocation)
_MARK: Final = b"\xfc\x01."
"""A packet of a private tag (60), which nothing in a certificate may depend on (section 5)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CertificateError(Exception):
    """The bytes aren't one readable OpenPGP certificate; the message quotes none of them."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One key of a certificate.

    Attributes:
        fingerprint: Lower-case hexadecimal.
        version: 4 or 6, or an old one.
        algorithm: ``RSA``, ``ECDH`` and so on.
        detail: The size in bits or the curve; "" where the algorithm says all.
        bits: Of RSA, DSA and ElGamal; 0 for others.
        created: UTC.
        expires: UTC, or None.
        revoked: Whether a revocation rightly signed by the certificate's own key is in it.
        encrypts: Whether its flags allow encryption of data.
        binding: ``good``, ``weak`` (only MD5, SHA-1 or RIPEMD-160 signatures) or ``none``.
    """

    fingerprint: str
    version: int
    algorithm: str
    detail: str
    bits: int
    created: datetime
    expires: datetime | None
    revoked: bool
    encrypts: bool
    binding: str

    def __str__(self) -> str:
        """Such as ``RSA 3072``."""
        return f"{self.algorithm} {self.detail}".strip()


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """What a certificate says of itself.

    Attributes:
        primary: The primary key.
        subkeys: The others, in order.
        user_ids: As written by its owner, with "?" for what doesn't print (a terminal may act
            on it).
    """

    primary: KeyInfo
    subkeys: tuple[KeyInfo, ...]
    user_ids: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Of the primary key, lower-case hexadecimal."""
        return self.primary.fingerprint

    @property
    def created(self) -> datetime:
        """When the primary key was made, UTC."""
        return self.primary.created

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Of every key, the primary's first, such as ``EdDSA Ed25519``."""
        return tuple(str(key) for key in (self.primary, *self.subkeys))

    @property
    def encryption_keys(self) -> tuple[KeyInfo, ...]:
        """Every key whose flags allow encryption of data, usable or not."""
        return tuple(key for key in (self.primary, *self.subkeys) if key.encrypts)

    @property
    def expires(self) -> datetime | None:
        """When sealing for it ends: the primary's expiry or its last encryption key's, UTC."""
        ends = [key.expires for key in self.encryption_keys if not key.revoked]
        last = None if not ends or None in ends else max(end for end in ends if end)
        return min((end for end in (self.primary.expires, last) if end), default=None)


@dataclass(frozen=True, slots=True)
class _Component:
    """A key, user id or attribute with the signatures that follow it."""

    packet: Packet
    signatures: list[Packet]


def packets(blob: bytes) -> list[Packet]:
    """The packets in ``blob``, binary or armored.

    Raises:
        CertificateError: If it can't be parsed, or is empty.
    """
    try:
        found: list[Packet] = list(PacketPile.from_bytes(blob))
    except RuntimeError as error:
        raise CertificateError(f"not OpenPGP, or damaged: {explain(error)}") from None
    if not found:
        raise CertificateError("not OpenPGP, or damaged: there is no packet in it")
    return found


def explain(error: Exception) -> str:
    """What Sequoia said with its causes, on one line, without the stack trace it may append."""
    said = str(error).partition("Stack backtrace:")[0].replace("Caused by:", "")
    return ": ".join(line.strip() for line in said.splitlines() if line.strip())[:300]


def describe(blob: bytes) -> CertificateInfo:
    """Read a certificate, or the public side of a secret key.

    Raises:
        CertificateError: If it isn't one.
    """
    primary, *rest = list(_components(_rightly_signed(blob)))
    issuer = primary.packet
    users = [part for part in rest if part.packet.tag == Tag.UserID]
    subkeys = [part for part in rest if _is_key(part.packet)]
    about_primary = [*primary.signatures, *(sig for user in users for sig in user.signatures)]
    return CertificateInfo(
        _key_info(issuer, [sig for sig in about_primary if _made_by(sig, issuer)]),
        tuple(
            _key_info(part.packet, [sig for sig in part.signatures if _made_by(sig, issuer)])
            for part in subkeys
        ),
        tuple(_printable(user.packet.user_id or "") for user in users),
    )


def tag_of(packet: Packet) -> Tag | None:
    """Its tag; None for one that Sequoia's binding doesn't know."""
    try:
        return packet.tag
    except RuntimeError:
        return None


def _rightly_signed(blob: bytes) -> list[Packet]:
    """The certificate's packets without the signatures that its own key didn't make after all.

    Sequoia writes those behind everything else, packets that it doesn't know among it; so one of
    ours shows where they begin. What other people signed it can't check, and leaves in place.
    """
    try:
        plain = bytes(Cert.from_bytes(blob))
        pile = packets(bytes(Cert.from_bytes(plain + _MARK)))
    except RuntimeError as error:
        raise CertificateError(f"not OpenPGP, or damaged: {explain(error)}") from None
    known = list(takewhile(tag_of, pile))
    if len(known) == len(pile):
        raise CertificateError("its signatures can't be told apart by this version of Sequoia")
    return known


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _is_key(packet: Packet) -> bool:
    return packet.tag in (Tag.PublicKey, Tag.SecretKey, Tag.PublicSubkey, Tag.SecretSubkey)


def _components(pile: list[Packet]) -> Iterator[_Component]:
    """Group packets; the first is the primary key."""
    if pile[0].tag not in (Tag.PublicKey, Tag.SecretKey):
        raise CertificateError("OpenPGP, but no certificate: it doesn't start with a public key")
    part = _Component(pile[0], [])
    for packet in pile[1:]:
        if packet.tag == Tag.Signature:
            part.signatures.append(packet)
        elif _is_key(packet) or packet.tag in (Tag.UserID, Tag.UserAttribute):
            yield part
            part = _Component(packet, [])
    yield part


def _made_by(signature: Packet, key: Packet) -> bool:
    """Whether the signature says that ``key`` made it (other people's certifications don't)."""
    if signature.issuer_fingerprint is not None:
        return signature.issuer_fingerprint == key.fingerprint
    return signature.issuer_key_id in (None, key.key_id)


def _key_info(packet: Packet, signatures: list[Packet]) -> KeyInfo:
    """A key by its own signatures: the newest sound one speaks, as in RFC 9580 section 5.2.3.10."""
    created = packet.key_created or _EPOCH
    binding = [
        sig
        for sig in signatures
        if sig.signature_type in (*_CERTIFYING, SignatureType.SubkeyBinding)
    ]
    sound = [sig for sig in binding if sig.hash_algorithm not in _WEAK_HASHES]
    newest = sorted(sound or binding, key=lambda sig: sig.signature_created or _EPOCH, reverse=True)
    flags = next((sig.key_flags for sig in newest if sig.key_flags is not None), None)
    validity = next((s.key_validity_period for s in newest if s.key_validity_period), None)
    if packet.fingerprint is None:
        raise CertificateError("not OpenPGP, or damaged: a key in it can't be read")
    algorithm, bits, detail = _material(packet.body)
    return KeyInfo(
        fingerprint=packet.fingerprint,
        version=packet.body[0],
        algorithm=algorithm,
        detail=detail,
        bits=bits,
        created=created,
        expires=created + validity if validity else None,
        revoked=any(sig.signature_type in _REVOKING for sig in signatures),
        encrypts=flags is not None and (flags.transport_encryption or flags.storage_encryption),
        binding="good" if sound else "weak" if binding else "none",
    )


def _material(body: bytes) -> tuple[str, int, str]:
    """Algorithm, bits and detail from a key packet's body (RFC 9580 sections 5.5.2, 5.5.5)."""
    number = body[5]
    name = _ALGORITHMS.get(number, f"algorithm {number}")
    rest = body[6 + (4 if body[0] == 6 else 0) :]  # noqa: PLR2004 - version 6 adds a length
    if name in ("RSA", "DSA", "ElGamal"):
        bits = int.from_bytes(rest[:2], "big")
        return name, bits, str(bits)
    if name in ("ECDH", "ECDSA", "EdDSA") and rest:
        identifier = rest[1 : 1 + rest[0]].hex()
        return name, 0, _CURVES.get(identifier, "unknown curve")
    return name, 0, ""
