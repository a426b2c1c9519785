"""The numbers and nonces of the segment cipher; :mod:`keys.segments` describes the format."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_SIZE: Final = 32
"""Bytes of a data key."""
SEGMENT: Final = 2**20
"""Bytes of ciphertext in a segment; segment ``i`` starts at byte ``i * SEGMENT`` of the file."""
HEADER_SIZE: Final = 40
TAG_SIZE: Final = 16
_SALT_SIZE: Final = 32
_MAX_SEGMENTS: Final = 2**32


class SegmentError(Exception):
    """The ciphertext is damaged, cut short, added to, or belongs to another key or transfer.

    The message names a segment and holds no content.
    """


def plaintext_capacity(index: int) -> int:
    """Bytes of plaintext that segment ``index`` holds when full."""
    return SEGMENT - TAG_SIZE - (HEADER_SIZE if index == 0 else 0)


def plaintext_size(ciphertext_size: int) -> int:
    """Bytes of plaintext in a finished file of ``ciphertext_size`` bytes.

    Raises:
        SegmentError: If no finished file has that size.
    """
    segments = -(-ciphertext_size // SEGMENT)
    last = ciphertext_size - (segments - 1) * SEGMENT - (HEADER_SIZE if segments == 1 else 0)
    if segments == 0 or last < TAG_SIZE:
        raise SegmentError(f"cut short: no whole file has {ciphertext_size} bytes")
    return ciphertext_size - HEADER_SIZE - segments * TAG_SIZE


def ciphertext_size(plaintext: int) -> int:
    """Bytes of the finished file that holds ``plaintext`` bytes."""
    segments = max(1, -(-(plaintext + HEADER_SIZE) // (SEGMENT - TAG_SIZE)))
    return HEADER_SIZE + plaintext + segments * TAG_SIZE


class SegmentCipher:
    """AES-256-GCM under one file's key, with the nonces of its segments.

    Raises:
        ValueError: For a key of the wrong length.
        SegmentError: For a header that isn't one of this format.
    """

    __slots__ = ("_aead", "_prefix")

    def __init__(self, key: bytes, aad: bytes, header: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"a data key has {KEY_SIZE} bytes, this one has {len(key)}")
        if len(header) != HEADER_SIZE or header[0] != HEADER_SIZE:
            raise SegmentError("not a file in this format: the header is cut short or wrong")
        salt = header[1 : 1 + _SALT_SIZE]
        file_key = HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=salt, info=aad).derive(key)
        self._aead = AESGCM(file_key)
        self._prefix = header[1 + _SALT_SIZE :]

    def _nonce(self, index: int, last: bool) -> bytes:
        return self._prefix + index.to_bytes(4, "big") + (b"\x01" if last else b"\x00")

    def encrypt(self, index: int, last: bool, plaintext: bytes | memoryview) -> bytes:
        """One segment's ciphertext and tag.

        Raises:
            SegmentError: Past 2**32 segments (4 PiB).
        """
        if index >= _MAX_SEGMENTS:
            raise SegmentError(f"a file has at most {_MAX_SEGMENTS} segments")
        return self._aead.encrypt(self._nonce(index, last), plaintext, None)

    def decrypt(self, index: int, last: bool, ciphertext: bytes) -> bytes:
        """One segment's plaintext.

        Raises:
            SegmentError: If it isn't authentic at that index, as last or not.
        """
        try:
            return self._aead.decrypt(self._nonce(index, last), ciphertext, None)
        except InvalidTag:
            kind = "last segment" if last else "segment"
            raise SegmentError(
                f"{kind} {index} is not authentic: damaged, cut short, moved, or of another "
                "key or transfer"
            ) from None
