"""The verifier's reader of signed notes: C2SP ``signed-note``, ``tlog-checkpoint``,
``tlog-cosignature`` and ``tlog-proof``. Pure; shares nothing with :mod:`gateway.ledger.note`.
"""  # noqa: D205 - a list of names

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_LOG: Final = 0x01
_WITNESS: Final = 0x04
_KEY: Final = 32
_ID: Final = 4
_SIGNATURE: Final = 64
_TIME: Final = 8
_HASH: Final = 32
_MAX_NOTE: Final = 1 << 20
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH: Final = "\u2014 "
_PROOF: Final = "c2sp.org/tlog-proof@v1"


class NoteFaultError(ValueError):
    """A note, key or proof that proves nothing; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that notes are checked with.

    Attributes:
        name: Whose; "" if the file didn't say, and then any name passes.
        algorithm: 1 for a log's Ed25519 key, 4 for a witness's.
        public: 32 bytes.
        more: Further keys of the same log: it was rotated, and any one of them is enough.
    """

    name: str
    algorithm: int
    public: bytes
    more: tuple[Key, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Key:
        """From ``name+key id+key`` (``signed-note``), a line a key, or from PEM, a block a key.

        Raises:
            NoteFaultError: It is neither.
        """
        first, *rest = [cls._one(part) for part in _parts(text.strip())]
        return replace(first, more=tuple(rest))

    @property
    def every(self) -> tuple[Key, ...]:
        """This one and the further ones."""
        return (self, *self.more)

    @classmethod
    def _one(cls, text: str) -> Key:
        if text.startswith("-----BEGIN"):
            return cls("", _LOG, _from_pem(text))
        name, _, rest = text.partition("+")
        identity, _, encoded = rest.partition("+")
        raw = _decoded(encoded)
        if not name or len(raw) != 1 + _KEY or raw[0] not in (_LOG, _WITNESS):
            raise NoteFaultError(
                "a key is one line, name+id+key, as 'lazaretto audit key' prints it, or PEM"
            )
        key = cls(name, raw[0], raw[1:])
        if key.identity(name).hex() != identity:
            raise NoteFaultError("the key's id isn't that of its name and key: it was altered")
        return key

    def identity(self, name: str) -> bytes:
        """The four bytes that name this key in a signature."""
        head = name.encode() + b"\n" + bytes([self.algorithm])
        return hashlib.sha256(head + self.public).digest()[:_ID]


@dataclass(frozen=True, slots=True)
class Note:
    """A signed checkpoint, read and not yet believed.

    Attributes:
        text: What is signed.
        origin: The log's name.
        size: Events.
        root: 32 bytes.
        signatures: Name and blob of each.
    """

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, raw: str) -> Note:
        """Read a note.

        Raises:
            NoteFaultError: It isn't a signed checkpoint.
        """
        text, found, tail = raw.rpartition("\n\n")
        lines = text.split("\n")
        if not found or len(raw) > _MAX_NOTE or len(lines) < 3 or "" in lines:  # noqa: PLR2004 - origin, size, root
            raise NoteFaultError("not a signed checkpoint")
        root = _decoded(lines[2])
        if not _SIZE.fullmatch(lines[1]) or len(root) != _HASH:
            raise NoteFaultError("the checkpoint's size or root can't be read")
        return cls(text + "\n", lines[0], int(lines[1]), root, tuple(_signatures(tail)))

    def check(self, key: Key) -> None:
        """Believe it if the log signed it.

        Raises:
            NoteFaultError: None of these keys did.
        """
        faults = [fault for each in key.every if (fault := self._fault(each))]
        if len(faults) == len(key.every):
            raise NoteFaultError(faults[0])

    def _fault(self, key: Key) -> str:
        """Why this key didn't sign it, "" if it did."""
        if key.name and key.name != self.origin:
            return f"the checkpoint is of the log {self.origin}, not of {key.name}"
        signed = key.identity(self.origin)
        blobs = [blob for name, blob in self.signatures if name == self.origin]
        if not any(_fits(key, signed, blob, self.text.encode()) for blob in blobs):
            return "the checkpoint isn't signed by the log's key"
        return ""

    def cosigned(self, witness: Key) -> int | None:
        """When this witness saw it, in seconds since the epoch; None if it didn't sign.

        Raises:
            NoteFaultError: There is a signature in its name that doesn't fit.
        """
        identity = witness.identity(witness.name)
        for name, blob in self.signatures:
            if name == witness.name and blob[:_ID] == identity:
                moment = int.from_bytes(blob[_ID : _ID + _TIME], "big")
                message = f"cosignature/v1\ntime {moment}\n{self.text}".encode()
                if not _valid(witness.public, blob[_ID + _TIME :], message):
                    raise NoteFaultError(f"the cosignature of {witness.name} doesn't fit")
                return moment
        return None


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof (``tlog-proof``).

    Attributes:
        index: Of the leaf, from 0.
        hashes: From the leaf's neighbour up.
        checkpoint: The signed note.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    @classmethod
    def parse(cls, raw: str) -> Proof:
        """Read a proof.

        Raises:
            NoteFaultError: It isn't one.
        """
        head, found, checkpoint = raw.partition("\n\n")
        lines = head.split("\n")
        if lines[1:2] and lines[1].startswith("extra "):
            del lines[1]  # opaque, and not signed
        if not found or lines[0] != _PROOF or not lines[1:2]:
            raise NoteFaultError("not a proof of inclusion")
        word, _, number = lines[1].partition(" ")
        hashes = tuple(_decoded(line) for line in lines[2:])
        if word != "index" or not _SIZE.fullmatch(number) or any(len(h) != _HASH for h in hashes):
            raise NoteFaultError("the proof's index or hashes can't be read")
        return cls(int(number), hashes, checkpoint)


def _parts(text: str) -> list[str]:
    if not text.startswith("-----BEGIN"):
        return text.splitlines() or [""]
    return [f"-----BEGIN{block}".strip() for block in text.split("-----BEGIN")[1:]]


def _signatures(tail: str) -> Iterator[tuple[str, bytes]]:
    for line in tail.removesuffix("\n").split("\n"):
        name, _, encoded = line.removeprefix(_DASH).rpartition(" ")
        if not line.startswith(_DASH) or not name:
            raise NoteFaultError("a line of the checkpoint's signatures can't be read")
        yield name, _decoded(encoded)


def _fits(key: Key, identity: bytes, blob: bytes, message: bytes) -> bool:
    return blob[:_ID] == identity and _valid(key.public, blob[_ID:], message)


def _valid(public: bytes, signature: bytes, message: bytes) -> bool:
    if len(signature) != _SIGNATURE:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteFaultError("Base64 that can't be read") from None


def _from_pem(text: str) -> bytes:
    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        raise NoteFaultError("the PEM file holds no public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NoteFaultError("the key is not an Ed25519 key")
    return key.public_bytes_raw()
