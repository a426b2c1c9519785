"""Is every key there, private, readable, in date, and the right one for its other half?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gateway import key_files, tls_pair
from gateway.doctor import Diagnosis, Patient, fail, ok, warn
from gateway.keyring import keyring_of
from keys.certificate import CertificateError, describe
from keys.kek import KekError
from keys.openpgp import certificate_of, fingerprint

SOON: Final = timedelta(days=30)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PUBLIC_FORM: Final = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
_RESTORE: Final = "restore it from the backup of keys/"


def permissions(patient: Patient) -> Iterator[Diagnosis]:
    """Whether others than the owner can reach keys and data."""
    paths = patient.site.paths
    wide = [*key_files.wide(patient.site), *filter(_open_to_others, (paths.data, paths.run))]
    for path in wide:
        yield fail("permissions", f"{path} is open to others", key_files.narrow(path))
    if not wide:
        yield ok("permissions", "keys and data are their owner's alone")


def key_encryption_key(patient: Patient) -> Iterator[Diagnosis]:
    """Whether payloads can be opened."""
    try:
        kek = keyring_of(patient.site)
    except KekError as error:
        yield fail("key-encryption key", str(error), _RESTORE)
    else:
        yield ok(
            "key-encryption key",
            f"{kek.key_id}, {len(kek.key_ids)} in the file, guarded by "
            + patient.site.settings.keys.provider,
        )


def tls(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the certificate is in date and fits its key."""
    if not patient.site.settings.https.enabled:
        return
    subject, paths = "TLS", patient.site.paths
    try:
        pair = tls_pair.in_use(paths.tls_cert, paths.tls_key)
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        key = load_pem_private_key(pair.key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        fix = "put a PEM certificate and its unencrypted PEM key there"
        yield fail(subject, "certificate or key can't be read", fix)
        return
    own = key.public_key().public_bytes(*_PUBLIC_FORM)
    if certificate.public_key().public_bytes(*_PUBLIC_FORM) != own:
        yield fail(subject, "the certificate is not of this key", "install the pair together")
    yield _in_date(subject, certificate.not_valid_after_utc, "install a renewed certificate")
    if certificate.issuer == certificate.subject:
        fix = "for production, set https.tls_certificate and tls_key to ones of a CA"
        yield warn(subject, "the certificate is self-signed", fix)


def client_ca(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the CAs of client certificates can be read, and which soon vouch for nobody."""
    bundle = patient.site.paths.client_ca
    if bundle is None or not patient.site.settings.https.enabled:
        return
    subject = "client CA"
    try:
        found = x509.load_pem_x509_certificates(bundle.read_bytes())
    except (OSError, ValueError):
        yield fail(subject, f"{bundle} can't be read", "put a bundle of PEM certificates there")
        return
    for certificate in found:
        name = certificate.subject.rfc4514_string()
        fix = f"put the renewed certificate of {name} there, or take it out"
        yield _in_date(subject, certificate.not_valid_after_utc, fix)


def ssh_host_keys(patient: Patient) -> Iterator[Diagnosis]:
    """Whether SFTP clients will meet the host they know."""
    if not patient.site.settings.sftp.enabled:
        return
    for path in patient.site.paths.ssh_host_keys:
        try:
            key = asyncssh.read_private_key(path)
        except (OSError, asyncssh.KeyImportError):
            yield fail("SSH host key", f"{path.name} can't be read", _RESTORE)
        else:
            yield ok("SSH host key", f"{path.name}: {key.get_fingerprint()}")


def openpgp(patient: Patient) -> Iterator[Diagnosis]:
    """Whether files can be signed, and partners have the right certificate."""
    subject, paths = "OpenPGP key", patient.site.paths
    try:
        secret = paths.openpgp_secret.read_bytes()
        info = describe(certificate_of(secret))
        public = fingerprint(paths.openpgp_public.read_bytes())
    except OSError as error:
        yield fail(subject, f"can't be read: {error.strerror}", _RESTORE)
        return
    except CertificateError as error:
        yield fail(subject, str(error), _RESTORE)
        return
    if public != info.fingerprint:
        fix = "export the certificate of keys/openpgp.pgp to keys/openpgp.asc"
        yield fail(subject, "openpgp.asc is not the certificate of openpgp.pgp", fix)
    if info.expires is None:
        yield ok(subject, f"{info.fingerprint}, never expires")
    else:
        yield _in_date(subject, info.expires, "make a new one and give partners its certificate")


def log_keys(patient: Patient) -> Iterator[Diagnosis]:
    """Whether auditors hold the public half of what signs the log."""
    subject, paths = "log key", patient.site.paths
    try:
        secret = load_pem_private_key(paths.log_key.read_bytes(), None)
        public = load_pem_public_key(paths.log_pub.read_bytes())
    except (OSError, ValueError, TypeError):
        yield fail(subject, "log.key or log.pub can't be read", _RESTORE)
        return
    if secret.public_key().public_bytes(*_PUBLIC_FORM) != public.public_bytes(*_PUBLIC_FORM):
        yield fail(subject, "log.pub is not the public half of log.key", _RESTORE)
    else:
        yield ok(subject, "log.key and log.pub belong together")


def _in_date(subject: str, expires: datetime, fix: str) -> Diagnosis:
    left = expires - datetime.now(UTC)
    day = f"{expires:%Y-%m-%d}"
    if left <= timedelta():
        return fail(subject, f"expired on {day}", fix)
    if left < SOON:
        return warn(subject, f"expires on {day}", fix)
    return ok(subject, f"in date till {day}")


def _open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False  # whoever reads it reports that it is missing
