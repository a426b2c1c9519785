"""The key-encryption keys of the key file (:mod:`keys.key_file`), which wrap data keys.

The first ``wrap`` line wraps; every one unwraps. ``digest`` is the root of the site-wide digest
keys and outlives rotation, since digests made under it stand in the database.

A wrapped key is ``0x01 || key id (8) || nonce (12) || AES-256-GCM(data key)``, with everything
before the ciphertext, and the context, as associated data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import key_file
from keys.envelope import EnvelopeError, derive
from keys.key_file import KEY_SIZE, Sealers, no_sealers
from keys.sealer import KekError, KeySealer

__all__ = ["KekError", "LocalKek", "id_of", "reseal", "retire", "rotate", "wrapping_key_id"]

_VERSION: Final = b"\x01"
_ID_SIZE: Final = 8
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16
_WRAP_PURPOSE: Final = b"kek-wrap"
_ID_PURPOSE: Final = b"kek-id"


class LocalKek:
    """Key-encryption keys from a file (:class:`keys.envelope.KeyWrapper`).

    Make one with :meth:`load` or :meth:`generate`.
    """

    __slots__ = ("_digest_root", "_key_id", "_keys")

    def __init__(self, wrapping: list[bytes], digest_root: bytes) -> None:
        self._keys = {derive(key, _ID_PURPOSE, _ID_SIZE): key for key in wrapping}
        self._key_id = next(iter(self._keys))
        self._digest_root = digest_root

    def __repr__(self) -> str:
        """The current key's id and nothing else."""
        return f"<LocalKek {self.key_id}>"

    @classmethod
    def generate(cls, path: Path) -> Self:
        """Make a new key file, readable by its owner alone, flushed to disk.

        Raises:
            KekError: If there is one already (a key in use must never be overwritten), or it
                can't be written.
        """
        lines = [key_file.line(word, os.urandom(KEY_SIZE), None) for word in ("digest", "wrap")]
        key_file.write(path, lines, new=True)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path, sealers: Sealers = no_sealers, provider: str = "") -> Self:
        """Read a key file.

        Args:
            path: The file.
            sealers: Open what is sealed in it.
            provider: Who must have sealed every key, "" for nobody.

        Raises:
            KekError: If it is missing, not a regular file, open to others than its owner, not in
                the format, or guarded otherwise than by ``provider``.
        """
        lines = key_file.read(path, sealers)
        if any(line.provider != provider for line in lines):
            raise KekError(
                f"{path} is not guarded by {provider or 'itself'}, as the settings have it: run "
                "'lazaretto key kek reseal'"
            )
        digest = next(line.key for line in lines if line.word == "digest")
        return cls([line.key for line in lines if line.word == "wrap"], digest)

    @property
    def key_id(self) -> str:
        """The wrapping key's id, 16 hexadecimal digits; public."""
        return self._key_id.hex()

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Every id that this can unwrap, the current one first."""
        return tuple(key_id.hex() for key_id in self._keys)

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Encrypt a data key under the current key, bound to ``context``."""
        head = _VERSION + self._key_id + os.urandom(_NONCE_SIZE)
        return head + self._aead(self._key_id).encrypt(
            head[-_NONCE_SIZE:], data_key, head + context
        )

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key again.

        Raises:
            EnvelopeError: If it was wrapped by a key that isn't in the file, or for another
                context, or is damaged or shredded.
        """
        key_id = _id_of(wrapped)
        if key_id not in self._keys:
            raise EnvelopeError(
                f"wrapped by key {key_id.hex()}, which is not in the key file: restore its `wrap` "
                "line from the backup"
            )
        cut = 1 + _ID_SIZE + _NONCE_SIZE
        head, ciphertext = wrapped[:cut], wrapped[cut:]
        try:
            return self._aead(key_id).decrypt(head[-_NONCE_SIZE:], ciphertext, head + context)
        except InvalidTag:
            raise EnvelopeError("a wrapped data key is damaged or of another transfer") from None

    def derive(self, purpose: bytes) -> bytes:
        """A 32-byte key for one site-wide purpose; rotation doesn't change it."""
        return derive(self._digest_root, purpose)

    def _aead(self, key_id: bytes) -> AESGCM:
        return AESGCM(derive(self._keys[key_id], _WRAP_PURPOSE))


def rotate(path: Path, sealers: Sealers = no_sealers, sealer: KeySealer | None = None) -> str:
    """Put a new wrapping key before the others; they still unwrap. Returns its id.

    Raises:
        KekError: The file can't be read or written, or the new key not be sealed.
    """
    with key_file.changing(path):
        lines = key_file.read(path, sealers)
        fresh = key_file.line("wrap", os.urandom(KEY_SIZE), sealer)
        first = next(number for number, line in enumerate(lines) if line.word == "wrap")
        key_file.write(path, [*lines[:first], fresh, *lines[first:]])
    return id_of(fresh.key)


def retire(path: Path, key_id: str, sealers: Sealers = no_sealers) -> None:
    """Take an old wrapping key out of the file: what it wrapped is lost from then on.

    Raises:
        KekError: It is the one in use, or not in the file, or the file can't be written.
    """
    with key_file.changing(path):
        lines = key_file.read(path, sealers)
        wrapping = [line for line in lines if line.word == "wrap"]
        if id_of(wrapping[0].key) == key_id:
            raise KekError(f"{key_id} is in use: rotate first ('lazaretto key kek rotate')")
        gone = [line for line in wrapping if id_of(line.key) == key_id]
        if not gone:
            raise KekError(f"there is no key {key_id} in {path}; see 'lazaretto key kek list'")
        key_file.write(path, [line for line in lines if line not in gone])


def reseal(path: Path, sealers: Sealers, sealer: KeySealer | None) -> None:
    """Have another provider, or another key of the same one, guard the file's keys.

    The keys stay what they are, so that no data key is wrapped anew.

    Raises:
        KekError: One can't be opened or sealed; the file is as it was.
    """
    with key_file.changing(path):
        lines = key_file.read(path, sealers)
        key_file.write(path, [key_file.line(line.word, line.key, sealer) for line in lines])


def id_of(key: bytes) -> str:
    """A wrapping key's id, 16 hexadecimal digits."""
    return derive(key, _ID_PURPOSE, _ID_SIZE).hex()


def wrapping_key_id(wrapped: bytes) -> str:
    """Which key wrapped this data key; rotation finds by it what is still to be wrapped anew.

    Raises:
        EnvelopeError: If it isn't a wrapped key.
    """
    return _id_of(wrapped).hex()


def _id_of(wrapped: bytes) -> bytes:
    if not wrapped:
        raise EnvelopeError("the data key was destroyed: the payload can't be opened any more")
    if len(wrapped) <= 1 + _ID_SIZE + _NONCE_SIZE + _TAG_SIZE or wrapped[:1] != _VERSION:
        raise EnvelopeError("not a wrapped data key of this version, or cut short")
    return wrapped[1 : 1 + _ID_SIZE]
