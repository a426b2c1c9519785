"""Makes credentials: reads SSH public keys, hashes passwords, draws tokens. Pure but for chance."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncssh
from argon2 import PasswordHasher, profiles

from config.operations import Role
from gateway.directory_types import CredentialKind, DirectoryError, NewCredential

HASHER: Final = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
"""Argon2id with 64 MiB, 3 passes and 4 lanes: RFC 9106 section 4, second recommended option."""

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 1024
"""Bytes. Nobody types more, and what arrives unauthenticated must be bounded."""

TOKEN_PREFIX: Final = "lzr_"  # noqa: S105 - secret scanners find leaked tokens by it
_TOKEN_BYTES: Final = 32

LONGEST_TOKEN: Final = timedelta(days=366)
"""A token that nobody renews is one that nobody knows of."""

_MIN_RSA: Final = 2048
_MAX_SUBJECT: Final = 255
_RFC4716: Final = "---- BEGIN SSH2 PUBLIC KEY"
_KEY_LINE: Final = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+ ")
_PRINCIPAL: Final = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
_PRINCIPAL_PREFIX: Final = "principal:"
_UNSEEN: Final = re.compile(r"[^\x21-\x7e]+")


def ssh_keys(text: str, file: str = "the key") -> Sequence[NewCredential]:
    """The keys of a ``.pub`` or ``authorized_keys`` file, or of an RFC 4716 one (PuTTY's form).

    Raises:
        DirectoryError: A private key, options, a weak or unreadable key, or none at all; says
            in which line.
    """
    if "PRIVATE KEY" in text or text.startswith("PuTTY-User-Key-File"):
        raise DirectoryError(
            f"{file} is a private key; nothing of it was kept. Ask the partner for the public "
            "half (the .pub file), and tell them to make a new pair if they sent you this one"
        )
    if text.lstrip().startswith(_RFC4716):
        return [_ssh_key(text.strip(), file)]
    found = [
        _ssh_line(line.strip(), f"{file}, line {number}")
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not found:
        raise DirectoryError(f"{file} holds no key")
    return found


def ssh_principal(name: str) -> NewCredential:
    """A name in OpenSSH certificates that stands for an account besides its own.

    Raises:
        DirectoryError: It has another form.
    """
    if not _PRINCIPAL.fullmatch(name):
        raise DirectoryError("an SSH principal is 1 to 64 visible ASCII characters, without commas")
    # Prefixed: a name may be "password", or look like the fingerprint of a key or token.
    return NewCredential(CredentialKind.SSH_PRINCIPAL, name, f"{_PRINCIPAL_PREFIX}{name}")


def password(text: str) -> NewCredential:
    """A password, hashed with Argon2id.

    Raises:
        DirectoryError: It is too short or too long.
    """
    if len(text) < MIN_PASSWORD:
        raise DirectoryError(f"a password needs {MIN_PASSWORD} characters at least")
    if len(text.encode()) > MAX_PASSWORD:
        raise DirectoryError(f"a password has {MAX_PASSWORD} bytes at most")
    return NewCredential(CredentialKind.PASSWORD, HASHER.hash(text), "password")


def new_token(
    lifetime: timedelta = LONGEST_TOKEN, roles: frozenset[Role] = frozenset()
) -> tuple[str, NewCredential]:
    """A fresh API token of 256 random bits: the text to be shown once, and what is stored.

    It holds ``roles`` of its account's, or all.

    Raises:
        DirectoryError: It would live longer than 366 days.

    SHA-256 without salt or stretching is enough: nobody can guess 256 random bits.
    """
    text = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    digest = token_digest(text)
    if not timedelta(0) < lifetime <= LONGEST_TOKEN:
        raise DirectoryError(f"a token lives 1 to {LONGEST_TOKEN.days} days")
    fingerprint = f"sha256:{digest[:16]}"
    stored = NewCredential(
        CredentialKind.TOKEN, digest, fingerprint, lifetime=lifetime, roles=roles
    )
    return text, stored


def oidc_subject(issuer: str, subject: str) -> NewCredential:
    """A person as an identity provider knows them, by its lasting name and never by their mail.

    Raises:
        DirectoryError: There is no provider, or no such name can come from one.
    """
    if not issuer:
        raise DirectoryError("the settings name no identity provider: set console.oidc.issuer")
    if not 0 < len(subject) <= _MAX_SUBJECT or not subject.isascii() or not subject.isprintable():
        raise DirectoryError(
            f"a subject is up to {_MAX_SUBJECT} ASCII characters: the provider's 'sub'"
        )
    digest = oidc_digest(issuer, subject)
    return NewCredential(CredentialKind.OIDC, digest, f"oidc:{digest[:16]}")


def oidc_digest(issuer: str, subject: str) -> str:
    """What is stored of a subject; no issuer holds a blank."""
    return hashlib.sha256(f"{issuer} {subject}".encode()).hexdigest()


def token_digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def ssh_fingerprint(key: bytes) -> str:
    """As ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _ssh_line(line: str, where: str) -> NewCredential:
    if not _KEY_LINE.match(line):
        raise DirectoryError(
            f"{where}: doesn't begin with a key type such as ssh-ed25519. Options before the key "
            "aren't taken (they would be ignored); give the bare key"
        )
    if "-cert-v" in line.split(maxsplit=1)[0]:
        raise DirectoryError(
            f"{where}: a certificate and not a key. Certificates aren't enrolled: its CA's public "
            "key is, by 'lazaretto partner ssh-ca add'"
        )
    return _ssh_key(line, where)


def _ssh_key(text: str, where: str) -> NewCredential:
    try:
        key = asyncssh.import_public_key(text)
    except (asyncssh.KeyImportError, ValueError):
        raise DirectoryError(
            f"{where}: not a whole SSH public key; it may have been cut off or wrapped in a mail"
        ) from None
    algorithm = key.get_algorithm()
    if algorithm == "ssh-dss":
        raise DirectoryError(f"{where}: DSA keys are too weak; use ssh-ed25519")
    size = getattr(getattr(key, "pyca_key", None), "key_size", _MIN_RSA)
    if algorithm == "ssh-rsa" and size < _MIN_RSA:
        raise DirectoryError(
            f"{where}: RSA of {size} bits is too weak; use ssh-ed25519, or RSA of 3072 or more"
        )
    return NewCredential(
        CredentialKind.SSH_KEY,
        base64.b64encode(key.public_data).decode(),
        key.get_fingerprint(),
        _comment(algorithm, key.get_comment()),
    )


def _comment(algorithm: str, comment: str | None) -> str:
    return f"{algorithm} {_UNSEEN.sub('_', comment or '')[:60]}".strip()
