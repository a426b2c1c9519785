"""What is encrypted under a transfer's data key, and how.

The data key is wrapped with the transfer's id as context, and the id is the associated data of the
staged bytes too, so that neither a key nor a blob can be put under another transfer.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from gateway.ports import Transfer
from keys.envelope import (
    FINDING_DIGEST,
    IDEMPOTENCY,
    NAME,
    NAME_DIGEST,
    PSEUDONYM,
    UPLOAD_DECLARED,
    KeyWrapper,
    derive,
    open_small,
    seal_small,
)

_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Declaration:
    """What was said of an upload when it was created (tus 1.0.0).

    Attributes:
        length: Bytes it will have.
        metadata: ``Upload-Metadata`` as the client wrote it; may hold PHI.
    """

    length: int
    metadata: str


def context(transfer: str) -> bytes:
    """The associated data of everything that belongs to a transfer."""
    return transfer.encode("ascii")


def opened_context(transfer: str) -> bytes:
    """The associated data of what was in the message received: never taken for the message."""
    return context(transfer) + b"/opened"


def data_key(keys: KeyWrapper, transfer: Transfer) -> bytes:
    """The transfer's data key, 32 bytes.

    Raises:
        keys.envelope.EnvelopeError: The key-encryption key doesn't open it.
    """
    return keys.unwrap(transfer.data_key, context(transfer.id))


def seal_name(key: bytes, name: str) -> bytes:
    """An original file name, encrypted under the data key, since names can hold PHI."""
    return seal_small(key, NAME, name.encode())


def open_name(key: bytes, sealed: bytes) -> str:
    """The name that :func:`seal_name` encrypted."""
    return open_small(key, NAME, sealed).decode()


def seal_declaration(key: bytes, declared: Declaration) -> bytes:
    """A declaration, encrypted under the data key as the name is, since it repeats the name."""
    plain = declared.length.to_bytes(_LENGTH, "big") + declared.metadata.encode()
    return seal_small(key, UPLOAD_DECLARED, plain)


def open_declaration(key: bytes, sealed: bytes) -> Declaration:
    """The declaration that :func:`seal_declaration` encrypted.

    Raises:
        keys.envelope.EnvelopeError: It is damaged, or of another key.
    """
    plain = open_small(key, UPLOAD_DECLARED, sealed)
    return Declaration(int.from_bytes(plain[:_LENGTH], "big"), plain[_LENGTH:].decode())


def name_digest(keys: KeyWrapper, partner: str, route: str, name: str) -> str:
    """A keyed hash to look an upload up by its name without storing the name."""
    index = keys.derive(NAME_DIGEST)
    text = f"{partner}\0{route}\0{name}".encode()
    return hmac.new(index, text, hashlib.sha256).hexdigest()


def idempotency_digest(keys: KeyWrapper, account: str, key: str) -> str:
    """A keyed hash of an Idempotency-Key, which a client may make of anything."""
    index = keys.derive(IDEMPOTENCY)
    return hmac.new(index, f"{account}\0{key}".encode(), hashlib.sha256).hexdigest()


def digest_key(key: bytes) -> bytes:
    """The key of the findings' hashes: of this transfer alone, and gone with its data key."""
    return derive(key, FINDING_DIGEST)


def pseudonym_key(keys: KeyWrapper, contract: str) -> bytes:
    """The key of one contract's pseudonyms: they can't be matched with those of another flow."""
    return derive(keys.derive(PSEUDONYM), PSEUDONYM + b"/" + contract.encode())
