"""Whether an OpenSSH user certificate lets somebody in, and what is kept of the CAs. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from gateway.directory_credentials import ssh_fingerprint, ssh_keys
from gateway.directory_types import Authority, DirectoryError, Trust
from transports.ssh_certificate import (
    USER,
    CertificateFormError,
    UserCertificate,
    public_key,
    single,
)

_MIN_RSA: Final = 2048
_SFTP: Final = "internal-sftp"
_UNSEEN: Final = re.compile(r"[^\x21-\x7e]")
_MAX_KEY_ID: Final = 64
_FINGERPRINT: Final = len("SHA256:") + 43
"""Characters of a fingerprint."""
_MAX_NETWORKS: Final = 256
_YEAR_9999: Final = 253_402_300_799


class CertificateRefusedError(Exception):
    """A certificate lets nobody in; says why, for the operator's log and never for the client."""


def authority(partner: str, text: str, file: str = "the key") -> Authority:
    """The one CA key in a ``.pub`` file.

    Raises:
        DirectoryError: It holds another number of keys, a private or weak one, or a certificate.
    """
    found = ssh_keys(text, file)
    if len(found) != 1:
        raise DirectoryError(f"{file} holds {len(found)} keys; give one CA key at a time")
    only = found[0]
    kind, _, comment = only.comment.partition(" ")
    return Authority(partner, only.fingerprint, f"{kind} {only.secret}", comment)


def revocation(ca_fingerprint: str, *, serial: int | None = None, key_id: str = "") -> str:
    """How a revoked serial or key id of a CA is written down."""
    what = f"id:{key_id}" if serial is None else f"serial:{serial}"
    return f"{ca_fingerprint} {what}"


def named(certificate: UserCertificate) -> str:
    """What logs and records call a certificate: CA, serial and key id, free of blanks."""
    key_id = _legible(certificate.key_id)
    return f"{ssh_fingerprint(certificate.authority)}/{certificate.serial}/{key_id}"


def is_named(credential: str) -> bool:
    """Whether it is what :func:`named` makes, and not a key's fingerprint or another's."""
    return credential.startswith("SHA256:") and credential[_FINGERPRINT : _FINGERPRINT + 1] == "/"


def stands(name: str, trust: Trust) -> bool:
    """Whether a certificate that let somebody in, by its :func:`named`, still would.

    Key ids are compared as logs have them, so a revocation may end one session too many.
    """
    fingerprint, rest = name[:_FINGERPRINT], name[_FINGERPRINT + 1 :]
    serial, _, key_id = rest.partition("/")
    revoked = {_legible(word, whole=True) for word in trust.revoked}
    words = (f"{fingerprint}_serial:{serial}", f"{fingerprint}_id:{key_id}")
    known = {ssh_fingerprint(authority) for authority in trust.authorities}
    return fingerprint in known and revoked.isdisjoint(words)


def end_of(certificate: UserCertificate) -> datetime | None:
    """When it ends, UTC; None if it doesn't."""
    seconds = certificate.valid_before
    return None if seconds > _YEAR_9999 else datetime.fromtimestamp(seconds, UTC)


def check(certificate: UserCertificate, trust: Trust, address: str, now: datetime) -> None:
    """Return if the certificate lets its holder in as the account that ``trust`` is of.

    The CA is looked for before its signature is verified, so that strangers can't have us verify
    signatures by keys of their making.

    Raises:
        CertificateRefusedError: It doesn't.
    """
    if certificate.authority not in trust.authorities:
        raise CertificateRefusedError("the partner has no such CA")
    if not certificate.is_signed():
        raise CertificateRefusedError("the CA's signature is wrong, or of an algorithm with SHA-1")
    if certificate.kind != USER:
        raise CertificateRefusedError("it is a host's certificate")
    _check_key(certificate.key)
    _check_dates(certificate, now)
    if not set(certificate.principals) & set(trust.principals):
        raise CertificateRefusedError("none of its principals stands for this account")
    _check_options(certificate, address)
    ca = ssh_fingerprint(certificate.authority)
    words = (
        revocation(ca, serial=certificate.serial),
        revocation(ca, key_id=certificate.key_id),
    )
    if not set(words).isdisjoint(trust.revoked):
        raise CertificateRefusedError("it is revoked")


def _check_key(blob: bytes) -> None:
    key = public_key(blob)
    if key is None:
        raise CertificateRefusedError("its key can't be read")
    size = getattr(getattr(key, "pyca_key", None), "key_size", _MIN_RSA)
    if key.get_algorithm() == "ssh-rsa" and size < _MIN_RSA:
        raise CertificateRefusedError(f"its RSA key of {size} bits is too weak")


def _check_dates(certificate: UserCertificate, now: datetime) -> None:
    seconds = now.timestamp()
    if seconds < certificate.valid_after:
        raise CertificateRefusedError("it isn't valid yet")
    if seconds >= certificate.valid_before:
        raise CertificateRefusedError("it has expired")


def _check_options(certificate: UserCertificate, address: str) -> None:
    for name, packed in certificate.critical.items():
        try:
            value = single(packed)
        except CertificateFormError:
            raise CertificateRefusedError(f"its option {_shown(name)} is malformed") from None
        if name == "source-address":
            _check_source(value, address)
        elif name != "force-command" or value != _SFTP:
            raise CertificateRefusedError(f"its critical option {_shown(name)} isn't for SFTP here")


def _check_source(networks: str, address: str) -> None:
    """The option as sshd_config(5) has it: addresses and CIDR ranges between commas."""
    entries = networks.split(",")
    try:
        allowed = [ip_network(entry) for entry in entries[:_MAX_NETWORKS]]
        peer = ip_address(address)
    except ValueError:
        raise CertificateRefusedError("its source-address can't be read") from None
    # A listener on [::] sees IPv4 clients as ::ffff:a.b.c.d.
    mapped = peer.ipv4_mapped if isinstance(peer, IPv6Address) else None
    seen = mapped or peer
    if len(entries) > _MAX_NETWORKS or not any(seen in network for network in allowed):
        raise CertificateRefusedError("it isn't for the address that the client came from")


def _legible(text: str, *, whole: bool = False) -> str:
    fingerprint = _FINGERPRINT + len("_id:") if whole else 0
    return _UNSEEN.sub("_", text)[: fingerprint + _MAX_KEY_ID]


def _shown(text: str) -> str:
    return _UNSEEN.sub("_", text)[:40]
