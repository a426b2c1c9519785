"""What OpenPGP data is, by its first packets (RFC 9580 sections 4.2, 5 and 10)."""

from __future__ import annotations

import binascii
import re
from typing import Final, NamedTuple

from dlp.model import Obstacle

_MESSAGE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*-----BEGIN PGP MESSAGE")
_ARMORED: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*-----BEGIN PGP MESSAGE-----[ \t]*\r?\n"
    rb"(?:[!-~]{1,40}: [^\r\n]{0,200}\r?\n){0,10}\r?\n([A-Za-z0-9+/]{24,100})"
)
_SHORTEST: Final = 16

_SIGNATURE, _ONE_PASS, _LITERAL = 2, 4, 11
_ENCRYPTED: Final = frozenset({1, 3, 18, 20})
"""Session keys, for a key or a password, and the kinds of encrypted data that name their version.

The oldest kind (9) has nothing to know it by, and Latin-1 text that starts with a capital E acute
would be taken for it; alone it is unreadable bytes, which are held as unknown.
"""
_VERSIONS: Final = {
    1: (3, 6), 2: (3, 4, 6), 3: (4, 5, 6), 4: (3, 6), 5: (2, 3, 4, 5, 6), 6: (2, 3, 4, 5, 6),
    8: (0, 1, 2, 3), 18: (1, 2), 20: (1,),
}  # fmt: skip
"""Tag to what its body starts with: a version, or the algorithm of a compressed packet."""
_LITERAL_FORMATS: Final = b"btul1m"
_OLD_LENGTHS: Final = {0: 1, 1: 2, 2: 4, 3: 0}
_TWO_OCTETS, _PARTIAL, _FIVE_OCTETS = 192, 224, 255


class OpenPgp(NamedTuple):
    """What it is.

    Attributes:
        format: ``openpgp`` for an encrypted message, else ``openpgp/…``.
        title: For people.
        obstacle: Why it isn't read.
    """

    format: str
    title: str
    obstacle: Obstacle = Obstacle.UNSUPPORTED_TYPE


ENCRYPTED: Final = OpenPgp("openpgp", "an encrypted OpenPGP message", Obstacle.ENCRYPTED)
_SIGNED: Final = OpenPgp("openpgp/signed", "an OpenPGP message that is signed and not encrypted")
_PACKED: Final = OpenPgp("openpgp/packed", "an OpenPGP message that is packed and not encrypted")
_DETACHED: Final = OpenPgp("openpgp/signature", "a detached OpenPGP signature")
_KINDS: Final = {
    4: _SIGNED,
    5: OpenPgp("openpgp/secret-key", "an OpenPGP secret key"),
    6: OpenPgp("openpgp/certificate", "an OpenPGP public key"),
    8: _PACKED,
    11: _PACKED,
}


def kind(head: bytes) -> OpenPgp | None:
    """What binary OpenPGP data, or armored message, a file starts with, or None.

    Args:
        head: The first bytes of the file, or all of them.
    """
    if armored := _ARMORED.match(head):
        # What calls itself a message may be signed alone; its first line tells.
        return _binary_kind(_decoded(armored[1]))
    return _binary_kind(head)


def _decoded(line: bytes) -> bytes:
    """The packets that a line of Base64 begins with."""
    try:
        return binascii.a2b_base64(line[: len(line) // 4 * 4])
    except binascii.Error:
        return b""


def _binary_kind(head: bytes) -> OpenPgp | None:
    if len(head) < _SHORTEST or not head[0] & 0x80:
        return None
    new = bool(head[0] & 0x40)
    tag = head[0] & 0x3F if new else head[0] >> 2 & 0x0F
    start, size = _new_body(head) if new else _old_body(head)
    if not _plausible(tag, head, start, size):
        return None
    if tag in _ENCRYPTED:
        return ENCRYPTED
    if tag == _SIGNATURE:
        return _signature(head, start + size)
    return _KINDS[tag]


def is_message(head: bytes) -> bool:
    """Whether a file starts as an encrypted message, binary or armored, that may be for us."""
    if _MESSAGE.match(head):
        return True
    return kind(head) is ENCRYPTED


def _new_body(head: bytes) -> tuple[int, int]:
    """Where the first packet's body starts, and its length, 0 if that is open (section 4.2.1)."""
    first = head[1]
    if first < _TWO_OCTETS:
        return 2, first
    if first < _PARTIAL:
        return 3, ((first - _TWO_OCTETS) << 8) + head[2] + _TWO_OCTETS
    if first == _FIVE_OCTETS:
        return 6, int.from_bytes(head[2:6], "big")
    return 2, 0


def _old_body(head: bytes) -> tuple[int, int]:
    """Likewise in the old format (section 4.2.2)."""
    octets = _OLD_LENGTHS[head[0] & 3]
    return 1 + octets, int.from_bytes(head[1 : 1 + octets], "big")


def _plausible(tag: int, head: bytes, start: int, size: int) -> bool:
    """Whether the first packet's body starts as its tag says: much else starts with such a byte."""
    first = head[start]
    if tag == _LITERAL:
        # A literal's name and date follow; the name must fit.
        return first in _LITERAL_FORMATS and (not size or head[start + 1] + 6 <= size)
    return first in _VERSIONS.get(tag, ())


def _signature(head: bytes, end: int) -> OpenPgp:
    """Nothing but signatures is detached; what else follows one is what it signs."""
    while end < len(head) - 1:
        new = bool(head[end] & 0x40)
        tag = head[end] & 0x3F if new else head[end] >> 2 & 0x0F
        rest = head[end : end + _SHORTEST]
        if tag != _SIGNATURE or not head[end] & 0x80 or len(rest) < _SHORTEST:
            return _SIGNED
        start, size = _new_body(rest) if new else _old_body(rest)
        end += start + max(size, 1)
    return _DETACHED
