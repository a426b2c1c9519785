"""The key-encryption key in a local file.

The file is text, one key a line, so that a key can be rotated by adding a line::

    # comment
    digest 5f3c…64 hexadecimal digits
    wrap 9a01…64 hexadecimal digits

The first ``wrap`` line wraps; every one unwraps. ``digest`` is the root of the site-wide digest
keys and outlives rotation, since digests made under it stand in the database.

A wrapped key is ``0x01 || key id (8) || nonce (12) || AES-256-GCM(data key)``, with everything
before the ciphertext, and the context, as associated data.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.envelope import EnvelopeError, derive

_VERSION: Final = b"\x01"
_ID_SIZE: Final = 8
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16
_KEY_SIZE: Final = 32
_MAX_FILE: Final = 65_536
_WRAP_PURPOSE: Final = b"kek-wrap"
_ID_PURPOSE: Final = b"kek-id"


class KekError(Exception):
    """The key file can't be used; the message says why and how to mend it, and holds no key."""


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
        text = (
            "# Key-encryption keys. Whoever has this file can open every staged payload; without\n"
            "# it nobody can. Back it up apart from the data. The first `wrap` line is in use.\n"
            f"digest {os.urandom(_KEY_SIZE).hex()}\nwrap {os.urandom(_KEY_SIZE).hex()}\n"
        )
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            raise KekError(
                f"{path} exists already: a key-encryption key is never overwritten"
            ) from None
        except OSError as error:
            raise KekError(f"can't make {path}: {error.strerror}") from None
        try:
            _write_durably(fd, path, text)
        except OSError as error:
            path.unlink()
            raise KekError(f"can't write {path}: {error.strerror}") from None
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file.

        Raises:
            KekError: If it is missing, not a regular file, open to others than its owner, or
                not in the format.
        """
        return cls(*_parse(path, _read(path)))

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


def _write_durably(fd: int, path: Path, text: str) -> None:
    """Flush the file and its directory: data wrapped by a key that a power loss took is lost."""
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> str:
    """The file's text, if its owner alone can read it; checked on the open file itself."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise KekError(f"can't open the key-encryption key {path}: {error.strerror}") from None
    try:
        _check_private(path, os.fstat(fd))
        data = os.read(fd, _MAX_FILE)
    finally:
        os.close(fd)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise KekError(f"{path} is not a key file: it has bytes that aren't ASCII") from None


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KekError(f"{path} is not a regular file")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise KekError(
            f"{path} is open to others than its owner (mode {mode:04o}): run `chmod 600 {path}`, "
            "and rotate the key if anybody else has been on this host"
        )


def _parse(path: Path, text: str) -> tuple[list[bytes], bytes]:
    """The wrapping keys in order, and the digest root."""
    found: Mapping[str, list[bytes]] = {"wrap": [], "digest": []}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] not in found:  # noqa: PLR2004 - a word and its key
            raise KekError(f"{path}, line {number}: expected `wrap KEY` or `digest KEY`")
        found[words[0]].append(_key(words[1], f"{path}, line {number}"))
    if not found["wrap"] or len(found["digest"]) != 1:
        raise KekError(
            f"{path} needs at least one `wrap` line and exactly one `digest` line: restore it from "
            "the backup (a new key can't open what the old one wrapped)"
        )
    return found["wrap"], found["digest"][0]


def _key(digits: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        raise KekError(f"{where}: a key is written in hexadecimal digits") from None
    if len(key) != _KEY_SIZE:
        raise KekError(
            f"{where}: a key has {_KEY_SIZE} bytes ({2 * _KEY_SIZE} digits), this one {len(key)}"
        )
    return key
