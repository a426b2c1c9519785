"""Signed checkpoints of the log: C2SP ``signed-note`` and ``tlog-checkpoint``, with Ed25519. Pure.

A checkpoint says: the log of this name had so many events, and this was the root of its tree.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ED25519: Final = 0x01
"""The algorithm byte of Ed25519 in signed notes."""
_NAME: Final = re.compile(r"[!-*,-~]{1,200}")


class NoteError(ValueError):
    """A key or name that notes can't be signed with."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log at one moment.

    Attributes:
        origin: The log's name.
        size: Events.
        root: The tree's root, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text (``tlog-checkpoint``): three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Signer:
    """Signs checkpoints under one name with one key.

    Args:
        origin: The log's name: printable ASCII without blanks and plus signs.
        key: Its key.
        more: Its next or old key, which sign too while the key is rotated.

    Raises:
        NoteError: The name can't be one.
    """

    def __init__(self, origin: str, key: Ed25519PrivateKey, *more: Ed25519PrivateKey) -> None:
        if not _NAME.fullmatch(origin):
            raise NoteError("a log's name is up to 200 visible ASCII characters without blank or +")
        self.origin = origin
        self._keys = (key, *more)

    @classmethod
    def from_pem(cls, pem: bytes, origin: str = "", *more: bytes) -> Signer:
        """From the log's key files; without ``origin`` the name is made of the first key.

        Raises:
            NoteError: It holds no Ed25519 key.
        """
        key, *others = map(_private, (pem, *more))
        return cls(origin or name_of(key.public_key()), key, *others)

    def sign(self, size: int, root: bytes) -> str:
        """The signed note of a checkpoint."""
        text = Checkpoint(self.origin, size, root).text()
        lines = (self._signature(key, text) for key in self._keys)
        return f"{text}\n{''.join(lines)}"

    def _signature(self, key: Ed25519PrivateKey, text: str) -> str:
        public = key.public_key().public_bytes_raw()
        signature = key_id(self.origin, ED25519, public) + key.sign(text.encode())
        return f"\u2014 {self.origin} {base64.b64encode(signature).decode()}\n"

    @property
    def verifier_key(self) -> str:
        """What an auditor checks with: ``name+key id+key``; a line for each key that signs."""
        publics = (key.public_key().public_bytes_raw() for key in self._keys)
        return "\n".join(verifier_key(self.origin, public) for public in publics)


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise NoteError("the log's key file holds no key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NoteError("the log's key is not an Ed25519 key")
    return key


def name_of(key: Ed25519PublicKey) -> str:
    """A name for a log that was given none: of its first key, so that no two sites share it."""
    return f"lazaretto/{hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]}"


def verifier_key(name: str, public: bytes) -> str:
    """A public key as signed notes write it."""
    encoded = base64.b64encode(bytes([ED25519]) + public).decode()
    return f"{name}+{key_id(name, ED25519, public).hex()}+{encoded}"


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """The four bytes that say which key signed (``signed-note``)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def proof_text(index: int, hashes: list[bytes], checkpoint: str) -> str:
    """An inclusion proof as C2SP ``tlog-proof`` writes it."""
    lines = [base64.b64encode(value).decode() for value in hashes]
    return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines, "", checkpoint])
