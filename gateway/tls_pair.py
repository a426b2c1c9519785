"""The HTTPS certificate and its key: a pair at each moment, though they are two files.

Two files can't be renamed at once. So the next pair is put beside the one in use, and renaming its
*key* is what puts it in use: till its certificate is renamed too, whoever reads the pair takes the
next certificate, which alone fits. A gateway starts wherever the command that installs was killed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from gateway.staged_keys import next_of
from keys import durable

_FORM: Final = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Pair(NamedTuple):
    """Where a certificate and its key are."""

    certificate: Path
    key: Path


def in_use(certificate: Path, key: Path) -> Pair:
    """The pair as it stands; what can't be read or fits nothing is left for whoever loads it.

    Args:
        certificate: Where the settings have it.
        key: Likewise.
    """
    waiting = next_of(certificate)
    if waiting.exists() and not _fit(certificate, key) and _fit(waiting, key):
        return Pair(waiting, key)
    return Pair(certificate, key)


def put_in_use(certificate: Path, key: Path) -> None:
    """Rename the next pair, which is there, to the one in use.

    Raises:
        OSError: It can't be done; :func:`settle` goes on.
    """
    next_of(key).replace(key)
    durable.flush_directory(key.parent)
    next_of(certificate).replace(certificate)
    durable.flush_directory(certificate.parent)


def settle(certificate: Path, key: Path) -> bool:
    """Finish what was killed amid :func:`put_in_use`; whether there was anything to finish.

    Raises:
        OSError: It can't be done.
    """
    found = in_use(certificate, key).certificate
    if found == certificate:
        return False
    found.replace(certificate)
    durable.flush_directory(certificate.parent)
    return True


def belong_together(certificate: bytes, key: bytes) -> bool:
    """Whether the first PEM certificate is of this PEM key.

    Raises:
        ValueError: One of them can't be read.
        TypeError: The key is encrypted.
    """
    found = x509.load_pem_x509_certificate(certificate).public_key()
    own = load_pem_private_key(key, None).public_key()
    return found.public_bytes(*_FORM) == own.public_bytes(*_FORM)


def _fit(certificate: Path, key: Path) -> bool:
    try:
        return belong_together(certificate.read_bytes(), key.read_bytes())
    except (OSError, ValueError, TypeError):
        return False
