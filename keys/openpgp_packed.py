"""Signatures in a message that was signed, compressed and encrypted.

GnuPG and Bouncy Castle write such messages unless told otherwise. Sequoia opens them, but its
binding (pysequoia 0.1.35, ``PyVerifier.check``) takes a signature for misplaced if compression
stands between it and the encryption. So the signatures are looked for here, in a message that
Sequoia has opened before, and Sequoia then checks them as detached ones over the content that came
out of it.

Nothing here is trusted for that: other bytes than the sender's signature over this content don't
verify. For the same reason the integrity code (section 5.13.1) isn't looked at a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from keys.openpgp_stream import (
    Body,
    Readable,
    StreamError,
    at_most,
    binary,
    exactly,
    packets,
    unpacked,
    written,
)
from keys.pgpy_import import Packet, PGPKey, SymmetricKeyAlgorithm

MOST_SIGNATURES: Final = 4
"""Of a message; each that is tried costs a pass over its content."""
LARGEST_PACKET: Final = 2**16
"""Bytes of a signature or session key that is looked at."""

_PKESK, _SIGNATURE, _COMPRESSED, _SEIPD, _MDC = 1, 2, 8, 18, 19
_BLOCK: Final = 16
_VERSION_1: Final = 1
_AES: Final = frozenset(
    {SymmetricKeyAlgorithm.AES128, SymmetricKeyAlgorithm.AES192, SymmetricKeyAlgorithm.AES256}
)


def signatures(message: Readable, secrets: Sequence[bytes]) -> list[bytes]:
    """The signature packets in an encrypted message, :data:`MOST_SIGNATURES` at most.

    Args:
        message: From its start, binary or armored; read as a stream, at constant memory.
        secrets: The gateway's OpenPGP secret keys.

    Raises:
        StreamError: It isn't for these keys, or encrypted otherwise than by AES in version 1 of the
            protected data packet, which is what the programs that compress write.
    """
    keys = list(_keys(secrets))
    session: bytes | None = None
    for tag, body in packets(binary(message)):
        if tag == _PKESK and session is None:
            session = _session_key(at_most(body, LARGEST_PACKET), keys)
        elif tag == _SEIPD and session:
            return list(islice(_signatures(_decrypted(body, session)), MOST_SIGNATURES))
    raise StreamError("nothing for these keys")


def _signatures(content: Readable, *, packed: bool = False) -> Iterator[bytes]:
    for tag, body in packets(content):
        if tag == _SIGNATURE:
            yield written(tag, at_most(body, LARGEST_PACKET))
        elif tag == _COMPRESSED and not packed:
            yield from _signatures(unpacked(body), packed=True)
        elif tag == _MDC:
            return


def _decrypted(body: Body, key: bytes) -> Readable:
    """Section 5.13.1: CFB from an initial vector of noughts, over a block and two octets first.

    Raises:
        StreamError: Another version (section 5.13.2).
    """
    if exactly(body, 1)[0] != _VERSION_1:
        raise StreamError("another version of encryption")
    content = _Decrypted(body, key)
    exactly(content, _BLOCK + 2)
    return content


class _Decrypted:
    def __init__(self, body: Body, key: bytes) -> None:
        self._body = body
        self._cipher = Cipher(algorithms.AES(key), CFB(bytes(_BLOCK))).decryptor()

    def read(self, size: int, /) -> bytes:
        return self._cipher.update(self._body.read(size))


def _session_key(packet: bytes, keys: Sequence[Any]) -> bytes | None:
    """The session key for AES in a session key packet, if it is for one of these keys."""
    data = written(_PKESK, packet)
    for key in keys:
        # PGPy raises of every kind where a key isn't the right one, or can't decrypt at all.
        with suppress(Exception):
            cipher, session = Packet(bytearray(data)).decrypt_sk(key)
            if cipher in _AES:
                return bytes(session)
    return None


def _keys(secrets: Sequence[bytes]) -> Iterator[Any]:
    for secret in secrets:
        with suppress(Exception):  # of every kind, of a key that PGPy doesn't know
            key, _ = PGPKey.from_blob(secret)
            for each in (*key.subkeys.values(), key):
                yield each._key  # noqa: SLF001 - PGPy decrypts session keys with nothing else
