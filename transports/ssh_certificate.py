"""OpenSSH user certificates, read strictly from what a client sent. Pure.

The form is OpenSSH's PROTOCOL.certkeys (``*-cert-v01@openssh.com``). asyncssh reads certificates
too, but takes one without principals for everybody's, keeps serial and key id to itself, and
verifies CA signatures made with SHA-1; so only the cryptography is asyncssh's.

What a certificate allows isn't decided here: :mod:`gateway.ssh_certificates` does.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import asyncssh

SIGNATURES: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip
"""Signatures taken, from clients and from CAs: all but those with SHA-1 and DSA."""

MAX_BLOB: Final = 16 * 1024
"""Bytes. An RSA key certified by an RSA CA with 256 principals takes about 10 KiB."""
MAX_ENTRIES: Final = 256
"""Principals, as OpenSSH's ``SSHKEY_CERT_MAX_PRINCIPALS``; options likewise."""
USER: Final = 1

_SUFFIX: Final = "-cert-v01@openssh.com"
_KEY_FIELDS: Final = MappingProxyType({
    "ssh-ed25519": 1,                          # public key
    "ssh-rsa": 2,                              # e, n
    "ecdsa-sha2-nistp256": 2,                  # curve, point
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,           # public key, application
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,   # curve, point, application
})  # fmt: skip
"""How many strings a public key is, by type: what stands between nonce and serial."""


class CertificateFormError(ValueError):
    """The bytes are no whole OpenSSH certificate of a kind that is taken."""


@dataclass(frozen=True, slots=True)
class UserCertificate:
    """What a certificate says; nothing of it is believed before :meth:`is_signed`.

    Attributes:
        key: The certified public key, wire format.
        kind: 1 for a user's, 2 for a host's.
        serial: Chosen by the CA; 0 if it doesn't number.
        key_id: Chosen by the CA, for people.
        principals: Whom it may log in as; empty would be everybody.
        valid_after: Seconds since 1970, inclusive.
        valid_before: Seconds since 1970, exclusive; 2**64-1 for no end.
        critical: Critical options, whose values are still packed.
        authority: The CA's public key, wire format.
        algorithm: Of the CA's signature.
    """

    key: bytes
    kind: int
    serial: int
    key_id: str
    principals: tuple[str, ...]
    valid_after: int
    valid_before: int
    critical: Mapping[str, bytes]
    authority: bytes
    algorithm: str
    _signed: bytes
    _signature: bytes

    def is_signed(self) -> bool:
        """Whether the CA named in it did sign it, with an algorithm that is taken."""
        key = public_key(self.authority)
        if key is None or self.algorithm not in SIGNATURES:
            return False
        return key.verify(self._signed, self._signature)


def is_certificate(blob: bytes) -> bool:
    """Whether a public key blob says that it is a certificate, of whatever form."""
    try:
        name = _Reader(blob[:256]).text()
    except CertificateFormError:
        return False
    return "-cert-v" in name or name.startswith("x509v3-")


def read_certificate(blob: bytes) -> UserCertificate:
    """The certificate in a public key blob of RFC 4252's ``publickey``.

    Raises:
        CertificateFormError: It isn't whole, is of another form or too long, or has options that
            are doubled or out of order.
    """
    if len(blob) > MAX_BLOB:
        raise CertificateFormError("the certificate is too long")
    reader = _Reader(blob)
    kind = _bare(reader.text())
    reader.string()  # a nonce, for the CA's own safety
    fields = b"".join(_packed(reader.string()) for _ in range(_KEY_FIELDS[kind]))
    serial, certified = reader.number(8), reader.number(4)
    key_id, principals = reader.text(), _principals(reader.string())
    after, before = reader.number(8), reader.number(8)
    critical = _options(reader.string())
    reader.string(), reader.string()  # extensions, none of which means anything here; reserved
    authority = reader.string()
    signed = blob[: reader.at]
    signature = reader.string()
    reader.end()
    return UserCertificate(
        _packed(kind.encode()) + fields, certified, serial, key_id, principals, after, before,
        critical, authority, _Reader(signature).text(), signed, signature,
    )  # fmt: skip


def public_key(blob: bytes) -> asyncssh.SSHKey | None:
    """A public key in wire format, or None if it is none that asyncssh reads."""
    try:
        name = _Reader(blob).text()
        return asyncssh.import_public_key(f"{name} {base64.b64encode(blob).decode()}")
    except (asyncssh.KeyImportError, CertificateFormError, ValueError):
        return None


def single(value: bytes) -> str:
    """The one string that a critical option's value holds.

    Raises:
        CertificateFormError: It holds something else.
    """
    reader = _Reader(value)
    text = reader.text()
    reader.end()
    return text


def _bare(name: str) -> str:
    """The key type behind a certificate type."""
    stem = name.removesuffix(_SUFFIX)
    kind = f"{stem}@openssh.com" if stem.startswith("sk-") else stem
    if stem == name or kind not in _KEY_FIELDS:
        raise CertificateFormError("this kind of certificate isn't taken")
    return kind


def _principals(packed: bytes) -> tuple[str, ...]:
    reader, found = _Reader(packed), []
    while reader.more:
        found.append(reader.text())
        if len(found) > MAX_ENTRIES:
            raise CertificateFormError("the certificate has too many principals")
    return tuple(found)


def _options(packed: bytes) -> Mapping[str, bytes]:
    """Critical options; PROTOCOL.certkeys has them in order of name, each once."""
    reader, found, last = _Reader(packed), dict[str, bytes](), ""
    while reader.more:
        name = reader.text()
        if name <= last:
            raise CertificateFormError("the certificate's options are doubled or out of order")
        found[name], last = reader.string(), name
    return MappingProxyType(found)


def _packed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


class _Reader:
    """RFC 4251 section 5's data types, with every length checked against what is there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def more(self) -> bool:
        return self.at < len(self._data)

    def take(self, size: int) -> bytes:
        if size > len(self._data) - self.at:
            raise CertificateFormError("the certificate is cut short")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def string(self) -> bytes:
        return self.take(self.number(4))

    def text(self) -> str:
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise CertificateFormError("the certificate's text isn't UTF-8") from None

    def end(self) -> None:
        if self.more:
            raise CertificateFormError("the certificate has something after its end")
