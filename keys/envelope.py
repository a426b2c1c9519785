"""Envelope encryption: a data key a transfer, subkeys for each use of a key, small sealed values.

Data keys are wrapped by a key-encryption key (:mod:`keys.kek`). What is not a payload (a file's
name, the held-back tail of an upload) is sealed by :func:`seal_small` under a subkey of its own.
"""

from __future__ import annotations

import os
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATA_KEY_SIZE: Final = 32
NAME: Final = b"name"
"""Purpose of sealing an original file name under the transfer's data key."""
UPLOAD_DECLARED: Final = b"upload-declared"
UPLOAD_TAIL: Final = b"upload-tail"
"""Purpose of sealing the plaintext that an interrupted upload's writer held back."""
IDEMPOTENCY: Final = b"lazaretto/idempotency/v1"
SEEN: Final = b"lazaretto/seen/v1"
NAME_DIGEST: Final = b"name-digest"
"""Purpose of the site-wide key that digests names for look-up."""
FINDING_DIGEST: Final = b"finding-digest"
"""Purpose of the site-wide key that digests findings' values."""
PSEUDONYM: Final = b"pseudonym"
"""Purpose of the site-wide key that the flows' keys for pseudonyms are derived from."""

_VERSION: Final = b"\x01"
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16


class EnvelopeError(Exception):
    """A wrapped key or sealed value can't be opened; the message holds no secret."""


class KeyWrapper(Protocol):
    """A provider of the key-encryption key: a local file today, a KMS or HSM tomorrow."""

    @property
    def key_id(self) -> str:
        """Which key wraps now; public."""
        ...

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to ``context`` (the transfer's id).

        Raises:
            EnvelopeError: If the provider can't.
        """
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key again, under the same ``context``.

        Raises:
            EnvelopeError: If it was wrapped by an unknown key, for another context, or damaged.
        """
        ...

    def derive(self, purpose: bytes) -> bytes:
        """A 32-byte key for one site-wide purpose (:data:`NAME_DIGEST`, :data:`PSEUDONYM`).

        Stays the same when the wrapping key is rotated.
        """
        ...


def new_data_key() -> bytes:
    """A fresh random 32-byte data key."""
    return os.urandom(DATA_KEY_SIZE)


def derive(key: bytes, purpose: bytes, length: int = 32) -> bytes:
    """A subkey of ``length`` bytes for one purpose: HKDF-SHA256 (RFC 5869), empty salt.

    Raises:
        ValueError: If ``key`` is shorter than 32 bytes or ``purpose`` is empty.
    """
    if len(key) < DATA_KEY_SIZE:
        raise ValueError(f"a key to derive from has {DATA_KEY_SIZE} bytes or more")
    if not purpose:
        raise ValueError("every derived key has a purpose of its own")
    info = b"lazaretto/1/" + purpose
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(key)


def seal_small(key: bytes, purpose: bytes, plaintext: bytes) -> bytes:
    """Encrypt a value that fits in memory: ``0x01 || nonce(12) || AES-256-GCM``.

    The key is :func:`derive` of ``key`` and ``purpose``, the nonce is random. One key takes
    2**32 values (NIST SP 800-38D section 8.3); a transfer's key sees a handful.
    """
    nonce = os.urandom(_NONCE_SIZE)
    return _VERSION + nonce + AESGCM(derive(key, purpose)).encrypt(nonce, plaintext, _VERSION)


def open_small(key: bytes, purpose: bytes, sealed: bytes) -> bytes:
    """What :func:`seal_small` sealed under the same key and purpose.

    Raises:
        EnvelopeError: If it is damaged, or of another key, purpose or version.
    """
    if len(sealed) < 1 + _NONCE_SIZE + _TAG_SIZE or sealed[:1] != _VERSION:
        raise EnvelopeError("not a sealed value of this version, or cut short")
    nonce, ciphertext = sealed[1 : 1 + _NONCE_SIZE], sealed[1 + _NONCE_SIZE :]
    try:
        return AESGCM(derive(key, purpose)).decrypt(nonce, ciphertext, _VERSION)
    except InvalidTag:
        raise EnvelopeError("a sealed value is damaged, or of another key or purpose") from None
